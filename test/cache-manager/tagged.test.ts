import { createDiskStore, tagged } from '@diskcache/cache-manager';
import { createKeyv, withTags } from '@diskcache/keyv';
import { createCache } from 'cache-manager';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';

interface Book {
  title: string;
  author: string;
}

const book: Book = { title: 'Notes', author: 'Ada' };
const tagsOf = (found: Book) => ['books', `author:${found.author}`];

function stores(disk = openCache()) {
  return {
    'a DiskStore': () => ({ disk, cache: createCache({ stores: [createDiskStore({ cache: disk })] }) }),
    'a Keyv 5 of createKeyv()': () => ({
      disk,
      cache: createCache({ stores: [createKeyv({ cache: disk }, { Keyv: Keyv5 }) as never] }),
    }),
    'a Keyv 6 of createKeyv()': () => ({
      disk,
      cache: createCache({ stores: [createKeyv({ cache: disk }, { Keyv: Keyv6 }) as never] }),
    }),
  };
}

describe.for(Object.keys(stores(null as never)) as (keyof ReturnType<typeof stores>)[])(
  'a cache on %s',
  (store) => {
    const open = () => stores()[store]();

    test('wrap() computes once and stores with tags that are told from the value', async () => {
      const { cache, disk } = open();
      const compute = vi.fn(() => book);
      for (let i = 0; i < 2; i++) {
        expect(await tagged(cache).wrap('book', compute, { ttl: 60_000, tags: tagsOf })).toEqual(book);
      }
      expect(compute).toHaveBeenCalledOnce();
      expect(await disk.peekEntry('first')).toMatchObject({
        tags: ['books', 'author:Ada'],
        expires: expect.any(Number),
      });
    });

    test('evict() removes what wrap() and set() stored with the tag, and nothing else', async () => {
      const { cache } = open();
      await tagged(cache).wrap('a', async () => 1, { tags: ['odd'] });
      await tagged(cache).set('b', 2, { tags: ['even'] });
      await tagged(cache).set('c', 3, { tags: (value) => [value % 2 === 1 ? 'odd' : 'even'], ttl: 60_000 });
      await cache.set('d', 4);
      expect(await tagged(cache).evict('odd')).toBe(2);
      expect(await cache.mget(['a', 'b', 'c', 'd'])).toEqual([undefined, 2, undefined, 4]);
    });

    test('what `compute` stores elsewhere does not get the tags', async () => {
      const { cache } = open();
      await tagged(cache).wrap('outer', async () => cache.set('inner', 1), { tags: ['outer'] });
      expect(await tagged(cache).evict('outer')).toBe(1);
      expect(await cache.get('inner')).toBe(1);
    });

    test('withTags() tags what mset() stores', async () => {
      const { cache } = open();
      await withTags(
        (key) => [key],
        () =>
          cache.mset([
            { key: 'a', value: 1 },
            { key: 'b', value: 2 },
          ]),
      );
      expect(await tagged(cache).evict('a')).toBe(1);
      expect(await cache.mget(['a', 'b'])).toEqual([undefined, 2]);
    });

    test('ttl() tells the deadline, get() and mget() the values', async () => {
      const { cache } = open();
      await cache.set('key', { value: 'inside' }, 60_000);
      expect(await cache.ttl('key')).toBeGreaterThan(Date.now() + 50_000);
      expect(await cache.wrap('key', () => ({ value: 'computed' }))).toEqual({ value: 'inside' });
      expect(await cache.mget(['key', 'none', 'key'])).toEqual([
        { value: 'inside' },
        undefined,
        { value: 'inside' },
      ]);
    });
  },
);

test('wrap() refreshes behind with the same tags', async () => {
  const store = createDiskStore({ cache: openCache() });
  const cache = createCache({ stores: [store] });
  let version = 0;
  const wrap = () =>
    tagged(cache).wrap('key', () => ++version, {
      ttl: 60_000,
      refreshThreshold: 120_000,
      tags: (value) => [`version ${value}`],
    });
  await wrap();
  const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
  expect(await wrap()).toBe(1);
  await refreshed;
  expect(await store.evict('version 1')).toBe(0);
  expect(await store.evict('version 2')).toBe(1);
});

test('evict() removes the entries from memory in front too', async () => {
  const memory = new Keyv5();
  const disk = createDiskStore({ cache: openCache(), namespace: 'ns' });
  const cache = createCache({ stores: [memory as never, disk] });
  await tagged(cache).wrap('a', () => 1, { tags: ['tag'] });
  await cache.set('b', 2);
  expect(await memory.get('a')).toBe(1);
  expect(await tagged(cache).evict('tag')).toBe(1);
  expect(await memory.get('a')).toBeUndefined();
  expect(await memory.get('b')).toBe(2);
});

test('wrap() without tags leaves them to the store', async () => {
  const store = createDiskStore({ cache: openCache(), tags: (key) => [key] });
  const cache = createCache({ stores: [store] });
  await tagged(cache).wrap('key', () => 1);
  expect(await store.evict('key')).toBe(1);
});

test.for([
  [{ tag: ['a'] }, "unknown option 'tag'; did you mean 'tags'?"],
  [
    { tags: 'a' },
    "option 'tags' must be a list of strings, or a function that makes one of key and value; given 'a'",
  ],
  [60_000, "options must be an object, such as { ttl: 60_000, tags: ['a'] }; given the number 60000"],
])('wrap() refuses %o by name', async ([options, sentence]) => {
  const cache = createCache({ stores: [createDiskStore({ cache: openCache() })] });
  await expect(tagged(cache).wrap('key', () => 1, options as never)).rejects.toThrow(sentence as string);
});

test('a cache without a store of DiskCache is refused', () => {
  expect(() => tagged(createCache())).toThrow(
    'this cache has no store of DiskCache: make it with createDiskStore(…) among its stores',
  );
});
