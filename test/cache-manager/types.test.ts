import {
  createDiskStore,
  DiskStore,
  diskStoreOf,
  type LegacyDiskStore,
  legacyDiskStore,
  tagged,
} from '@diskcache/cache-manager';
import type { DiskCache } from '@diskcache/core';
import { type Cache, createCache } from 'cache-manager';
import type { KeyvStoreAdapter as Keyv5StoreAdapter } from 'keyv5';
import type { KeyvStorageAdapter as Keyv6StorageAdapter } from 'keyv6';
import { expect, expectTypeOf, test } from 'vitest';

/** Checked by the compiler; what runs is only to call it. */
declare const cache: DiskCache;
const compiles = (check: () => unknown) => expect(check).toBeTypeOf('function');

test('createCache() takes the store without a cast', () => {
  compiles(() => {
    const store = createDiskStore({ directory: './cache', sizeLimit: 5_000_000 });
    expectTypeOf(createCache({ stores: [store] })).toEqualTypeOf<Cache>();
    // @ts-expect-error the bare class has not the type that cache-manager wants
    createCache({ stores: [new DiskStore({ cache })] });
  });
});

test('the store has what cache-manager has no verbs for', () => {
  compiles(() => {
    const store = createDiskStore({ cache });
    expectTypeOf(store.evict('tag')).toEqualTypeOf<Promise<number>>();
    expectTypeOf(store.set('key', 1, { ttl: 5, tags: ['a'] })).resolves.toEqualTypeOf<boolean>();
    expectTypeOf(store.get<string>('key')).resolves.toEqualTypeOf<string | undefined>();
    expectTypeOf(diskStoreOf(createCache({ stores: [store] }))).toEqualTypeOf<DiskStore>();
    // @ts-expect-error tags are a list
    void store.set('key', 1, { tags: 'a' });
  });
});

test('a DiskStore is a storage adapter of Keyv 5 and of Keyv 6', () => {
  expectTypeOf<DiskStore>().toExtend<Keyv5StoreAdapter>();
  expectTypeOf<DiskStore>().toExtend<Keyv6StorageAdapter>();
});

test('tagged() knows the type of what is computed', () => {
  compiles(() => {
    const books = tagged(createCache({ stores: [createDiskStore({ cache })] }));
    const book = books.wrap('book', () => ({ author: 'Ada' }), {
      ttl: (found) => found.author.length,
      tags: (found) => [found.author],
    });
    expectTypeOf(book).toEqualTypeOf<Promise<{ author: string }>>();
    void books.set('count', 5, { tags: (count) => [count.toFixed()] });
    // @ts-expect-error there is no such property
    void books.wrap('book', () => ({ author: 'Ada' }), { tags: (found) => [found.title] });
    // @ts-expect-error tags are a list
    void books.set('book', 5, { tags: 'a' });
    // @ts-expect-error a cache-manager cache has a wrap() and a set()
    tagged(new Map());
  });
});

test('the legacy store takes the options of a DiskStore and isCacheable', () => {
  compiles(() => {
    const store = legacyDiskStore({
      directory: './cache',
      sizeLimit: 5_000,
      isCacheable: (value) => value !== null,
    });
    expectTypeOf(store).toEqualTypeOf<LegacyDiskStore>();
    expectTypeOf(store.disk).toEqualTypeOf<DiskStore>();
    // @ts-expect-error an unknown option
    legacyDiskStore({ directory: './cache', isCachable: () => true });
    // @ts-expect-error both
    legacyDiskStore({ directory: './cache', cache });
  });
});
