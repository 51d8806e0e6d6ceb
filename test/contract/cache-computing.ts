import { expect, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import type { OpenNew } from './cache-verbs.ts';

class OfCompute extends Error {}

const failing = () => {
  throw new OfCompute('no value');
};

/** getOrSet, as both doors have it. */
export function cacheComputingSpec(openNew: OpenNew): void {
  test('getOrSet() returns what it computes, and from then on what is stored', async () => {
    const cache = openNew();
    let calls = 0;
    const get = () => cache.getOrSet('key', () => ({ call: ++calls }));
    expect(await get()).toEqual({ call: 1 });
    expect(await get()).toEqual({ call: 1 });
    expect(await cache.get('key')).toEqual({ call: 1 });
  });

  test('getOrSet() returns what is there without computing, null included', async () => {
    const cache = openNew();
    await cache.set('key', null);
    expect(await cache.getOrSet('key', failing)).toBeNull();
  });

  test('getOrSet() gives the key to the function', async () => {
    const cache = openNew();
    expect(await cache.getOrSet('the key', ({ key }) => `of ${String(key)}`)).toBe('of the key');
  });

  test('getOrSet() counts a hit where it found an entry, else a miss and a set', async () => {
    const cache = openNew();
    await cache.getOrSet('key', () => 1);
    await cache.getOrSet('key', () => 1);
    expect(await cache.stats()).toMatchObject({ hits: 1, misses: 1, sets: 1, count: 1 });
  });

  test('getOrSet() stores with the given tags', async () => {
    const cache = openNew();
    await cache.getOrSet('key', () => 1, { tags: ['a', 'b'] });
    expect((await cache.entry('key'))?.tags).toEqual(['a', 'b']);
    await cache.evict('b');
    expect(await cache.getOrSet('key', () => 2)).toBe(2);
  });

  test('getOrSet() stores with the given ttl, counted from the storing', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    const slow = () => {
      clock.advance(700);
      return clock.now();
    };
    const first = await cache.getOrSet('key', slow, { ttl: 1000 });
    expect((await cache.entry('key'))?.expires).toBe(first + 1000);
    clock.advance(999);
    expect(await cache.getOrSet('key', slow, { ttl: 1000 })).toBe(first);
    clock.advance(1);
    expect(await cache.getOrSet('key', slow, { ttl: 1000 })).toBe(first + 1700);
  });

  test("getOrSet() stores with the given deadline, or with the cache's ttl", async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock, ttl: 500 });
    await cache.getOrSet('a', () => 1, { expires: clock.now() + 100 });
    await cache.getOrSet('b', () => 1);
    expect([(await cache.entry('a'))?.expires, (await cache.entry('b'))?.expires]).toEqual([
      clock.now() + 100,
      clock.now() + 500,
    ]);
  });

  test('getOrSet() returns a value whose deadline has passed already, and does not store it', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    expect(await cache.getOrSet('key', () => 1, { expires: clock.now() })).toBe(1);
    expect(await cache.has('key')).toBe(false);
    expect(await cache.getOrSet('key', () => 2)).toBe(2);
  });

  test('ttl and tags can be functions of the value', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock, ttl: 500 });
    const options = {
      ttl: (value: { age?: number }) => value.age,
      tags: (value: { age?: number }) => Object.keys(value),
    };
    await cache.getOrSet('a', () => ({ age: 100 }), options);
    await cache.getOrSet('b', () => ({}), options);
    expect(await cache.entry('a')).toMatchObject({ expires: clock.now() + 100, tags: ['age'] });
    expect(await cache.entry('b')).toMatchObject({ expires: clock.now() + 500, tags: [] });
  });

  test.for<[string, object, string]>([
    ['ttl', { ttl: () => 0 }, 'ERR_DISKCACHE_TTL'],
    ['tags', { tags: () => 'tag' }, 'ERR_DISKCACHE_TAG'],
  ])('a %s function that returns what is none is an error of the call', async ([, options, code]) => {
    const cache = openNew();
    await expect(cache.getOrSet('key', () => 1, options)).rejects.toMatchObject({ code });
    expect(await cache.getOrSet('key', () => 2)).toBe(2);
  });

  test('a value that shouldCache refuses is returned and not stored', async () => {
    const cache = openNew();
    const options = { shouldCache: (value: number) => value > 1 };
    expect(await cache.getOrSet('key', () => 1, options)).toBe(1);
    expect(await cache.has('key')).toBe(false);
    expect(await cache.getOrSet('key', () => 2, options)).toBe(2);
    expect(await cache.get('key')).toBe(2);
  });

  test('undefined is returned and not stored', async () => {
    const cache = openNew();
    expect(await cache.getOrSet('key', () => undefined)).toBeUndefined();
    expect(await cache.count()).toBe(0);
    expect(await cache.getOrSet<unknown>('key', () => 1)).toBe(1);
  });

  test('what the function throws is what the call fails with, and the next call computes again', async () => {
    const cache = openNew();
    await expect(cache.getOrSet('key', failing)).rejects.toThrow(OfCompute);
    expect(await cache.getOrSet('key', () => 1)).toBe(1);
  });

  test('a value that cannot be stored is an error of the call', async () => {
    const cache = openNew();
    const call = cache.getOrSet('key', () => ({ method: () => 1 }));
    await expect(call).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
    expect(await cache.getOrSet('key', () => 1 as unknown)).toBe(1);
  });

  test('with errorTtl a failure is kept for so long, and told as such', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    const broken = () => {
      throw Object.assign(new RangeError('too far'), { code: 'E_FAR' });
    };
    await expect(cache.getOrSet('key', broken, { errorTtl: 1000 })).rejects.toThrow(RangeError);
    clock.advance(999);
    const again = cache.getOrSet('key', () => 'value');
    await expect(again).rejects.toThrow(
      /key "key" could not be computed \(RangeError: too far\), .*errorTtl/,
    );
    await expect(again).rejects.toMatchObject({
      name: 'DiskCacheError',
      code: 'ERR_DISKCACHE_KEPT_FAILURE',
      cause: { name: 'RangeError', message: 'too far', code: 'E_FAR' },
    });
    expect(await cache.has('key')).toBe(false);
    clock.advance(1);
    expect(await cache.getOrSet('key', () => 'value')).toBe('value');
  });

  test.for<[string, (cache: ReturnType<OpenNew>) => Promise<unknown>]>([
    ['delete()', (cache) => cache.delete('key')],
    ['deletePrefix()', (cache) => cache.deletePrefix('k')],
    ['clear()', (cache) => cache.clear()],
    ['transact()', (cache) => cache.transact((tx) => tx.delete('key'))],
  ])('%s of the key ends a kept failure', async ([, end]) => {
    const cache = openNew();
    await expect(cache.getOrSet('key', failing, { errorTtl: 1000 })).rejects.toThrow(OfCompute);
    await expect(cache.getOrSet('key', () => 1)).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_KEPT_FAILURE',
    });
    await end(cache);
    expect(await cache.getOrSet('key', () => 1)).toBe(1);
  });

  test('what is set in the place of a kept failure is returned', async () => {
    const cache = openNew();
    await expect(cache.getOrSet('key', failing, { errorTtl: 1000 })).rejects.toThrow(OfCompute);
    await cache.set('key', 'set');
    expect(await cache.getOrSet('key', failing)).toBe('set');
  });

  test('with staleIfError an expired value stands in for a failure, for so long and no longer', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    const options = { ttl: 100, staleIfError: 1000 };
    await cache.getOrSet('key', () => 'old', options);
    clock.advance(1099);
    expect(await cache.getOrSet('key', failing, options)).toBe('old');
    await expect(cache.getOrSet('key', failing, { ttl: 100 })).rejects.toThrow(OfCompute);
    clock.advance(1);
    await expect(cache.getOrSet('key', failing, options)).rejects.toThrow(OfCompute);
  });

  test('with staleIfError an expired value stands in for a kept failure', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    const options = { ttl: 100, staleIfError: 1000, errorTtl: 500 };
    await cache.getOrSet('key', () => 'old', options);
    clock.advance(100);
    expect(await cache.getOrSet('key', failing, options)).toBe('old');
    expect(await cache.getOrSet('key', () => 'new', options)).toBe('old');
    clock.advance(500);
    expect(await cache.getOrSet('key', () => 'new', options)).toBe('new');
  });

  test('an expired value that may stand in is there for getOrSet() alone', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.getOrSet('key', () => 'old', { ttl: 100, staleIfError: 1000 });
    clock.advance(100);
    expect(
      await Promise.all([cache.get('key'), cache.has('key'), cache.entry('key'), cache.count()]),
    ).toEqual([undefined, false, undefined, 0]);
    expect(await cache.delete('key')).toBe(false);
    await expect(cache.getOrSet('key', failing, { staleIfError: 1000 })).rejects.toThrow(OfCompute);
  });

  test('an expired value that may stand in stays until then, and then goes', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.getOrSet('key', () => 'old', { ttl: 100, staleIfError: 1000 });
    clock.advance(1099);
    expect(await cache.expire()).toBe(0);
    clock.advance(1);
    expect(await cache.expire()).toBe(1);
    expect(await cache.size()).toBe(0);
  });

  test('getOrSet() in a transaction is a part of it', async () => {
    const cache = openNew();
    const failed = cache.transact((tx) => {
      expect(tx.getOrSet('key', () => 'computed')).toBe('computed');
      expect(tx.getOrSet('key', failing)).toBe('computed');
      throw new OfCompute();
    });
    await expect(failed).rejects.toThrow(OfCompute);
    expect(await cache.has('key')).toBe(false);
    await cache.transact((tx) => tx.getOrSet('key', () => 'computed', { tags: ['tag'] }));
    expect(await cache.entry('key')).toMatchObject({ value: 'computed', tags: ['tag'] });
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  });
}
