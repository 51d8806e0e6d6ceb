import type { CacheStore, DiskCache } from '@diskcache/core';
import { createKeyv, KeyvDiskStore, storeOf, withTags } from '@diskcache/keyv';
import type { Keyv, KeyvStoreAdapter } from 'keyv';
import Keyv4 from 'keyv4';
import { Keyv as Keyv5, type KeyvStoreAdapter as Keyv5StoreAdapter } from 'keyv5';
import { Keyv as Keyv6, type KeyvStorageAdapter as Keyv6StorageAdapter } from 'keyv6';
import { expect, expectTypeOf, test } from 'vitest';

/** Checked by the compiler; what runs is only to call it. */
declare const cache: DiskCache;
const compiles = (check: () => unknown) => expect(check).toBeTypeOf('function');

test('a store is a storage adapter of Keyv 5 and of Keyv 6 without a cast', () => {
  expectTypeOf<KeyvDiskStore>().toExtend<KeyvStoreAdapter>();
  expectTypeOf<KeyvDiskStore>().toExtend<Keyv5StoreAdapter>();
  expectTypeOf<KeyvDiskStore>().toExtend<Keyv6StorageAdapter>();
  compiles(() => [
    new Keyv5({ store: new KeyvDiskStore({ cache }) }),
    new Keyv5(new KeyvDiskStore({ cache })),
    new Keyv6({ store: new KeyvDiskStore({ cache }) }),
    new Keyv6(new KeyvDiskStore({ cache })),
  ]);
});

test('createKeyv() has the type of the Keyv that is installed or given', () => {
  compiles(() => {
    expectTypeOf(createKeyv({ cache })).toEqualTypeOf<Keyv>();
    expectTypeOf(createKeyv({ cache }, { Keyv: Keyv4 })).toExtend<Keyv4>();
    expectTypeOf(createKeyv({ cache }, { Keyv: Keyv5 })).toExtend<Keyv5>();
    expectTypeOf(createKeyv({ cache }, { Keyv: Keyv6 })).toExtend<Keyv6>();
  });
});

test('options that cannot be right do not compile', () => {
  compiles(() => {
    createKeyv({ directory: './cache', sizeLimit: 5, ttl: 5, namespace: 'ns' });
    createKeyv({ cache, ttl: 5, namespace: 'ns' });
    // @ts-expect-error neither a directory nor a cache
    createKeyv({ ttl: 5 });
    // @ts-expect-error both
    createKeyv({ directory: './cache', cache });
    // @ts-expect-error an unknown option
    createKeyv({ directory: './cache', sizeLimt: 5 });
    // @ts-expect-error there is no Keyv 7 contract
    new KeyvDiskStore({ cache, contract: 7 });
  });
});

test('the cache of a store is what any cache is to an adapter', () => {
  expectTypeOf<KeyvDiskStore['cache']>().toEqualTypeOf<CacheStore>();
});

test('tags are a list, or a function that makes one of key and value', () => {
  compiles(() => {
    createKeyv({ cache, tags: ['a'], pinned: (key) => key.startsWith('a') });
    new KeyvDiskStore({ cache, tags: (key, value) => (value === null ? undefined : [key]) });
    expectTypeOf(withTags(['a'], async () => 5)).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error a string is no list
    createKeyv({ cache, tags: 'a' });
    // @ts-expect-error nor what a function may make
    createKeyv({ cache, tags: (key) => key });
    // @ts-expect-error a rule is a function
    createKeyv({ cache, pinned: ['a'] });
  });
});

test('the verbs of a store know their types', () => {
  compiles(() => {
    const store = storeOf(createKeyv({ cache }));
    expectTypeOf(store).toEqualTypeOf<KeyvDiskStore>();
    expectTypeOf(store.evict('a')).toEqualTypeOf<Promise<number>>();
    expectTypeOf(store.keys('a*')).toExtend<AsyncIterable<string>>();
    const user = store.getOrSet('user', async () => ({ team: 7 }), {
      ttl: (found) => found.team,
      tags: (found) => [`team:${found.team}`],
    });
    expectTypeOf(user).toEqualTypeOf<Promise<{ team: number }>>();
    // @ts-expect-error there is no such property
    void store.getOrSet('user', () => ({ team: 7 }), { tags: (found) => [found.name] });
    // @ts-expect-error a pattern is text
    store.keys(/a/);
  });
});
