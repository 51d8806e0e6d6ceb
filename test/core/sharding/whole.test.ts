import { setImmediate as turn } from 'node:timers/promises';
import type { CacheEvents, DiskCache, ShardedDiskCache } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { listed } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openSharded } from '../../support/sharded.ts';
import { sumOf, totalsAtOnce, valueFilesOfShards, WHOLE } from '../../support/shards-on-disk.ts';
import { SteeredSource } from '../../support/steered-source.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const ENTRIES = Array.from({ length: 400 }, (_, i) => [`key ${i}`, i] as const);

async function openFilled(): Promise<ShardedDiskCache> {
  const cache = openSharded();
  await cache.setMany(ENTRIES, { tags: ['tag'] });
  return cache;
}

test('getMany() and entryMany() keep the order of the keys, and give one that is asked for twice twice', async () => {
  const cache = await openFilled();
  const keys = ['key 7', 'none', 'key 300', 'key 7', 'key 1'];
  expect(await cache.getMany(keys)).toEqual([7, undefined, 300, 7, 1]);
  expect((await cache.entryMany(keys)).map((entry) => entry?.value)).toEqual([7, undefined, 300, 7, 1]);
  expect(cache.sync.getMany(keys)).toEqual([7, undefined, 300, 7, 1]);
  expect(cache.sync.entryMany(keys).map((entry) => entry?.key)).toEqual([
    'key 7',
    undefined,
    'key 300',
    'key 7',
    'key 1',
  ]);
  expect(await cache.getMany([])).toEqual([]);
});

test('deleteMany() counts each key once', async () => {
  const cache = await openFilled();
  expect(await cache.deleteMany(['key 1', 'key 1', 'none', 'key 2'])).toBe(2);
  expect(cache.sync.deleteMany(['key 3', 'key 3', 'key 4'])).toBe(2);
  expect(await cache.count()).toBe(396);
});

describe.for([
  ['clear', (cache: ShardedDiskCache, options: object) => cache.clear(options)],
  ['evict', (cache: ShardedDiskCache, options: object) => cache.evict('tag', options)],
  ['deletePrefix', (cache: ShardedDiskCache, options: object) => cache.deletePrefix('key', options)],
  ['sync.clear', async (cache: ShardedDiskCache, options: object) => cache.sync.clear(options)],
  ['sync.evict', async (cache: ShardedDiskCache, options: object) => cache.sync.evict('tag', options)],
] as const)('%s()', ([, remove]) => {
  test('tells how many it removed in all shards so far, and in the end', async () => {
    const cache = await openFilled();
    const told: number[] = [];
    const given = remove(cache, { onProgress: ({ removed }: { removed: number }) => told.push(removed) });
    expect(await given).toBe(400);
    expect(told.at(-1)).toBe(400);
    expect(told.length).toBeGreaterThanOrEqual(8);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(await cache.count()).toBe(0);
  });

  test('ends when its signal is aborted, with what the steps before did', async () => {
    const cache = await openFilled();
    const abort = new AbortController();
    let removedSoFar = 0;
    const onProgress = ({ removed }: { removed: number }) => {
      removedSoFar = removed;
      if (removed > 100) abort.abort(new Error('enough'));
    };
    await expect(remove(cache, { signal: abort.signal, onProgress })).rejects.toThrow('enough');
    expect(removedSoFar).toBeLessThan(400);
    expect(await cache.count()).toBe(400 - removedSoFar);
  });

  test('refuses wrong options, and removes nothing', async () => {
    const cache = await openFilled();
    for (const options of [{ onProgress: 1 }, { signal: 1 }, { limit: 1 }, 7])
      await expect(remove(cache, options as object)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
    expect(await cache.count()).toBe(400);
  });
});

test('what is set after clear() was called stays, in whichever shard it is', async () => {
  const cache = await openFilled();
  const clearing = cache.clear();
  const setting = cache.setMany(ENTRIES.slice(0, 100));
  expect(await clearing).toBe(400);
  await setting;
  expect(await cache.count()).toBe(100);
});

test('a clear() in which one shard fails removes what it can, and tells of the failure', async () => {
  const cache = await openFilled();
  const failing = cache.clear({
    onProgress: ({ removed }) => {
      if (removed > 200) throw new Error('no more');
    },
  });
  await expect(failing).rejects.toThrow('no more');
  expect(await cache.count()).toBeLessThan(200);
  await cache.set('key', 'works on');
  expect(await cache.get('key')).toBe('works on');
});

test('stats() adds up what all shards did', async () => {
  const cache = openSharded({ entryLimit: 100 });
  await cache.setMany(ENTRIES);
  await cache.getMany(ENTRIES.map(([key]) => key));
  const stats = await cache.stats();
  expect(stats).toMatchObject({ count: 100, sizeLimit: 2 ** 30, entryLimit: 100, sets: 400, evicted: 300 });
  expect([stats.hits, stats.misses]).toEqual([100, 300]);
  expect(stats.evictedFor).toEqual({ size: 0, entries: 300 });
  expect(cache.sync.stats()).toEqual(await cache.stats());
  expect(stats.size).toBe(await cache.size());
});

test('listeners hear of all shards, and no more once they are taken off', async () => {
  const clock = new FakeClock();
  const cache = openSharded({ entryLimit: 50, clock });
  const evicted: unknown[] = [];
  const expired: unknown[] = [];
  const hear = (entry: CacheEvents['evict'][0]) => evicted.push(entry.key);
  expect(cache.on('evict', hear).sync.on('expire', ({ key }) => expired.push(key))).toBe(cache.sync);
  await cache.setMany(ENTRIES.slice(0, 80));
  await turn();
  expect(evicted).toHaveLength(30);
  expect(new Set(evicted).size).toBe(30);
  cache.off('evict', hear);
  await cache.setMany(ENTRIES.slice(80, 100), { ttl: 5 });
  await turn();
  expect(evicted).toHaveLength(30);
  clock.advance(5);
  expect(await cache.expire()).toBe(20);
  await turn();
  expect(expired).toHaveLength(20);
  expect(() => cache.on('none' as never, hear as never)).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }),
  );
});

