import { diskStoreOf, type LegacyDiskStore, legacyDiskStore, type Tags } from '@diskcache/cache-manager';
import { DiskCache } from '@diskcache/core';
import { type Cache, caching, type MemoryCache, multiCaching, type Store } from 'cache-manager';
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { folderInMemory, temporaryFolder } from '../../support/temporary-folder.ts';

interface Config {
  namespace?: string;
  ttl?: number;
  tags?: Tags;
  isCacheable?: (value: unknown) => boolean;
}

async function open(config: Config = {}) {
  const clock = new FakeClock(Date.now());
  const disk = new DiskCache(folderInMemory(), { clock });
  onTestFinished(() => disk.close());
  const cache = await caching(legacyDiskStore, { ...config, cache: disk });
  return { clock, disk, cache };
}

describe('a cache of cache-manager 5', () => {
  test('gives back what was set, null too, and undefined for a miss', async () => {
    const { cache } = await open();
    await cache.set('date', new Date(0));
    await cache.set('null', null);
    expect(await cache.get('date')).toEqual(new Date(0));
    expect(await cache.get('null')).toBeNull();
    expect(await cache.get('none')).toBeUndefined();
  });

  test('wrap() computes once', async () => {
    const { cache } = await open();
    const compute = vi.fn(async () => ({ name: 'Ada' }));
    for (let i = 0; i < 2; i++) expect(await cache.wrap('user', compute)).toEqual({ name: 'Ada' });
    expect(compute).toHaveBeenCalledOnce();
  });

  test('counts a ttl in ms, and the one of caching() where none is given', async () => {
    const { cache, clock } = await open({ ttl: 1000 });
    await cache.set('default', 1);
    await cache.set('own', 2, 2000);
    await cache.set('none', 3, 0);
    clock.advance(1000);
    expect(await cache.store.mget('default', 'own', 'none')).toEqual([undefined, 2, 3]);
    clock.advance(1000);
    expect(await cache.store.mget('own', 'none')).toEqual([undefined, 3]);
  });

  test('wrap() takes a ttl that is told from the value', async () => {
    const { cache, clock } = await open();
    await cache.wrap(
      'key',
      async () => 500,
      (value) => value,
    );
    clock.advance(499);
    expect(await cache.get('key')).toBe(500);
    clock.advance(1);
    expect(await cache.get('key')).toBeUndefined();
  });

  test('wrap() refreshes behind when less than refreshThreshold is left', async () => {
    const { cache } = await open();
    let version = 0;
    const compute = async () => ++version;
    await cache.wrap('key', compute, 60_000);
    const stored = vi.spyOn(cache.store, 'set');
    expect(await cache.wrap('key', compute, 60_000, 120_000)).toBe(1);
    await vi.waitFor(() => expect(stored).toHaveBeenCalledOnce());
    await stored.mock.results[0]!.value;
    expect(await cache.get('key')).toBe(2);
  });

  test('wrap() does not refresh what has no limit', async () => {
    const { cache } = await open();
    const compute = vi.fn(async () => 'text');
    for (let i = 0; i < 2; i++) await cache.wrap('key', compute, 0, 1000);
    expect(compute).toHaveBeenCalledOnce();
  });

  test('del() and reset() remove entries, reset() those of the namespace', async () => {
    const { cache, disk } = await open({ namespace: 'ns' });
    await disk.set('other', 1);
    await cache.store.mset([
      ['a', 1],
      ['b', 2],
    ]);
    await cache.del('a');
    expect(await cache.store.keys()).toEqual(['b']);
    await cache.reset();
    expect(await disk.count()).toBe(1);
  });

  test('is there again after it was closed', async () => {
    const directory = temporaryFolder();
    for (const expected of [undefined, 'kept']) {
      const cache = await caching(legacyDiskStore, { directory, sizeLimit: 1_000_000, ttl: 60_000 });
      expect(await cache.get('key')).toBe(expected);
      await cache.set('key', 'kept');
      await diskStoreOf(cache).disconnect();
    }
  });

  test('takes the store itself too, and has its type', async () => {
    const store = legacyDiskStore({ directory: folderInMemory() });
    const cache = await caching(store);
    expectTypeOf(store).toExtend<Store>();
    expectTypeOf(cache).toEqualTypeOf<Cache<LegacyDiskStore>>();
    expect(diskStoreOf(cache)).toBe(store.disk);
    await store.disconnect();
  });

  test('evicts by tag', async () => {
    const { cache } = await open({ tags: (key) => [key.split(':')[0]!] });
    await cache.set('user:1', 'Ada');
    await cache.store.set('page:1', 'home', { tags: ['pages', 'home'] });
    expect(await diskStoreOf(cache).evict('user')).toBe(1);
    expect(await diskStoreOf(cache).evict('home')).toBe(1);
  });
});

