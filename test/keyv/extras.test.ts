import { createKeyv, KeyvDiskStore, storeOf, type Tags, withTags } from '@diskcache/keyv';
import Keyv4 from 'keyv4';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, test, vi } from 'vitest';
import { listed, openCache } from '../support/caches.ts';

interface AnyKeyv {
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  get(key: string): Promise<unknown>;
}
type KeyvClass = new (options: { store: KeyvDiskStore; namespace?: string }) => AnyKeyv;

const versions = [
  ['Keyv 4', Keyv4 as never as KeyvClass],
  ['Keyv 5', Keyv5 as never as KeyvClass],
  ['Keyv 6', Keyv6 as never as KeyvClass],
] as const;

describe.for(versions)('%s', ([, Keyv]) => {
  function open(options: { tags?: Tags; namespace?: string } = {}) {
    const cache = openCache();
    const keyv = createKeyv({ cache, ...options }, { Keyv });
    return { cache, keyv, store: storeOf(keyv) };
  }

  test('gives the tags of its option to all that is set, and evicts by them', async () => {
    const { keyv, store } = open({ tags: ['all'] });
    await keyv.set('a', 1);
    await keyv.set('b', 2);
    expect(await store.evict('all')).toBe(2);
    expect(await keyv.get('a')).toBeUndefined();
  });

  test('tells tags from key and value, the key without the namespace', async () => {
    const { cache, keyv } = open({
      namespace: 'ns',
      tags: (key, value) => [key, `team:${(value as { team: number }).team}`],
    });
    await keyv.set('ada', { team: 7 });
    expect(await cache.entry('ns:ada')).toMatchObject({ tags: ['ada', 'team:7'] });
  });

  test('with its serializer tells tags from key and value too', async () => {
    const cache = openCache();
    const store = new KeyvDiskStore({ cache, tags: (key, value) => [key, String(value)] });
    await new Keyv({ store, namespace: 'ns' }).set('key', 'text');
    expect(await cache.entry('ns:key')).toMatchObject({ tags: ['key', 'text'] });
  });

  test('gives the tags of withTags() to what is set in it, and to nothing else', async () => {
    const { cache, keyv } = open({ tags: () => ['others'] });
    await withTags(['one', 'two'], () => keyv.set('tagged', 1));
    await keyv.set('other', 2);
    expect(await cache.entry('keyv:tagged')).toMatchObject({ tags: ['one', 'two'] });
    expect(await cache.entry('keyv:other')).toMatchObject({ tags: ['others'] });
  });

  test('goes through its keys by a pattern, and not through those of another', async () => {
    const { cache, keyv, store } = open();
    for (const key of ['user:1', 'user:22', 'user.1', 'page:1']) await keyv.set(key, 1);
    await cache.set('other:user:3', 1);
    expect(await listed(store.keys('user:*'))).toEqual(['user:1', 'user:22']);
    expect(await listed(store.keys('*1'))).toEqual(['page:1', 'user.1', 'user:1']);
    expect(await listed(store.keys('user?1'))).toEqual(['user.1', 'user:1']);
    expect(await listed(store.keys('user:1'))).toEqual(['user:1']);
    expect(await listed(store.keys())).toHaveLength(4);
  });

  test('goes through the keys of a tag', async () => {
    const { keyv, store } = open({ tags: (key) => [key.split(':')[0]!] });
    for (const key of ['user:1', 'page:1', 'user:2']) await keyv.set(key, 1);
    expect(await listed(store.keys('*', { tag: 'user' }))).toEqual(['user:1', 'user:2']);
  });

  test('deletes by the beginning of a key, in its own namespace', async () => {
    const { cache, keyv, store } = open();
    for (const key of ['user:1', 'user:2', 'page:1']) await keyv.set(key, 1);
    await cache.set('user:3', 1);
    expect(await store.deletePrefix('user:')).toBe(2);
    expect(await listed(cache.keys())).toEqual(['keyv:page:1', 'user:3']);
  });

  test('gets from getOrSet() what it has, and stores for get() what is computed', async () => {
    const { cache, keyv, store } = open();
    await keyv.set('there', new Date(0));
    expect(await store.getOrSet('there', () => expect.fail('computed'))).toEqual(new Date(0));
    const compute = vi.fn(() => ({ bytes: Buffer.from('x'), map: new Map([[1, 2n]]) }));
    const options = {
      ttl: 60_000,
      tags: (value: { map: Map<number, bigint> }) => [`size ${value.map.size}`],
    };
    for (let i = 0; i < 2; i++) expect(await store.getOrSet('key', compute, options)).toEqual(compute());
    expect(compute).toHaveBeenCalledTimes(3);
    expect(await keyv.get('key')).toEqual(compute());
    expect(await cache.entry('keyv:key')).toMatchObject({ tags: ['size 1'], expires: expect.any(Number) });
  });
});

