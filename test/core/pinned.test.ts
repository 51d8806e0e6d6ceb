import type { EvictionPolicy } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe.for(['lru', 'lfu', 'fifo'] as EvictionPolicy[])('pinned entries under %s', (eviction) => {
  test('are not evicted, however many others come', async () => {
    const cache = openCache({ eviction, entryLimit: 200 });
    for (let key = 0; key < 100; key++) await cache.set(`pinned ${key}`, key, { pinned: true });
    for (let key = 0; key < 500; key++) await cache.set(key, 'x');
    expect(await listed(cache.keys({ prefix: 'pinned' }))).toHaveLength(100);
    expect(await cache.count()).toBe(200);
    expect(await cache.get(499)).toBe('x');
  });

  test('are evictable again once they are set without', async () => {
    const cache = openCache({ eviction, entryLimit: 10 });
    await cache.set('key', 'pinned', { pinned: true, tags: ['tag'] });
    await cache.set('key', 'not pinned', { tags: ['tag'] });
    for (let key = 0; key < 200; key++) await cache.set(key, 'x');
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.check()).toMatchObject({ problems: [] });
  });

  test('can be made of entries that were not', async () => {
    const cache = openCache({ eviction, entryLimit: 10 });
    await cache.set('key', 'not pinned', { tags: ['tag'] });
    await cache.set('key', 'pinned', { pinned: true });
    for (let key = 0; key < 200; key++) await cache.set(key, 'x');
    expect(await cache.get('key')).toBe('pinned');
    expect(await cache.evict('tag')).toBe(0);
    expect(await cache.check()).toMatchObject({ problems: [] });
  });

  test('refuse a write with a typed error when they alone fill the cache', async () => {
    const cache = openCache({ eviction, entryLimit: 10 });
    for (let key = 0; key < 10; key++) await cache.set(key, key, { pinned: true });
    await expect(cache.set('more', 1)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
    expect(await cache.count()).toBe(10);
  });
});

test('the first entry after pinned ones is evictable', async () => {
  const cache = openCache({ entryLimit: 3 });
  await cache.set('pinned', 1, { pinned: true });
  await cache.set('first', 1);
  for (let key = 0; key < 100; key++) await cache.set(key, 'x');
  expect(await cache.get('first')).toBeUndefined();
  expect(await cache.get('pinned')).toBe(1);
});

test('a pinned entry goes by its deadline, its tag, delete() and clear()', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('a', 1, { pinned: true, ttl: 10 });
  await cache.set('b', 1, { pinned: true, tags: ['tag'] });
  await cache.set('c', 1, { pinned: true });
  await cache.set('d', 1, { pinned: true });
  clock.advance(10);
  expect([
    await cache.get('a'),
    await cache.evict('tag'),
    await cache.delete('c'),
    await cache.clear(),
  ]).toEqual([undefined, 1, true, 1]);
});

test('pinned must be true or false', async () => {
  await expect(openCache().set('key', 1, { pinned: 1 as never })).rejects.toThrow(
    'pinned must be true or false; given 1',
  );
});
