import { setImmediate as turn } from 'node:timers/promises';
import { DiskCache, DiskCacheSync, ShardedDiskCache, ShardedDiskCacheSync } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { keysOfShards, openSharded } from '../../support/sharded.ts';
import { lockShard, valueFilesOfShards } from '../../support/shards-on-disk.ts';
import { StallMeter } from '../../support/stall-meter.ts';
import { turnsUntil } from '../../support/turns.ts';

const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`);

describe.for<[string, (cache: ShardedDiskCache) => <T>(body: (tx: ShardedDiskCacheSync) => T) => Promise<T>]>(
  [
    ['transact()', (cache) => (body) => cache.transact(body)],
    ['sync.transact()', (cache) => async (body) => cache.sync.transact(body)],
  ],
)('%s', ([, doorOf]) => {
  test('changes entries of all shards together', async () => {
    const cache = openSharded({ fileThreshold: 100 });
    const transact = doorOf(cache);
    const seen = await transact((tx) => {
      for (const key of KEYS) tx.set(key, 'x'.repeat(90 + Number(key.slice(4))));
      return [tx.count(), [...tx.keys()].length];
    });
    expect(seen).toEqual([40, 40]);
    expect((await cache.getMany(KEYS)).every((value) => value !== undefined)).toBe(true);
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  });

  test('takes back what it changed in any shard when its body throws', async () => {
    const cache = openSharded({ fileThreshold: 100 });
    const transact = doorOf(cache);
    await cache.setMany(KEYS.map((key) => [key, 'before'] as const));
    const failing = transact((tx) => {
      for (const key of KEYS) tx.set(key, 'x'.repeat(150));
      tx.clear();
      tx.push('queue', 1);
      throw new Error('back');
    });
    await expect(failing).rejects.toThrow('back');
    expect(await cache.getMany(KEYS)).toEqual(KEYS.map(() => 'before'));
    expect(await cache.count()).toBe(40);
    await turnsUntil(() => valueFilesOfShards(cache.directory).length === 0);
  });

  test('inside another takes back only its own changes', async () => {
    const cache = openSharded();
    await doorOf(cache)((tx) => {
      tx.setMany(KEYS.map((key) => [key, 'outer'] as const));
      expect(() =>
        tx.transact((inner) => {
          for (const key of KEYS.slice(0, 20)) inner.set(key, 'inner');
          throw new Error('back');
        }),
      ).toThrow('back');
      tx.transact((inner) => inner.set('kept', 1));
    });
    expect(await cache.getMany(KEYS)).toEqual(KEYS.map(() => 'outer'));
    expect(await cache.get('kept')).toBe(1);
  });

  test('refuses a body that is asynchronous or none', async () => {
    const cache = openSharded();
    const transact = doorOf(cache);
    const refused = { code: 'ERR_DISKCACHE_TRANSACTION' };
    await expect(transact(async (tx) => tx.set('a', 1))).rejects.toMatchObject(refused);
    await expect(transact(7 as never)).rejects.toMatchObject(refused);
    expect(await cache.count()).toBe(0);
  });

  test('gives up in time where another process holds the lock of one shard, and has not run', async () => {
    const cache = openSharded({ timeout: 100 });
    const unlock = lockShard(cache.directory, 5);
    let runs = 0;
    await expect(doorOf(cache)(() => runs++)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TIMEOUT' });
    expect(runs).toBe(0);
    unlock();
    await cache.set('key', 'value');
    expect(await doorOf(cache)((tx) => tx.get('key'))).toBe('value');
  });

  test('makes room in all shards for what it stores', async () => {
    const cache = openSharded({ sizeLimit: 1_000_000 });
    for (let i = 0; i < 150; i++) await cache.set(i, 'x'.repeat(6000));
    await doorOf(cache)((tx) => {
      for (const i of [1, 2, 3]) tx.set(`large ${i}`, 'y'.repeat(300_000));
      expect(tx.size()).toBeLessThanOrEqual(1_000_000);
    });
    for (const i of [1, 2, 3]) expect(await cache.get<string>(`large ${i}`)).toHaveLength(300_000);
    expect(await cache.size()).toBeLessThanOrEqual(1_000_000);
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  });
});

test('transact() comes after all that was called before, and before all that is called later', async () => {
  const cache = openSharded();
  const setting = cache.setMany(KEYS.map((key) => [key, 1] as const));
  const seen = cache.transact((tx) => {
    const before = tx.getMany<number>(KEYS);
    for (const key of KEYS) tx.incr(key);
    return before;
  });
  const later = KEYS.map((key) => cache.get(key));
  const last = cache.deleteMany(KEYS);
  expect(await seen).toEqual(KEYS.map(() => 1));
  expect(await Promise.all(later)).toEqual(KEYS.map(() => 2));
  expect(await last).toBe(40);
  await setting;
  expect(await cache.count()).toBe(0);
});

test('two transact() that are called together run one after the other', async () => {
  const cache = openSharded();
  await cache.set('count', 0);
  await Promise.all(
    Array.from({ length: 20 }, () =>
      cache.transact((tx) => tx.set('count', (tx.get<number>('count') as number) + 1)),
    ),
  );
  expect(await cache.get('count')).toBe(20);
});

test('two caches of one folder that run transactions on all shards do not keep each other out', async () => {
  const cache = openSharded();
  const other = openSharded({}, cache.directory);
  await cache.set('count', 0);
  await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      (i % 2 === 0 ? cache : other).transact((tx) => {
        tx.incr('count');
        tx.set(i, i);
      }),
    ),
  );
  expect(await cache.get('count')).toBe(100);
  expect(await cache.count()).toBe(101);
});

test('transact() waits for a lock without keeping the event loop', async () => {
  const cache = openSharded();
  const unlock = lockShard(cache.directory, 6);
  const meter = new StallMeter();
  meter.start();
  const done = cache.transact((tx) => tx.set('key', 1));
  for (const end = performance.now() + 200; performance.now() < end;) await turn();
  expect((await meter.stop()).longestMs).toBeLessThan(30);
  unlock();
  await done;
});

test('a transaction that was called before close() is carried out', async () => {
  const cache = openSharded();
  const done = cache.transact((tx) => {
    for (const key of KEYS) tx.set(key, 1);
  });
  await cache.close();
  await done;
  expect(await openSharded({}, cache.directory).count()).toBe(40);
});

test('a change of many entries of DiskCacheSync is one transaction', () => {
  const cache = openSharded();
  expect(() => cache.sync.setMany([...KEYS.map((key) => [key, 1] as const), ['bad', undefined]])).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' }),
  );
  expect(cache.sync.count()).toBe(0);
  cache.sync.setMany(KEYS.map((key) => [key, 1] as const));
  expect(() => cache.sync.deleteMany([...KEYS, NaN])).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }),
  );
  expect(cache.sync.count()).toBe(40);
});

test('setMany() with one entry that is refused stores none of them', async () => {
  const cache = openSharded();
  await expect(
    cache.setMany([...KEYS.map((key) => [key, 1] as const), ['bad', undefined]]),
  ).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_VALUE',
  });
  expect(await cache.count()).toBe(0);
});

describe.for<[string, (cache: ShardedDiskCache) => ShardedDiskCache['transact']]>([
  ['transact()', (cache) => async (body, options) => cache.transact(body, options)],
  ['sync.transact()', (cache) => async (body, options) => cache.sync.transact(body, options)],
])('%s with keys', ([, doorOf]) => {
  test('needs the locks of their shards alone', async () => {
    const cache = openSharded({ timeout: 50 });
    await cache.setMany(KEYS.map((key) => [key, 1] as const));
    const [one, other] = await keysOfShards(cache, KEYS, 2, 3);
    lockShard(cache.directory, 7);
    const seen = await doorOf(cache)((tx) => [tx.incr(one), tx.incr(other)], { keys: [one, other] });
    expect(seen).toEqual([2, 2]);
    await expect(doorOf(cache)((tx) => tx.incr(one))).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_TIMEOUT',
    });
  });

  test.for<[string, (tx: ShardedDiskCacheSync, other: string) => unknown]>([
    ['get()', (tx, other) => tx.get(other)],
    ['getMany()', (tx) => tx.getMany(KEYS)],
    ['set()', (tx, other) => tx.set(other, 7)],
    ['setMany()', (tx, other) => tx.setMany([[other, 7]])],
    ['count()', (tx) => tx.count()],
    ['clear()', (tx) => tx.clear()],
    ['keys()', (tx) => [...tx.keys()]],
    ['peekEntry()', (tx) => tx.peekEntry('last')?.key],
    ['transact()', (tx, other) => tx.transact((inner) => inner.set(other, 7))],
    ['transact() with keys', (tx, other) => tx.transact((inner) => inner.get(other), { keys: [other] })],
    ['snapshot()', (tx, other) => tx.snapshot((view) => view.get(other), { keys: [other] })],
    ['queues', (tx) => [1, 2, 3, 4, 5, 6, 7].map((name) => tx.push(`${name}`, name))],
    ['collections', (tx) => [1, 2, 3, 4, 5, 6, 7].map((name) => tx.averager(`${name}`).add(name))],
  ])(
    'calls a body again that uses %s of other shards, with all of them, and changes nothing twice',
    async ([, use]) => {
      const [cache, expected] = [openSharded(), openSharded()];
      for (const one of [cache, expected]) await one.setMany(KEYS.map((key) => [key, 1] as const));
      const [key, other] = await keysOfShards(cache, KEYS, 4, 1);
      let runs = 0;
      const body = (tx: ShardedDiskCacheSync) => {
        runs++;
        tx.incr(key);
        return use(tx, other);
      };
      const result = await doorOf(cache)(body, { keys: [key] });
      expect(runs).toBe(2);
      expect(result).toEqual(await expected.transact(body));
      const states = [cache, expected].map(({ sync }) =>
        [...sync.entries()].map(({ key: k, value }) => [k, value]),
      );
      expect(states[0]).toEqual(states[1]);
    },
  );

  test('calls a body again although it takes no notice that another shard is not locked', async () => {
    const cache = openSharded();
    await cache.setMany(KEYS.map((key) => [key, 1] as const));
    const [key, other] = await keysOfShards(cache, KEYS, 0, 6);
    const seen = await doorOf(cache)(
      (tx) => {
        try {
          return tx.incr(other);
        } catch {
          return tx.incr(key, 100);
        }
      },
      { keys: [key] },
    );
    expect(seen).toBe(2);
    expect(await cache.get(key)).toBe(1);
  });

  test('takes back what a body changed that throws', async () => {
    const cache = openSharded();
    await cache.set('key', 1);
    const failing = doorOf(cache)(
      (tx) => {
        tx.set('key', 2);
        throw new Error('back');
      },
      { keys: ['key'] },
    );
    await expect(failing).rejects.toThrow('back');
    expect(await cache.get('key')).toBe(1);
  });

  test('refuses other options, and keys that are none', async () => {
    const cache = openSharded();
    for (const [options, code] of [
      [{ values: [1] }, 'ERR_DISKCACHE_OPTION'],
      [{ none: 1 }, 'ERR_DISKCACHE_OPTION'],
      [{ keys: [] }, 'ERR_DISKCACHE_OPTION'],
      [{ keys: 'key' }, 'ERR_DISKCACHE_OPTION'],
      [{ keys: [NaN] }, 'ERR_DISKCACHE_KEY'],
    ] as const)
      await expect(doorOf(cache)((tx) => tx.set('key', 1), options as never)).rejects.toMatchObject({ code });
    expect(await cache.count()).toBe(0);
  });
});

test('transact() with keys keeps the order of calls on them that are not awaited, also when it takes all shards', async () => {
  const cache = openSharded();
  await cache.setMany(KEYS.map((key) => [key, 0] as const));
  const [key, other] = await keysOfShards(cache, KEYS, 2, 5);
  const calls = [
    cache.set(key, 'before'),
    cache.transact((tx) => [tx.get(key), tx.get(other)][0], { keys: [key] }),
    cache.set(key, 'after'),
    cache.transact((tx) => tx.count()),
    cache.get(key),
  ];
  expect(await Promise.all(calls)).toEqual([undefined, 'before', undefined, 40, 'after']);
});

test('what concerns several shards is refused inside of the transaction of a collection, which is in one', async () => {
  const cache = openSharded();
  const index = cache.index<string, number>('index');
  for (const use of [
    () => cache.sync.transact((tx) => tx.set('key', 1)),
    () => cache.sync.setMany(KEYS.map((key) => [key, 1] as const)),
    () => cache.sync.snapshot((view) => view.count()),
  ]) {
    const failing = index.transact((tx) => {
      tx.set('a', 1);
      use();
    });
    await expect(failing).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_DISKCACHE_TRANSACTION',
      message: expect.stringContaining('begin with cache.transact()'),
    });
  }
  expect(await cache.count()).toBe(0);
  await cache.transact((tx) => {
    tx.index('index').set('a', 1);
    tx.setMany(KEYS.map((key) => [key, 1] as const));
  });
  expect(await index.get('a')).toBe(1);
});

test('verbs for many keys are refused after close(), also for none', async () => {
  const cache = openSharded();
  await cache.close();
  const closed = { code: 'ERR_DISKCACHE_CLOSED' };
  for (const verb of ['getMany', 'hasMany', 'entryMany'] as const) {
    await expect(cache[verb]([])).rejects.toMatchObject(closed);
    expect(() => cache.sync[verb]([])).toThrow(expect.objectContaining(closed));
  }
});

test('ShardedDiskCache has all verbs of DiskCache', () => {
  const verbs = (door: { prototype: object }) => Object.getOwnPropertyNames(door.prototype).sort();
  const own = ['cache', 'shards'];
  expect(verbs(ShardedDiskCache).filter((name) => !own.includes(name))).toEqual(verbs(DiskCache));
  expect(verbs(ShardedDiskCacheSync).filter((name) => !own.includes(name))).toEqual(verbs(DiskCacheSync));
});
