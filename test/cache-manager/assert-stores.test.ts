import {
  assertStores,
  createDiskStore,
  diskStoreOf,
  DiskStore,
  legacyDiskStore,
  tagged,
} from '@diskcache/cache-manager';
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import { createCache } from 'cache-manager';
import { Cacheable } from 'cacheable';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';

afterEach(() => vi.restoreAllMocks());

const sentence = 'is a Keyv 6 or a Cacheable, with which cache-manager computes every wrap() anew';

/** Why assertStores() is there; should this fail, cache-manager has learnt it. */
test('wrap() of cache-manager 7 on a Keyv 6 computes each time, without a word', async () => {
  const cache = createCache({ stores: [new Keyv6() as never] });
  const compute = vi.fn(() => 'text');
  for (let i = 0; i < 3; i++) await cache.wrap('key', compute, 60_000);
  expect(compute).toHaveBeenCalledTimes(3);
});

describe('assertStores()', () => {
  test('refuses a Keyv 6, on a disk store too, and says which', () => {
    const onDisk = new Keyv6({ store: new KeyvDiskStore({ cache: openCache() }) });
    for (const keyv of [new Keyv6(), onDisk]) {
      const cache = createCache({ stores: [createDiskStore({ cache: openCache() }), keyv as never] });
      expect(() => assertStores(cache)).toThrow(`stores[1] ${sentence}`);
    }
  });

  test('refuses a Cacheable', () => {
    const cache = createCache({ stores: [new Cacheable() as never] });
    expect(() => assertStores(cache)).toThrow(`stores[0] ${sentence}`);
  });

  test.for([
    ['a KeyvDiskStore, which is for a Keyv', () => new KeyvDiskStore({ cache: openCache() })],
    ['a legacyDiskStore(), which is for cache-manager 5', () => legacyDiskStore({ cache: openCache() })],
  ] as const)('refuses %s', ([wrong, open]) => {
    const cache = createCache({ stores: [open() as never] });
    expect(() => assertStores(cache)).toThrow(`stores[0] is ${wrong}, with which`);
  });

  test('takes a DiskStore, a Keyv 5, and a Keyv of either version that createKeyv() made', () => {
    const cache = openCache();
    const stores = [
      createDiskStore({ cache }),
      new Keyv5(),
      createKeyv({ cache }, { Keyv: Keyv5 }),
      createKeyv({ cache }, { Keyv: Keyv6 }),
    ];
    expect(() => assertStores(createCache({ stores: stores as never }))).not.toThrow();
  });

  test('is asked by diskStoreOf() and tagged()', () => {
    const cache = createCache({ stores: [new Keyv6() as never, createDiskStore({ cache: openCache() })] });
    expect(() => diskStoreOf(cache)).toThrow(sentence);
    expect(() => tagged(cache)).toThrow(sentence);
  });
});

describe('a store that is given to the wrong one, or to two', () => {
  test('a DiskStore, to cache-manager and then to a Keyv, refuses the Keyv', async () => {
    const store = new DiskStore({ cache: openCache() });
    await store.set('key', 1);
    expect(() => new Keyv5({ store })).toThrow(
      'this DiskStore is in use by cache-manager, and a Keyv calls it differently: ' +
        'give each a store of its own, new DiskStore({ cache })',
    );
  });

  test('a KeyvDiskStore, to cache-manager, tells of each wrap() by an error', async () => {
    const store = new KeyvDiskStore({ cache: openCache() });
    const errors: unknown[] = [];
    store.on('error', (error: unknown) => errors.push(error));
    expect(await createCache({ stores: [store as never] }).wrap('key', () => 'computed')).toBe('computed');
    const message =
      'a KeyvDiskStore is for a Keyv, and cache-manager calls it differently: ' +
      'give it createDiskStore(…) of @diskcache/cache-manager, or createKeyv(…)';
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION', message })]);
  });

  test('a DiskStore, to a Keyv and then to cache-manager, tells of each wrap() by an error', async () => {
    const store = createDiskStore({ cache: openCache() });
    await new Keyv5({ store }).set('key', 1);
    const errors: unknown[] = [];
    store.on('error', (error: unknown) => errors.push(error));
    const cache = createCache({ stores: [store] });
    expect(await cache.wrap('key', () => 'computed')).toBe('computed');
    const message =
      'this DiskStore works for a Keyv, and cache-manager calls it differently: ' +
      'give each a store of its own, new DiskStore({ cache })';
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION', message })]);
  });

  test('a DiskStore may be put into a Keyv whose namespace changes later', async () => {
    const keyv = new Keyv5({ store: new DiskStore({ cache: openCache() }) });
    await keyv.set('key', 1);
    keyv.namespace = 'another';
    expect(await keyv.get('key')).toBeUndefined();
  });
});

test('a legacyDiskStore() in cache-manager 7 warns when wrap() or ttl() cannot work, once', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const cache = createCache({ stores: [legacyDiskStore({ cache: openCache() }) as never] });
  expect(await cache.wrap('key', () => 'computed')).toBe('computed');
  expect(await cache.ttl('key')).toBeUndefined();
  expect(warned.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' })]]);
  expect(String(warned.mock.calls[0]![0])).toContain('give them createDiskStore(…)');
});

test('a DiskStore that is put into a Keyv 6 warns, once', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const store = new DiskStore({ cache: openCache() });
  for (let i = 0; i < 2; i++) new Keyv6({ store });
  expect(warned).toHaveBeenCalledOnce();
  expect(warned.mock.calls[0]![0]).toContain('a DiskStore was put into a Keyv 6');
});

test("clear() of a Keyv leaves alone what is outside of its store's own namespace", async () => {
  const disk = openCache();
  await disk.set('other', 1);
  const store = new DiskStore({ cache: disk, namespace: 'own' });
  const keyv = new Keyv5({ store, namespace: '' });
  await keyv.set('key', 1);
  await keyv.clear();
  expect(await disk.has('other')).toBe(true);
  expect(await disk.count()).toBe(1);
});
