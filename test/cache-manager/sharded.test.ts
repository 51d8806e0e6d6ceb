import { createDiskStore, diskStoreOf, tagged } from '@diskcache/cache-manager';
import { createCache } from 'cache-manager';
import { expect, test, vi } from 'vitest';
import { listed } from '../support/caches.ts';
import { openSharded } from '../support/sharded.ts';

const KEYS = Array.from({ length: 30 }, (_, i) => `key ${String(i).padStart(2, '0')}`);

function open() {
  const disk = openSharded();
  return { disk, cache: createCache({ stores: [createDiskStore({ cache: disk })] }) };
}

test('a DiskStore works on a ShardedDiskCache as on a DiskCache', async () => {
  const { disk, cache } = open();
  expect(diskStoreOf(cache).cache).toBe(disk);
  await cache.mset(KEYS.map((key) => ({ key, value: { key }, ttl: 60_000 })));
  expect(await cache.mget(KEYS)).toEqual(KEYS.map((key) => ({ key })));
  expect(await cache.del('key 07')).toBe(true);
  expect(await cache.mdel(['key 08', 'key 09'])).toBe(true);
  expect(await cache.mget(['key 06', 'key 07', 'key 08'])).toEqual([{ key: 'key 06' }, undefined, undefined]);
  expect(await disk.count()).toBe(27);
  await cache.clear();
  expect(await listed(disk.keys())).toEqual([]);
});

test('wrap() on a ShardedDiskCache computes once, and evict() removes by tags from all shards', async () => {
  const { cache } = open();
  const compute = vi.fn(() => 1);
  for (const key of [...KEYS, ...KEYS])
    await tagged(cache).wrap(key, compute, { ttl: 60_000, tags: [key.slice(0, 5)] });
  expect(compute).toHaveBeenCalledTimes(30);
  expect(await tagged(cache).evict('key 1')).toBe(10);
  expect((await cache.mget(KEYS)).filter((value) => value === 1)).toHaveLength(20);
});
