import { createKeyv, KeyvDiskStore, storeOf } from '@diskcache/keyv';
import Keyv4 from 'keyv4';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, test } from 'vitest';
import { listed } from '../support/caches.ts';
import { openSharded } from '../support/sharded.ts';

const KEYS = Array.from({ length: 30 }, (_, i) => `key ${String(i).padStart(2, '0')}`);

describe.for([
  ['Keyv 4', Keyv4 as never as typeof Keyv5],
  ['Keyv 5', Keyv5],
  ['Keyv 6', Keyv6 as never as typeof Keyv5],
] as const)('%s on a ShardedDiskCache', ([, Keyv]) => {
  function open() {
    const cache = openSharded();
    const keyv = createKeyv({ cache, namespace: 'ns', tags: (key) => [key.slice(0, 5)] }, { Keyv });
    return { cache, keyv, store: storeOf(keyv) };
  }

  test('stores in all shards, and gives back what was stored', async () => {
    const { cache, keyv } = open();
    for (const key of KEYS) await keyv.set(key, { key }, 60_000);
    expect(await keyv.get(KEYS)).toEqual(KEYS.map((key) => ({ key })));
    expect(await keyv.has('key 07')).toBe(true);
    expect(await keyv.delete('key 07')).toBe(true);
    expect(await keyv.get('key 07')).toBeUndefined();
    expect(await cache.count()).toBe(29);
    expect((await cache.entry('ns:key 08'))?.expires).toBeGreaterThan(Date.now());
  });

  test('evicts by tags, goes through its keys in order, and clears nothing else', async () => {
    const { cache, keyv, store } = open();
    await cache.set('other', 1);
    for (const key of KEYS) await keyv.set(key, 1);
    expect(await listed(store.keys())).toEqual(KEYS);
    expect(await listed(store.keys('*5'))).toEqual(['key 05', 'key 15', 'key 25']);
    expect(await store.evict('key 1')).toBe(10);
    expect(await listed(store.keys())).toEqual(KEYS.filter((key) => !key.startsWith('key 1')));
    await keyv.clear();
    expect(await listed(cache.keys())).toEqual(['other']);
  });

  test('computes once for calls at one time', async () => {
    const { store } = open();
    let computed = 0;
    const compute = async () => ++computed;
    expect(await Promise.all(KEYS.map(() => store.getOrSet('key', compute)))).toEqual(KEYS.map(() => 1));
  });
});

test('a store leaves a ShardedDiskCache open that it was given', async () => {
  const cache = openSharded();
  const keyv = createKeyv({ cache: cache }, { Keyv: Keyv5 });
  expect(storeOf(keyv).cache).toBe(cache);
  await keyv.disconnect();
  expect(await new KeyvDiskStore({ cache }).get('key')).toBeUndefined();
});