test('check(), vacuum() and iteration that were begun before close() end as they should', async () => {
  const cache = await openFilled();
  const checking = cache.check();
  const freed = cache.clear().then(() => 0);
  const vacuuming = cache.vacuum();
  await cache.close();
  expect(await checking).toMatchObject({ ok: true, problems: [] });
  expect(await freed).toBe(0);
  expect(await vacuuming).toBeGreaterThan(0);
});

test('check() finds what is wrong in a shard, and names it; with fix it repairs it', async () => {
  const cache = openSharded({ fileThreshold: 100 });
  for (let i = 0; i < 20; i++) await cache.set(i, 'x'.repeat(200));
  const path = (await cache.path(7)) as string;
  const { truncateSync } = await import('node:fs');
  truncateSync(path, 10);
  const report = await cache.check();
  expect(report).toMatchObject({ ok: false, entries: 20, files: 20 });
  expect(report.problems).toEqual([
    { kind: 'damaged-file', detail: expect.stringMatching(/^shard \d: /), isFixed: false },
  ]);
  expect(cache.sync.check().problems).toEqual(report.problems);
  expect(await cache.check({ fix: true })).toMatchObject({ ok: true });
  expect(await cache.count()).toBe(19);
});

test('an entry that cannot be read is left out of entries() and getMany(), and told of once', async () => {
  const cache = openSharded({
    serializer: { id: 'mine', serialize: (value) => JSON.stringify(value), deserialize: JSON.parse },
  });
  await cache.set('object', { a: 1 });
  await cache.set('text', 'plain');
  const reader = openSharded({}, cache.directory);
  const errors: Error[] = [];
  reader.on('error', (error) => errors.push(error));
  expect((await listed(reader.entries())).map(({ key }) => key)).toEqual(['text']);
  expect(await reader.getMany(['object', 'text'])).toEqual([undefined, 'plain']);
  await turn();
  expect(errors).toHaveLength(2);
});

test('memoize() keeps results as getOrSet() does, and computes once for calls at one time', async () => {
  const cache = openSharded();
  let computed = 0;
  const double = cache.memoize(
    async function double(n: number) {
      computed++;
      await someTurns();
      return 2 * n;
    },
    { ttl: 1000, tags: ['doubles'] },
  );
  expect(await Promise.all([double(2), double(2), double(3)])).toEqual([4, 4, 6]);
  expect(computed).toBe(2);
  expect(await cache.evict('doubles')).toBe(2);
  expect(await double.delete(2)).toBe(false);
  expect(double.key(2)).toBe('double:2');
  const half = cache.sync.memoize((n: number) => n / 2, { key: (n) => `half of ${n}` });
  expect([half(4), half(4), cache.sync.get('half of 4')]).toEqual([2, 2, 2]);
  expect(() => cache.memoize(double.fn, { lease: -1 })).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }),
  );
});

const LIMIT = 4_000_000;

