import { createDiskStore, diskStoreOf, type DiskStoreOptions } from '@diskcache/cache-manager';
import { createCache, type CreateCacheOptions } from 'cache-manager';
import { describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function open(
  { namespace, tags, ttl }: Omit<DiskStoreOptions, 'cache' | 'directory'> = {},
  options?: CreateCacheOptions,
) {
  const clock = new FakeClock(Date.now());
  const disk = openCache({ clock });
  const store = createDiskStore({ cache: disk, namespace, tags, ttl });
  return { clock, disk, store, cache: createCache({ stores: [store], ...options }) };
}

describe('cache-manager 7 on a DiskStore', () => {
  test('wrap() computes once', async () => {
    const { cache } = open();
    const compute = vi.fn(() => ({ name: 'Ada', born: new Date(0) }));
    for (let i = 0; i < 3; i++) {
      expect(await cache.wrap('user', compute)).toEqual({ name: 'Ada', born: new Date(0) });
    }
    expect(compute).toHaveBeenCalledOnce();
  });

  test('wrap() gives back an object that has a value of its own whole', async () => {
    const { cache } = open();
    for (let i = 0; i < 2; i++) {
      expect(await cache.wrap('key', () => ({ value: 1, expires: 2 }))).toEqual({ value: 1, expires: 2 });
    }
  });

  test('wrap() gives back what the cache compressed', async () => {
    const store = createDiskStore({ directory: temporaryFolder(), compression: 'gzip' });
    const cache = createCache({ stores: [store] });
    const value = { text: 'text '.repeat(1000), at: new Date(0) };
    for (let i = 0; i < 2; i++) expect(await cache.wrap('key', () => value)).toEqual(value);
    expect((await diskStoreOf(cache)!.cache.entry('key'))?.size).toBeLessThan(500);
    await cache.disconnect();
  });

  test('wrap() with raw tells the deadline', async () => {
    const { cache, clock } = open();
    await cache.wrap('key', () => 'text', { ttl: 1000, raw: true });
    expect(await cache.wrap('key', () => 'not called', { ttl: 1000, raw: true })).toEqual({
      value: 'text',
      expires: clock.now() + 1000,
    });
  });

  test('wrap() computes again once the entry has expired', async () => {
    const { cache, clock } = open();
    const compute = vi.fn(() => 'text');
    await cache.wrap('key', compute, 1000);
    clock.advance(1000);
    await cache.wrap('key', compute, 1000);
    expect(compute).toHaveBeenCalledTimes(2);
  });

  test('wrap() refreshes behind when less than refreshThreshold is left', async () => {
    const { cache } = open({}, { ttl: 60_000, refreshThreshold: 120_000 });
    let version = 0;
    const compute = () => ++version;
    expect(await cache.wrap('key', compute)).toBe(1);
    const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
    expect(await cache.wrap('key', compute)).toBe(1);
    await refreshed;
    expect(await cache.get('key')).toBe(2);
  });

  test('get() gives what was set, null too, and undefined for a miss', async () => {
    const { cache } = open();
    await cache.set('date', new Date(0));
    await cache.set('null', null);
    expect(await cache.get('date')).toEqual(new Date(0));
    expect(await cache.get('null')).toBeNull();
    expect(await cache.get('none')).toBeUndefined();
  });

  test('setting undefined makes a miss', async () => {
    const { cache, disk } = open();
    await cache.set('key', 1);
    await cache.set('key', undefined);
    expect(await cache.get('key')).toBeUndefined();
    expect(await disk.count()).toBe(0);
  });

  test('mget() keeps order, misses and repetitions', async () => {
    const { cache } = open();
    await cache.mset<unknown>([
      { key: 'a', value: 1 },
      { key: 'b', value: { c: 2 } },
    ]);
    expect(await cache.mget(['b', 'none', 'a', 'b'])).toEqual([{ c: 2 }, undefined, 1, { c: 2 }]);
  });

  test('mset() gives each entry its own ttl', async () => {
    const { cache, clock } = open();
    await cache.mset([
      { key: 'short', value: 1, ttl: 10 },
      { key: 'long', value: 2 },
    ]);
    clock.advance(10);
    expect(await cache.mget(['short', 'long'])).toEqual([undefined, 2]);
  });

  test('del() and mdel() remove entries', async () => {
    const { cache, disk } = open();
    for (const key of ['a', 'b', 'c', 'd']) await cache.set(key, 1);
    await cache.del('a');
    await cache.mdel(['b', 'c', 'none']);
    expect(await cache.mget(['a', 'b', 'c', 'd'])).toEqual([undefined, undefined, undefined, 1]);
    await cache.clear();
    expect(await disk.count()).toBe(0);
  });

  test('ttl() is the deadline, or undefined when there is none or nothing', async () => {
    const { cache, clock } = open();
    await cache.set('limited', 1, 5000);
    await cache.set('unlimited', 1);
    expect(await cache.ttl('limited')).toBe(clock.now() + 5000);
    expect(await cache.ttl('unlimited')).toBeUndefined();
    expect(await cache.ttl('none')).toBeUndefined();
  });

  test("a set() without ttl takes the cache's, then the store's", async () => {
    const byCache = open({ ttl: 9000 }, { ttl: 5000 });
    await byCache.cache.set('key', 1);
    expect(await byCache.cache.ttl('key')).toBe(byCache.clock.now() + 5000);
    const byStore = open({ ttl: 9000 });
    await byStore.cache.set('key', 1);
    expect(await byStore.cache.ttl('key')).toBe(byStore.clock.now() + 9000);
  });

  test.for([0, Infinity, NaN])('a ttl of %s is no limit', async (ttl) => {
    const { cache, store } = open({ ttl: 9000 });
    await cache.set('key', 1, ttl);
    expect(await store.getRaw('key')).toEqual({ value: 1, expires: undefined });
  });

  test('a negative ttl removes what was there', async () => {
    const { cache } = open();
    await cache.set('key', 1);
    await cache.set('key', 2, -1);
    expect(await cache.get('key')).toBeUndefined();
  });

  test('entries outlive the process that closed its cache', async () => {
    const directory = temporaryFolder();
    const before = createCache({ stores: [createDiskStore({ directory })], ttl: 60_000 });
    await before.wrap('key', () => ({ at: new Date(5) }));
    await before.disconnect();
    const after = createCache({ stores: [createDiskStore({ directory })], ttl: 60_000 });
    expect(await after.wrap('key', () => expect.fail('computed again'))).toEqual({ at: new Date(5) });
    await after.disconnect();
  });

  test('a memory store in front of it is filled from it', async () => {
    const { store } = open();
    await store.set('key', 'on disk');
    const cache = createCache({ stores: [createDiskStore({ cache: openCache() }), store] });
    expect(await cache.wrap('key', () => 'computed')).toBe('on disk');
    expect(await cache.stores[0]!.get('key')).toBe('on disk');
  });
});

describe('namespaces', () => {
  test('clear() leaves other namespaces alone', async () => {
    const disk = openCache();
    const caches = ['a', 'a_', 'ab', 'a:b'].map((namespace) =>
      createCache({ stores: [createDiskStore({ cache: disk, namespace })] }),
    );
    for (const cache of caches) await cache.set('key', 1);
    await caches[0]!.clear();
    expect(await Promise.all(caches.map((cache) => cache.get('key')))).toEqual([undefined, 1, 1, 1]);
  });

  test('iterator() gives the keys of the namespace, without it', async () => {
    const { cache, store, disk } = open({ namespace: 'ns' });
    await cache.set('a:b', 1);
    await disk.set('other', 2);
    const all: unknown[] = [];
    for await (const entry of store.iterator()) all.push(entry);
    expect(all).toEqual([['a:b', 1]]);
  });
});

describe('tags', () => {
  test('of a set() are evicted together', async () => {
    const { cache, store } = open();
    await store.set('a', 1, { tags: ['odd'] });
    await store.set('b', 2, { tags: ['even'], ttl: 5000 });
    await store.setMany([{ key: 'c', value: 3, tags: ['odd', 'prime'] }]);
    expect(await store.evict('odd')).toBe(2);
    expect(await cache.mget(['a', 'b', 'c'])).toEqual([undefined, 2, undefined]);
  });

  test('come from a function for what wrap() and set() store', async () => {
    const { cache } = open({ tags: (key, value) => [key.split(':')[0]!, typeof value] });
    await cache.wrap('user:1', () => 'Ada');
    await cache.set('user:2', 2);
    await cache.set('page:1', 'home');
    expect(await diskStoreOf(cache).evict('user')).toBe(2);
    expect(await diskStoreOf(cache).evict('string')).toBe(1);
  });

  test('of a set() count instead of what the function says', async () => {
    const { store } = open({ tags: () => ['function'] });
    await store.set('key', 1, { tags: ['own'] });
    expect(await store.evict('function')).toBe(0);
    expect(await store.evict('own')).toBe(1);
  });

  test('of a cache without a DiskStore are an error that says so', () => {
    expect(() => diskStoreOf(createCache())).toThrow('this cache has no DiskStore among its stores');
  });
});