describe('getOrSet() of a store', () => {
  const open = (options: { tags?: Tags } = {}) => {
    const keyv = createKeyv({ cache: openCache(), ...options }, { Keyv: Keyv5 });
    return { keyv, store: storeOf(keyv) };
  };

  test('computes once for calls of several stores on one cache', async () => {
    const cache = openCache();
    const stores = [1, 2].map(() => storeOf(createKeyv({ cache }, { Keyv: Keyv5 })));
    const compute = vi.fn(async () => 'computed');
    expect(await Promise.all(stores.map((store) => store.getOrSet('key', compute)))).toEqual([
      'computed',
      'computed',
    ]);
    expect(compute).toHaveBeenCalledOnce();
  });

  test('gives its first caller what later ones get: a class instance as plain data', async () => {
    class Point {
      x = 1;
    }
    const { store } = open();
    for (let i = 0; i < 2; i++) {
      expect(await store.getOrSet('key', () => new Point())).toStrictEqual({ x: 1 });
    }
  });

  test('returns undefined without storing it', async () => {
    const { keyv, store } = open();
    expect(await store.getOrSet('key', () => undefined)).toBeUndefined();
    expect(await keyv.has('key')).toBe(false);
  });

  test('reads what a Keyv with serializer has stored', async () => {
    const cache = openCache();
    const store = new KeyvDiskStore({ cache });
    await new Keyv5({ store, namespace: 'keyv' }).set('key', { bytes: Buffer.from('x') });
    expect(await store.getOrSet('key', () => expect.fail('computed'))).toEqual({ bytes: Buffer.from('x') });
  });

  test('gives the tags of the store to what it stores without any', async () => {
    const { store } = open({ tags: (key, value) => [key, String(value)] });
    await store.getOrSet('key', () => 5);
    expect(await store.evict('5')).toBe(1);
    await store.getOrSet('key', () => 5, { tags: ['own'] });
    expect(await store.evict('key')).toBe(0);
    expect(await store.evict('own')).toBe(1);
  });

  test.for([
    [{ ttl: 'soon' }, 'ttl must be a number of milliseconds above 0'],
    [{ tttl: 5 }, "unknown option 'tttl'"],
    [5, 'options must be an object'],
  ])('refuses the options %o by name', async ([options, sentence]) => {
    const { store } = open();
    await expect(store.getOrSet('key', () => 1, options as never)).rejects.toThrow(sentence as string);
  });

  test('refuses what is no function, and no key', async () => {
    const { store } = open();
    await expect(store.getOrSet('key', 5 as never)).rejects.toThrow('compute must be a function');
    await expect(store.getOrSet(5 as never, () => 1)).rejects.toThrow('a key must be a string');
  });
});

describe('withTags()', () => {
  test('returns what the work returns', () => {
    expect(withTags(['a'], () => 5)).toBe(5);
  });

  test('refuses what are no tags', () => {
    expect(() => withTags('a' as never, () => 1)).toThrow(
      "'tags' must be a list of strings, or a function that makes one of key and value; given 'a'",
    );
  });

  test('refuses what is no function to work in', () => {
    expect(() => withTags(['a'], undefined as never)).toThrow("'work' must be a function");
  });

  test('of an inner call counts instead of that around it', async () => {
    const cache = openCache();
    const keyv = createKeyv({ cache }, { Keyv: Keyv5 });
    await withTags(['outer'], async () => {
      await withTags(['inner'], () => keyv.set('a', 1));
      await keyv.set('b', 2);
    });
    expect(await cache.entryMany(['keyv:a', 'keyv:b'])).toMatchObject([
      { tags: ['inner'] },
      { tags: ['outer'] },
    ]);
  });

  test('with a function that says nothing of a key leaves it to the store', async () => {
    const cache = openCache();
    const keyv = createKeyv({ cache, tags: ['store'] }, { Keyv: Keyv5 });
    await withTags(
      (key) => (key === 'a' ? ['a'] : undefined),
      () =>
        keyv.setMany([
          { key: 'a', value: 1 },
          { key: 'b', value: 2 },
        ]),
    );
    expect(await cache.entryMany(['keyv:a', 'keyv:b'])).toMatchObject([{ tags: ['a'] }, { tags: ['store'] }]);
  });
});

test('stats() tells what the cache holds and what was done with it', async () => {
  const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv6 });
  await keyv.set('a', 1);
  await keyv.get('a');
  await keyv.get('none');
  expect(await storeOf(keyv).stats()).toMatchObject({ count: 1, hits: 1, misses: 1, sets: 1 });
});

test('keys() refuses a pattern that is none', async () => {
  const store = new KeyvDiskStore({ cache: openCache() });
  await expect(listed(store.keys(/user/ as never))).rejects.toThrow(
    "a pattern of keys must be a string, such as 'user:*'; given /user/",
  );
});

test('storeOf() says when a Keyv has another store', () => {
  for (const keyv of [new Keyv5(), undefined as never]) {
    expect(() => storeOf(keyv)).toThrow('this Keyv has no KeyvDiskStore: make it by createKeyv(…)');
  }
});
