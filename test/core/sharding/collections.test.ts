import { type DiskCache, ShardedDiskCache } from '@diskcache/core';
import { expect, test } from 'vitest';
import { listed } from '../../support/caches.ts';
import { openSharded, openShardedSync } from '../../support/sharded.ts';
import { totalsAtOnce } from '../../support/shards-on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const NAMES = Array.from({ length: 20 }, (_, i) => `name/${i}%`);

/** Has something in it of everything that keeps its state in entries. */
async function fill(cache: ShardedDiskCache | DiskCache): Promise<void> {
  for (const name of NAMES) {
    await cache.deque(name).extend([name, 2, 3]);
    await cache.index(name).set('key', name);
    await cache.index(name).push('queue', 1);
    await cache.averager(name).add(10);
    await cache.rateLimiter(name, { limit: 5, interval: 60_000 }).take(2);
  }
}

test('collections and recipes of a sharded cache are the same for all that have it open', async () => {
  const directory = folderInMemory();
  const [a, b] = [openSharded({}, directory), openSharded({}, directory)];
  await fill(a);
  for (const name of NAMES) {
    expect(await listed(b.deque(name))).toEqual([name, 2, 3]);
    expect([...b.sync.deque(name)]).toEqual([name, 2, 3]);
    expect(await b.index(name).first()).toEqual(['key', name]);
    expect(b.sync.index(name).get('key')).toBe(name);
    expect(await b.index(name).pull('queue')).toMatchObject({ value: 1 });
    expect(await b.averager(name).add(20)).toBe(15);
    expect(b.sync.averager(name).get()).toBe(15);
    expect(await b.rateLimiter(name, { limit: 5, interval: 60_000 }).tryTake(4)).toBe(false);
  }
});

test('each key of what a sharded cache keeps by name is found by that key', async () => {
  const cache = openSharded();
  await fill(cache);
  await using _lock = await cache.lock('name').acquire();
  await using _semaphore = await cache.semaphore('other', { permits: 2 }).acquire();
  const keys = await listed(cache.keys());
  expect(keys.length).toBe(new Set(keys).size);
  expect(keys.length).toBeGreaterThan(NAMES.length * 5);
  expect(await cache.hasMany(keys)).toEqual(keys.map(() => true));
});

test('collections of a sharded cache are not all in one shard', async () => {
  const cache = openSharded();
  const places = NAMES.map((name) => cache.deque(name)).map((deque) => deque.append(1));
  await Promise.all(places);
  const counts = totalsAtOnce(cache.directory).map(({ count }) => count);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(4);
});

test('collections and recipes stay as they are when a cache gets another number of shards', async () => {
  const directory = folderInMemory();
  const before = openSharded({ shards: 8 }, directory);
  await fill(before);
  const held = await before.lock('name').acquire();
  await held.release();
  await before.close();
  await ShardedDiskCache.reshard(directory, 3);
  const after = openSharded({}, directory);
  for (const name of NAMES) {
    expect(await listed(after.deque(name))).toEqual([name, 2, 3]);
    expect(await after.index(name).first()).toEqual(['key', name]);
    expect(await after.index(name).pull('queue')).toMatchObject({ value: 1 });
    expect(await after.averager(name).get()).toBe(10);
    expect(await after.rateLimiter(name, { limit: 5, interval: 60_000 }).tryTake(4)).toBe(false);
  }
  expect((await after.lock('name').acquire()).fence).toBeGreaterThan(held.fence);
});

test('a transaction of a sharded cache changes collections and entries of all shards together', async () => {
  const cache = openSharded();
  const change = (fails: boolean) =>
    cache.transact((tx) => {
      for (const name of NAMES) {
        tx.deque(name).append(1);
        tx.index(name).set('key', 2);
        tx.averager(name).add(3);
        tx.set(name, 4);
      }
      if (fails) throw new Error('taken back');
    });
  await expect(change(true)).rejects.toThrow('taken back');
  expect(await cache.count()).toBe(0);
  await change(false);
  for (const name of NAMES) {
    expect(await listed(cache.deque(name))).toEqual([1]);
    expect(await cache.index(name).get('key')).toBe(2);
    expect(await cache.averager(name).get()).toBe(3);
    expect(await cache.get(name)).toBe(4);
  }
});

test('a lock of a sharded cache has one holder, whose right is checked in transactions of all shards', async () => {
  const directory = folderInMemory();
  const [a, b] = [openSharded({}, directory), openSharded({}, directory)];
  const held = await a.lock('name').acquire();
  expect(await b.lock('name').tryAcquire()).toBeUndefined();
  await a.transact((tx) => {
    held.assertHeld(tx);
    for (const name of NAMES) tx.set(name, held.fence);
  });
  await held.release();
  const late = a.transact((tx) => held.assertHeld(tx));
  await expect(late).rejects.toMatchObject({ code: 'ERR_DISKCACHE_NOT_HELD' });
  expect((await b.lock('another').acquire()).fence).toBeGreaterThan(held.fence);
});

test('throttle(), barrier(), semaphore() and reentrantLock() of a sharded cache do what those of one cache do', async () => {
  const cache = openSharded();
  const called = cache.throttle((n: number) => n + 1, { name: 'fn', limit: 1, interval: 60_000 });
  expect(await called(1)).toBe(2);
  expect(await cache.rateLimiter('fn', { limit: 1, interval: 60_000 }).tryTake()).toBe(false);
  const ready = cache.barrier('ready', { parties: 2 });
  expect(await Promise.all([ready.wait(), ready.wait()])).toEqual([false, true]);
  await using _ = await cache.semaphore('places', { permits: 1 }).acquire();
  expect(await cache.semaphore('places', { permits: 1 }).tryAcquire()).toBeUndefined();
  const again = cache.reentrantLock('again');
  expect(await again.run(() => again.run(() => 'twice in it'))).toBe('twice in it');
});

test('what is no name is refused by a sharded cache as by one cache', async () => {
  const cache = openSharded();
  expect(() => cache.deque('')).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }));
  expect(() => cache.lock(5 as never)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }));
  expect(() => openShardedSync().index('\ud800')).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }),
  );
});
