import { createDiskStore } from '@diskcache/cache-manager';
import type { DiskCache } from '@diskcache/core';
import { createKeyv } from '@diskcache/keyv';
import { createCache, type CreateCacheOptions } from 'cache-manager';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';

type Store = NonNullable<CreateCacheOptions['stores']>[number];

/** What people give to cache-manager 7. */
const stores: Record<string, (cache: DiskCache) => Store> = {
  'a DiskStore': (cache) => createDiskStore({ cache }),
  'a Keyv 5 of createKeyv()': (cache) => createKeyv({ cache }, { Keyv: Keyv5 }) as never,
  'a Keyv 6 of createKeyv()': (cache) => createKeyv({ cache }, { Keyv: Keyv6 }) as never,
};

/** Keyv 6 makes deadlines by the clock of the system, which may be some ms ahead by then. */
const LONGER_THAN_1000 = 10_000;

afterEach(() => vi.restoreAllMocks());

describe.for(Object.entries(stores))('cache-manager 7 on %s', ([name, storeOn]) => {
  function open(options: Omit<CreateCacheOptions, 'stores'> = {}) {
    const clock = new FakeClock(Date.now());
    const disk = openCache({ clock });
    const store = storeOn(disk);
    store.on('error', () => undefined);
    return { clock, disk, cache: createCache({ stores: [store], ...options }) };
  }

  test('gives back what was set, null too, and undefined for a miss', async () => {
    const { cache } = open();
    await cache.set('map', new Map([[1, new Date(0)]]));
    await cache.set('null', null);
    expect(await cache.get('map')).toEqual(new Map([[1, new Date(0)]]));
    expect(await cache.get('null')).toBeNull();
    expect(await cache.get('none')).toBeUndefined();
  });

  test('gives an entry the ttl of set(), or else that of the cache', async () => {
    const { cache, clock } = open({ ttl: 60_000 });
    await cache.set('own', 1, 1000);
    await cache.set('default', 1);
    await cache.mset([{ key: 'of mset', value: 1, ttl: 1000 }]);
    clock.advance(LONGER_THAN_1000);
    expect(await cache.mget(['own', 'default', 'of mset'])).toEqual([undefined, 1, undefined]);
    clock.advance(60_000);
    expect(await cache.get('default')).toBeUndefined();
  });

  test('tells by ttl() the deadline, and undefined where there is none', async () => {
    const { cache } = open();
    await cache.set('limited', 1, 60_000);
    await cache.set('unlimited', 1);
    expect(await cache.ttl('limited')).toBeGreaterThan(Date.now() + 50_000);
    expect(await cache.ttl('unlimited')).toBeUndefined();
    expect(await cache.ttl('none')).toBeUndefined();
  });

  test('keeps order, misses and repetitions in mget()', async () => {
    const { cache } = open();
    await cache.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    expect(await cache.mget(['b', 'none', 'a', 'b'])).toEqual([2, undefined, 1, 2]);
  });

  test('removes by del(), mdel() and clear()', async () => {
    const { cache, disk } = open();
    for (const key of ['a', 'b', 'c', 'd']) await cache.set(key, 1);
    await cache.del('a');
    await cache.mdel(['b', 'none', 'c']);
    expect(await disk.count()).toBe(1);
    await cache.clear();
    expect(await disk.count()).toBe(0);
  });

  test('wraps once for calls that come together, and for those that come later', async () => {
    const { cache } = open();
    const compute = vi.fn(async () => ({ value: 'inside' }));
    const wrap = () => cache.wrap('key', compute, 60_000);
    expect(await Promise.all([wrap(), wrap()])).toEqual([{ value: 'inside' }, { value: 'inside' }]);
    expect(await wrap()).toEqual({ value: 'inside' });
    expect(compute).toHaveBeenCalledOnce();
  });

  test('wraps anew once the entry has expired', async () => {
    const { cache, clock } = open();
    const compute = vi.fn(() => 'text');
    await cache.wrap('key', compute, 1000);
    clock.advance(LONGER_THAN_1000);
    await cache.wrap('key', compute, 1000);
    expect(compute).toHaveBeenCalledTimes(2);
  });

  test('refreshes behind when less than refreshThreshold is left', async () => {
    const { cache } = open({ ttl: 60_000, refreshThreshold: 120_000 });
    let version = 0;
    const wrap = () => cache.wrap('key', () => ++version);
    await wrap();
    const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
    expect(await wrap()).toBe(1);
    expect(await refreshed).toEqual({ key: 'key', value: 2 });
    expect(await cache.get('key')).toBe(2);
  });

  test('emits what it does', async () => {
    const { cache } = open();
    const told: string[] = [];
    for (const event of ['get', 'set', 'mset', 'mget', 'del', 'clear'] as const)
      cache.on(event, () => told.push(event));
    await cache.set('a', 1);
    await cache.get('a');
    await cache.mset([{ key: 'b', value: 1 }]);
    await cache.mget(['a']);
    await cache.del('a');
    await cache.clear();
    expect([...new Set(told)]).toEqual(['set', 'get', 'mset', 'mget', 'del', 'clear']);
  });

  test('non-blocking, finds what was set and not deleted before', async () => {
    const { cache } = open({ nonBlocking: true });
    await cache.set('a', 1);
    await cache.mset([{ key: 'b', value: 2 }]);
    expect(await cache.mget(['a', 'b'])).toEqual([1, 2]);
    await cache.del('a');
    await cache.mdel(['b']);
    expect(await cache.mget(['a', 'b'])).toEqual([undefined, undefined]);
  });

  test('non-blocking, a closed cache rejects nothing that nobody awaits', async () => {
    const { cache, disk } = open({ nonBlocking: true });
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    await disk.close();
    expect(await cache.set('a', 1)).toBe(1);
    await cache.mset([{ key: 'b', value: 2 }]);
    await cache.del('a');
    expect(await cache.wrap('key', () => 'computed')).toBe('computed');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test(`tells of a value that cannot be stored, which wrap() returns all the same`, async () => {
    const disk = openCache();
    const store = storeOn(disk);
    const errors: unknown[] = [];
    store.on('error', (error: unknown) => errors.push(error));
    const cache = createCache({ stores: [store] });
    const value = { run: () => 1 };
    expect(await cache.wrap('key', () => value)).toBe(value);
    expect(errors, name).toEqual([expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' })]);
    expect(await cache.get('key')).toBeUndefined();
  });
});
