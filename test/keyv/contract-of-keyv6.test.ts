import { KeyvDiskStore } from '@diskcache/keyv';
import { Keyv } from 'keyv6';
import { describe, expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** What Keyv 6 asks of a storage adapter that it calls directly. */
function openStore() {
  const clock = new FakeClock(Date.now());
  const cache = openCache({ clock });
  const store = new KeyvDiskStore({ cache, contract: 6 });
  return { clock, cache, store, in: (ms: number) => clock.now() + ms };
}

function openKeyv(options: object = {}) {
  const clock = new FakeClock(Date.now());
  const cache = openCache({ clock });
  const keyv = new Keyv({ store: new KeyvDiskStore({ cache }), ...options });
  keyv.on('error', (error: unknown) => expect.fail(String(error)));
  return { clock, cache, keyv };
}

describe('a store under the contract of Keyv 6', () => {
  test('get() gives the string that set() got', async () => {
    const { store } = openStore();
    expect(await store.set('key', '{"value":"ä"}')).toBe(true);
    expect(await store.get('key')).toBe('{"value":"ä"}');
  });

  test('get() of a missing key is undefined', async () => {
    expect(await openStore().store.get('missing')).toBeUndefined();
  });

  test('delete() tells whether the key was there', async () => {
    const { store } = openStore();
    await store.set('key', 'text');
    expect(await store.delete('key')).toBe(true);
    expect(await store.delete('key')).toBe(false);
    expect(await store.has('key')).toBe(false);
  });

  test('setMany() of nothing is nothing, getMany(), hasMany() and deleteMany() too', async () => {
    const { store } = openStore();
    expect(await store.setMany([])).toEqual([]);
    expect(await store.getMany([])).toEqual([]);
    expect(await store.hasMany([])).toEqual([]);
    expect(await store.deleteMany([])).toEqual([]);
  });

  test('getMany() keeps order, misses and repetitions', async () => {
    const { store } = openStore();
    await store.setMany([
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ]);
    expect(await store.getMany(['b', 'none', 'a', 'b'])).toEqual(['2', undefined, '1', '2']);
    expect(await store.hasMany(['b', 'none', 'a'])).toEqual([true, false, true]);
  });

  test('deleteMany() tells of each key whether it was there', async () => {
    const { store } = openStore();
    await store.set('a', '1');
    expect(await store.deleteMany(['a', 'none'])).toEqual([true, false]);
  });

  test('an entry lives until its deadline and not a millisecond longer', async () => {
    const { store, clock, in: in_ } = openStore();
    await store.set('key', 'text', in_(300));
    clock.advance(299);
    expect(await store.get('key')).toBe('text');
    clock.advance(1);
    expect(await store.get('key')).toBeUndefined();
    expect(await store.has('key')).toBe(false);
    expect(await listed(store.iterator())).toEqual([]);
  });

  test('a deadline that has passed is accepted and removes what was there', async () => {
    const { store, in: in_ } = openStore();
    await store.set('key', 'old');
    expect(await store.set('key', 'new', in_(-1))).toBe(true);
    expect(await store.get('key')).toBeUndefined();
  });

  test.for([NaN, Infinity, undefined, Number.MAX_SAFE_INTEGER])(
    'a deadline of %s is no limit',
    async (expires) => {
      const { store, cache } = openStore();
      await store.set('key', 'text', expires);
      expect(await cache.entry('key')).toMatchObject({ expires: undefined });
    },
  );

  test('setMany() gives each entry its own deadline', async () => {
    const { store, clock, in: in_ } = openStore();
    expect(
      await store.setMany([
        { key: 'short', value: '1', expires: in_(10) },
        { key: 'long', value: '2' },
      ]),
    ).toEqual([true, true]);
    clock.advance(10);
    expect(await store.getMany(['short', 'long'])).toEqual([undefined, '2']);
  });

  test('the namespace is undefined at first, and can be set and unset', () => {
    const { store } = openStore();
    expect(store.namespace).toBeUndefined();
    store.namespace = 'ns';
    expect(store.namespace).toBe('ns');
    store.namespace = undefined;
    expect(store.namespace).toBeUndefined();
  });

  test('iterator() yields only the keys of the namespace, without it', async () => {
    const { store } = openStore();
    store.namespace = 'one';
    await store.set('a', '1');
    store.namespace = 'two';
    await store.set('b:c', '2');
    expect(await listed(store.iterator())).toEqual([['b:c', '2']]);
  });

  test('disconnect() resolves, twice as well', async () => {
    const { store } = openStore();
    await store.disconnect();
    await expect(store.disconnect()).resolves.toBeUndefined();
  });
});

describe('Keyv 6', () => {
  test('uses the store itself, with no bridge in between', () => {
    const store = new KeyvDiskStore({ cache: openCache() });
    expect(new Keyv({ store }).store).toBe(store);
  });

  test('with its serializer stores and gives back values', async () => {
    const { keyv } = openKeyv();
    expect(await keyv.set('key', { a: [1, null, 'x'] })).toBe(true);
    expect(await keyv.get('key')).toEqual({ a: [1, null, 'x'] });
    expect(await keyv.setMany([{ key: 'b', value: 2 }])).toEqual([true]);
    expect(await keyv.getMany(['b', 'none'])).toEqual([2, undefined]);
    expect(await keyv.has(['key', 'none'])).toEqual([true, false]);
    expect(await keyv.delete(['key', 'none'])).toEqual([true, false]);
  });

  test('gives raw values with their deadline, and takes them', async () => {
    const { keyv } = openKeyv({ serialization: false });
    const expires = Date.now() + 60_000;
    expect(await keyv.setRaw('key', { value: 'text', expires })).toBe(true);
    expect(await keyv.getRaw('key')).toEqual({ value: 'text', expires });
    expect(await keyv.getManyRaw(['key', 'none'])).toEqual([{ value: 'text', expires }, undefined]);
  });

  test.for([{}, { serialization: false }] as object[])(
    'stores nothing of raw values whose deadline is long past, and removes what was there (%o)',
    async (options) => {
      const { keyv, cache } = openKeyv(options);
      await keyv.setMany(['one', 'many', 'other'].map((key) => ({ key, value: 'old' })));
      expect(await keyv.setRaw('one', { value: 'new', expires: 5 })).toBe(true);
      expect(
        await keyv.setManyRaw([
          { key: 'many', value: { value: 'new', expires: 4.5 } },
          { key: 'other', value: { value: 'new', expires: -5 } },
        ]),
      ).toEqual([true, true]);
      expect(await keyv.getMany(['one', 'many', 'other'])).toEqual([undefined, undefined, undefined]);
      expect(await listed(cache.keys())).toEqual([]);
    },
  );

  test('gives back raw values with properties of their own', async () => {
    const { keyv } = openKeyv({ serialization: false });
    const raw = { value: 'text', expires: undefined, etag: '"1"' };
    await keyv.setRaw('key', raw);
    expect(await keyv.getRaw('key')).toEqual(raw);
  });

  test('expires entries by its ttl', async () => {
    const { keyv, clock } = openKeyv({ serialization: false, checkExpired: false });
    await keyv.set('key', 'text', 1000);
    clock.advance(900);
    expect(await keyv.get('key')).toBe('text');
    clock.advance(10_000);
    expect(await keyv.get('key')).toBeUndefined();
    expect(await keyv.has('key')).toBe(false);
  });

  test.for([0, -5, NaN, Infinity])('takes a ttl of %s for none', async (ttl) => {
    const { keyv, cache } = openKeyv({ serialization: false });
    await keyv.set('key', 'text', ttl);
    expect(await cache.entry('key')).toMatchObject({ value: 'text', expires: undefined });
  });

  test('iterates over the entries of its namespace', async () => {
    const { keyv, cache } = openKeyv({ namespace: 'ns' });
    await keyv.set('a', 1);
    await keyv.set('b', { c: 2 });
    await cache.set('nsx', 'not of the namespace');
    expect(await listed(keyv.iterator())).toEqual([
      ['a', 1],
      ['b', { c: 2 }],
    ]);
  });

  test('keeps the namespace that the store was made with when it has none', async () => {
    const cache = openCache();
    const keyv = new Keyv({ store: new KeyvDiskStore({ cache, namespace: 'mine' }) });
    await keyv.set('a', 1);
    expect(keyv.namespace).toBe('mine');
    expect(await cache.has('mine:a')).toBe(true);
  });
});
