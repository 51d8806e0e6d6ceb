import { createDiskStore, type DiskStore, diskStoreOf, tagged } from '@diskcache/cache-manager';
import { DiskCache } from '@diskcache/core';
import { createKeyv } from '@diskcache/keyv';
import { createCache } from 'cache-manager';
import type { Keyv } from 'keyv';
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { folderInMemory, temporaryFolder } from '../../support/temporary-folder.ts';

const makers = {
  'a DiskStore': (cache: DiskCache) => createDiskStore({ cache }),
  'a Keyv of createKeyv()': (cache: DiskCache) => createKeyv({ cache }),
};

describe.for(Object.entries(makers))('cache-manager 6 on %s', ([, make]) => {
  function open(options: object = {}) {
    const clock = new FakeClock(Date.now());
    const disk = new DiskCache(folderInMemory(), { clock });
    onTestFinished(() => disk.close());
    return { clock, cache: createCache({ stores: [make(disk)], ...options }) };
  }

  test('wrap() computes once, and dates stay dates', async () => {
    const { cache } = open();
    const compute = vi.fn(() => ({ value: new Date(0) }));
    for (let i = 0; i < 3; i++) expect(await cache.wrap('key', compute)).toEqual({ value: new Date(0) });
    expect(compute).toHaveBeenCalledOnce();
  });

  test('a miss is null, to get(), mget() and ttl()', async () => {
    const { cache } = open();
    await cache.set('key', 1);
    expect(await cache.get('none')).toBeNull();
    expect(await cache.mget(['none', 'key'])).toEqual([null, 1]);
    expect(await cache.ttl('none')).toBeNull();
  });

  test('ttl() tells the deadline, of set() and of mset()', async () => {
    const { cache } = open();
    await cache.set('a', 1, 60_000);
    await cache.mset([{ key: 'b', value: 2, ttl: 60_000 }]);
    for (const key of ['a', 'b']) expect(await cache.ttl(key)).toBeGreaterThan(Date.now() + 50_000);
  });

  test('the ttl of the cache is for what is set without one', async () => {
    const { cache, clock } = open({ ttl: 1000 });
    await cache.set('default', 1);
    await cache.set('own', 2, 60_000);
    clock.advance(1000);
    // A Keyv asks the clock of the system too, which has not moved on.
    expect(await cache.mget(['default', 'own'])).toEqual([null, 2]);
  });

  test('wrap() refreshes behind when less than refreshThreshold is left', async () => {
    const { cache } = open({ ttl: 60_000, refreshThreshold: 120_000 });
    let version = 0;
    await cache.wrap('key', () => ++version);
    const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
    expect(await cache.wrap('key', () => ++version)).toBe(1);
    await refreshed;
    expect(await cache.get('key')).toBe(2);
  });

  test('del(), mdel() and clear() remove entries', async () => {
    const { cache } = open();
    for (const key of ['a', 'b', 'c', 'd']) await cache.set(key, 1);
    await cache.del('a');
    await cache.mdel(['b', 'c']);
    expect(await cache.mget(['a', 'b', 'c', 'd'])).toEqual([null, null, null, 1]);
    await cache.clear();
    expect(await cache.get('d')).toBeNull();
  });

  test('non-blocking, what was set is there once it is stored', async () => {
    const { cache } = open({ nonBlocking: true });
    await cache.set('key', 1);
    expect(await cache.get('key')).toBe(1);
  });

  test('tags evict what wrap() stored', async () => {
    const { cache } = open();
    await tagged(cache).wrap('key', () => 1, { tags: ['tag'] });
    expect(await tagged(cache).evict('tag')).toBe(1);
    expect(await cache.get('key')).toBeNull();
  });
});

test('createCache() takes the store without a cast, and disconnect() closes it', async () => {
  const directory = temporaryFolder();
  for (const expected of [null, 'kept']) {
    const store = createDiskStore({ directory });
    expectTypeOf(store).toExtend<DiskStore & Keyv>();
    const cache = createCache({ stores: [store] });
    expect(await cache.get('key')).toBe(expected);
    await cache.set('key', 'kept');
    expect(diskStoreOf(cache)).toBe(store);
    await cache.disconnect();
  }
});
