import { setImmediate as turn } from 'node:timers/promises';
import { DiskCache, ShardedDiskCache, type ShardedDiskCacheSync } from '@diskcache/core';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSharded } from '../../support/sharded.ts';
import { shardFolders, valueFilesOfShards } from '../../support/shards-on-disk.ts';
import { StallMeter } from '../../support/stall-meter.ts';
import { turnsUntil } from '../../support/turns.ts';

const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`);

/** Holds the lock of one shard as another process would. @returns what lets go of it */
function lock(directory: string, shard: number): () => void {
  const db = new Database(join(shardFolders(directory)[shard] as string, 'cache.db'), { timeout: 0 });
  db.exec('BEGIN IMMEDIATE');
  onTestFinished(() => void db.close());
  return () => db.exec('ROLLBACK');
}

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
    const unlock = lock(cache.directory, 5);
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
  const unlock = lock(cache.directory, 6);
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

test('ShardedDiskCache has all verbs of DiskCache', () => {
  const verbs = (door: { prototype: object }) => Object.getOwnPropertyNames(door.prototype).sort();
  const own = ['cache', 'shards'];
  expect(verbs(ShardedDiskCache).filter((name) => !own.includes(name))).toEqual(verbs(DiskCache));
});