describe('the store', () => {
  test('mget() keeps order, misses and repetitions', async () => {
    const { store } = (await open()).cache;
    await store.mset(
      [
        ['a', 1],
        ['b', 2],
      ],
      5000,
    );
    expect(await store.mget('b', 'none', 'a', 'b')).toEqual([2, undefined, 1, 2]);
    await store.mdel('a', 'b', 'none');
    expect(await store.mget('a', 'b')).toEqual([undefined, undefined]);
  });

  test('ttl() tells what is left, -1 for no limit and -2 for nothing there', async () => {
    const { store } = (await open()).cache;
    await store.set('short', 1, 60_000);
    await store.set('long', 1, 0);
    const left = await store.ttl('short');
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    expect(await store.ttl('long')).toBe(-1);
    expect(await store.ttl('none')).toBe(-2);
  });

  test.for([
    [undefined, ['my-user', 'page:1', 'user', 'user:1', 'user:2:x']],
    ['user:*', ['user:1', 'user:2:x']],
    ['user:?', ['user:1']],
    ['user', ['my-user', 'user', 'user:1', 'user:2:x']],
    ['^user', ['user', 'user:1', 'user:2:x']],
    ['user:.*x', ['user:2:x']],
    ['none', []],
  ] as const)('keys(%o) gives %o', async ([pattern, keys]) => {
    const { store } = (await open({ namespace: 'ns' })).cache;
    await store.mset(['user:1', 'user:2:x', 'page:1', 'my-user', 'user'].map((key) => [key, 1]));
    expect(await store.keys(pattern)).toEqual(keys);
  });

  test('keys() declares no parameter, by which @type-cacheable knows a store without patterns', async () => {
    const { store } = (await open()).cache;
    expect(store).toHaveProperty('keys.length', 0);
  });
});

describe('what is not cacheable', () => {
  test('rejects in set(), by name', async () => {
    const { cache } = await open();
    await expect(cache.set('key', undefined)).rejects.toThrow('isCacheable() refuses the value undefined');
  });

  test('is what isCacheable says, in mset() too, which then stores nothing', async () => {
    const { cache } = await open({ isCacheable: (value) => value !== null });
    await expect(
      cache.store.mset([
        ['a', 1],
        ['b', null],
      ]),
    ).rejects.toThrow('isCacheable() refuses the value null');
    expect(await cache.store.keys()).toEqual([]);
  });

  test("is returned by wrap(), with an 'error' event", async () => {
    const { cache } = await open({ isCacheable: (value) => value !== null });
    const errors: unknown[] = [];
    cache.on('error', (event) => errors.push(event));
    expect(await cache.wrap('key', async () => null)).toBeNull();
    expect(errors).toEqual([
      {
        operation: 'set',
        key: 'key',
        data: null,
        error: expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' }),
      },
    ]);
  });
});

describe('what fails', () => {
  const closed = expect.objectContaining({ code: 'ERR_DISKCACHE_CLOSED' }) as unknown;

  async function openClosed() {
    const { cache, disk } = await open();
    const told: unknown[] = [];
    diskStoreOf(cache).on('error', (error) => told.push(error));
    await disk.close();
    return { cache, told };
  }

  test('rejects', async () => {
    const { cache } = await openClosed();
    await expect(cache.get('key')).rejects.toEqual(closed);
    await expect(cache.set('key', 1)).rejects.toEqual(closed);
    await expect(cache.del('key')).rejects.toEqual(closed);
    await expect(cache.reset()).rejects.toEqual(closed);
  });

  test("is an 'error' event of wrap(), which computes all the same, and one of the store", async () => {
    const { cache, told } = await openClosed();
    const events: unknown[] = [];
    cache.on('error', (event) => events.push(event));
    expect(await cache.wrap('key', async () => 'computed')).toBe('computed');
    expect(events).toEqual([
      { operation: 'get', key: 'key', error: closed },
      { operation: 'set', key: 'key', data: 'computed', error: closed },
    ]);
    expect(told).toEqual([closed, closed]);
  });

  test.for([
    [{ sizeLimt: 5 }, "unknown option 'sizeLimt'"],
    [{ isCacheable: true }, "option 'isCacheable' must be a function of a value; given true"],
    [
      { directory: undefined },
      "option 'directory' must be the path of a folder, or 'cache' an open DiskCache",
    ],
  ])('%o is refused with a sentence that names the option', async ([wrong, sentence]) => {
    const config = { directory: temporaryFolder(), ...(wrong as object) };
    await expect(caching(legacyDiskStore, config as never)).rejects.toThrow(sentence as string);
  });

  test('without options it says what it needs', async () => {
    await expect(caching(legacyDiskStore)).rejects.toThrow("option 'directory' must be the path of a folder");
  });
});

describe('multiCaching() with memory in front', () => {
  async function openBoth() {
    const memory: MemoryCache = await caching('memory');
    const { cache: disk } = await open();
    return { memory, disk, both: multiCaching([memory, disk]) };
  }

  test('fills the memory from the disk', async () => {
    const { memory, disk, both } = await openBoth();
    await disk.set('key', 'on disk');
    expect(await both.wrap('key', async () => 'computed')).toBe('on disk');
    expect(await memory.get('key')).toBe('on disk');
  });

  test('sets, gets and deletes several in both', async () => {
    const { disk, both } = await openBoth();
    await both.mset([
      ['a', 1],
      ['b', 2],
    ]);
    expect(await both.mget('b', 'none', 'a')).toEqual([2, undefined, 1]);
    await both.mdel('a');
    expect(await disk.store.keys()).toEqual(['b']);
    await both.reset();
    expect(await disk.store.keys()).toEqual([]);
  });

  test('tells by its own event what fails on disk', async () => {
    const { disk, both } = await openBoth();
    diskStoreOf(disk).on('error', () => undefined);
    await diskStoreOf(disk).cache.close();
    const operations: unknown[] = [];
    both.on('error', ({ operation }) => operations.push(operation));
    await both.set('key', 1);
    expect(await both.mget('none')).toEqual([undefined]);
    expect(operations).toEqual(['set', 'mget']);
  });
});