test.for<[number, number]>([
  [2, 0.6],
  [5, 0.3],
  [5, 0.55],
])(
  '%i streams of %d of the limit each, all begun at once in different shards, are all stored',
  { timeout: 30_000 },
  async ([count, part]) => {
    const cache = openSharded({ sizeLimit: LIMIT });
    const other = openSharded({ sizeLimit: LIMIT }, cache.directory);
    async function* chunks() {
      for (let left = LIMIT * part; left > 0; left -= 50_000) {
        yield Buffer.alloc(50_000);
        await someTurns();
      }
    }
    await Promise.all(
      Array.from({ length: count }, (_, i) => (i % 2 === 0 ? cache : other).setStream(`key ${i}`, chunks())),
    );
    expect(await cache.count()).toBeGreaterThan(0);
    expect(await cache.size()).toBeLessThanOrEqual(LIMIT);
    expect(sumOf(totalsAtOnce(cache.directory), 'sizeShare')).toBe(WHOLE);
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  },
);

test('nothing is evicted in any shard for a file as long as it cannot have room anyway', async () => {
  const cache = openSharded({ sizeLimit: LIMIT, timeout: 0 });
  await cache.setMany(Array.from({ length: 80 }, (_, i) => [`row ${i}`, 'x'.repeat(10_000)] as const));
  const source = new SteeredSource().give(Buffer.alloc(2_400_000));
  const setting = cache.setStream('first', source);
  await turnsUntil(() => source.asked === 2);
  for (const large of ['a', 'b', 'c', 'd'])
    await expect(cache.set(large, Buffer.alloc(2_400_000))).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_FULL',
    });
  expect(await cache.count()).toBe(80);
  source.end();
  await setting;
  expect(valueFilesOfShards(cache.directory)).toHaveLength(1);
});

test('what a killed process has reserved in one shard is given back for a value in another', async () => {
  const clock = new FakeClock(Date.now());
  const killed = openSharded({ sizeLimit: LIMIT, clock: new FakeClock() });
  const source = new SteeredSource().give(Buffer.alloc(3_500_000));
  const setting = killed.setStream('key', source);
  setting.catch(() => undefined);
  await turnsUntil(() => source.asked === 2);
  const [file] = valueFilesOfShards(killed.directory) as [string];
  const { utimesSync } = await import('node:fs');
  utimesSync(file, clock.now() / 1000 - 11, clock.now() / 1000 - 11);
  const cache = openSharded({ sizeLimit: LIMIT, clock, timeout: 0 }, killed.directory);
  for (const key of ['a', 'b', 'c']) {
    await cache.set(key, Buffer.alloc(3_000_000));
    expect(await cache.get<Buffer>(key)).toHaveLength(3_000_000);
  }
  source.end();
  await expect(setting).rejects.toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
});

test('small values are stored while a stream takes all of the room', async () => {
  const cache = openSharded({ sizeLimit: 1_000_000 });
  const source = new SteeredSource().give(Buffer.alloc(990_000));
  const setting = cache.setStream('key', source);
  await turnsUntil(() => source.asked === 2);
  for (let i = 0; i < 40; i++) {
    await cache.set(`small ${i}`, 'x'.repeat(5000));
    expect(await cache.size()).toBeLessThan(1_000_000 * 1.032);
  }
  expect(await cache.get('small 39')).toHaveLength(5000);
  source.end();
  await setting;
  expect(await cache.size()).toBeLessThanOrEqual(1_000_000);
});

test('the order of insertion goes on where an earlier process left it, also when its clock was ahead', async () => {
  const clock = new FakeClock();
  const ahead = new FakeClock(clock.now() + 60_000);
  const first = openSharded({ clock: ahead });
  for (const key of ['d', 'a', 'c']) await first.set(key, 1);
  await first.close();
  const cache = openSharded({ clock }, first.directory);
  for (const key of ['b', 'e', 'A']) await cache.set(key, 1);
  expect(await listed(cache.keys({ order: 'insertion' }))).toEqual(['d', 'a', 'c', 'b', 'e', 'A']);
});

test('an iteration that is given up leaves nothing open', async () => {
  const cache = await openFilled();
  for await (const key of cache.keys()) if (key === 'key 1') break;
  for (const key of cache.sync.keys()) if (key === 'key 1') break;
  expect(await cache.transact((tx) => tx.clear())).toBe(400);
});

test('a ShardedDiskCache is what adapters ask for, as a DiskCache is', async () => {
  const cache: Pick<DiskCache, 'get' | 'set' | 'getOrSet' | 'entries' | 'close'> = openSharded();
  await cache.set('a', 1);
  expect(await cache.get('a')).toBe(1);
});
