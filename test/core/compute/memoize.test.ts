import { type Key, type Memoized, type MemoizedSync } from '@diskcache/core';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let calls = 0;

async function price(item: string, { currency = 'EUR', pieces = 1 } = {}) {
  calls++;
  return { item, currency, pieces };
}

describe('memoize() of DiskCache', () => {
  test('gives what the function gives, which is called once for the same arguments', async () => {
    const memoized = openCache().memoize(price);
    calls = 0;
    expect(await memoized('tea', { pieces: 2, currency: 'USD' })).toEqual(
      await price('tea', { currency: 'USD', pieces: 2 }),
    );
    await memoized('tea', { currency: 'USD', pieces: 2 });
    expect(calls).toBe(2);
    await memoized('tea');
    await memoized('tea', undefined);
    expect(calls).toBe(3);
  });

  test('keys are the name and the arguments, told by key()', async () => {
    const cache = openCache();
    const memoized = cache.memoize(price);
    expect(memoized.key('tea', { pieces: 2 })).toBe('price:"tea",{"pieces":2}');
    await memoized('tea', { pieces: 2 });
    expect(await cache.has(memoized.key('tea', { pieces: 2 }))).toBe(true);
    expect(cache.memoize(price, { name: 'prices/2' }).key('tea')).toBe('prices/2:"tea"');
    expect(cache.memoize(price, { key: (item) => `p-${item}` }).key('tea')).toBe('p-tea');
  });

  test('delete() removes the entry of its arguments, and no other', async () => {
    const memoized = openCache().memoize(price);
    calls = 0;
    await memoized('tea');
    await memoized('rice');
    expect(await memoized.delete('tea')).toBe(true);
    expect(await memoized.delete('tea')).toBe(false);
    await memoized('rice');
    expect(calls).toBe(2);
    await memoized('tea');
    expect(calls).toBe(3);
  });

  test('the function can be reached, and its name and length are those of the memoized one', () => {
    const memoized = openCache().memoize(price);
    expect(memoized.fn).toBe(price);
    expect([memoized.name, memoized.length]).toEqual(['price', 1]);
    expect(openCache().memoize(price, { name: 'other' }).name).toBe('other');
  });

  test('this is passed on', async () => {
    const cache = openCache();
    const shop = {
      factor: 3,
      times: cache.memoize(async function times(this: { factor: number }, n: number) {
        return this.factor * n;
      }),
    };
    expect(await shop.times(5)).toBe(15);
  });

  test('takes the options of getOrSet()', async () => {
    const clock = new FakeClock();
    const cache = openCache({ clock });
    const memoized = cache.memoize(price, {
      ttl: ({ pieces }) => pieces * 1000,
      tags: ({ item }) => [item],
      shouldCache: ({ currency }) => currency === 'EUR',
    });
    await memoized('tea', { pieces: 5 });
    await memoized('tea', { currency: 'USD' });
    const entry = await cache.entry(memoized.key('tea', { pieces: 5 }));
    expect(entry).toMatchObject({ expires: clock.now() + 5000, tags: ['tea'] });
    expect(await cache.count()).toBe(1);
  });

  test('what the function throws is what the call rejects with, each time', async () => {
    const memoized = openCache().memoize(
      (n: number) => {
        throw new RangeError(`${n}`);
      },
      { name: 'failing' },
    );
    await expect(memoized(1)).rejects.toThrow(RangeError);
    await expect(memoized(1)).rejects.toThrow(RangeError);
  });

  test('arguments that make no key are refused by a rejection', async () => {
    const memoized = openCache().memoize((given: unknown) => given, { name: 'same' });
    await expect(memoized(() => 1)).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_DISKCACHE_KEY',
      message: expect.stringMatching(/^part 0 of a key must be made of .*; given a function$/),
    });
    await expect(memoized.delete(Symbol('s'))).rejects.toMatchObject({ code: 'ERR_DISKCACHE_KEY' });
    const wrong = openCache().memoize((given: unknown) => given, { key: () => NaN });
    await expect(wrong(1)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_KEY' });
  });

  test('has the parameters and the result of the function as its types', () => {
    const cache = openCache();
    const memoized = cache.memoize(price);
    expectTypeOf(memoized).toEqualTypeOf<Memoized<typeof price>>();
    expectTypeOf(memoized).parameters.toEqualTypeOf<Parameters<typeof price>>();
    expectTypeOf(memoized).returns.toEqualTypeOf<ReturnType<typeof price>>();
    expectTypeOf(memoized.key).parameters.toEqualTypeOf<Parameters<typeof price>>();
    expectTypeOf(memoized.delete).returns.toEqualTypeOf<Promise<boolean>>();
    const fromSync = cache.memoize((n: number) => n > 1, { name: 'sync' });
    expectTypeOf(fromSync).returns.toEqualTypeOf<Promise<boolean>>();
    // @ts-expect-error a key function gets the function's own arguments
    cache.memoize(price, { key: (item: number) => item });
    // @ts-expect-error a ttl function gets the result
    cache.memoize(price, { ttl: (value: string) => value.length });
  });
});

describe('memoize() of DiskCacheSync', () => {
  const square = (n: number) => {
    calls++;
    return n * n;
  };

  test('gives what the function gives, which is called once for the same arguments', () => {
    const memoized = openSync().memoize(square);
    calls = 0;
    expect([memoized(3), memoized(3), memoized(4), calls]).toEqual([9, 9, 16, 2]);
    expect([memoized.key(3), memoized.delete(3), memoized.delete(3)]).toEqual(['square:3', true, false]);
    expect([memoized.fn, memoized.name, memoized.length]).toEqual([square, 'square', 1]);
  });

  test('passes this on, and refuses an asynchronous function when it is called', () => {
    const cache = openSync();
    const times = cache.memoize(function times(this: { factor: number }, n: number) {
      return this.factor * n;
    });
    expect(times.call({ factor: 2 }, 4)).toBe(8);
    const memoized = cache.memoize(async () => 1, { name: 'async' });
    expect(memoized).toThrow(
      /compute must be synchronous here; given one that returned an instance of Promise/,
    );
    expect(() => cache.getOrSet(memoized.key(), () => 2)).not.toThrow();
  });

  test('has the parameters and the result of the function as its types', () => {
    const memoized = openSync().memoize(square);
    expectTypeOf(memoized).toEqualTypeOf<MemoizedSync<typeof square>>();
    expectTypeOf(memoized).returns.toEqualTypeOf<number>();
    expectTypeOf(memoized.key).returns.toEqualTypeOf<Key>();
    expectTypeOf(memoized.delete).returns.toEqualTypeOf<boolean>();
  });
});

test.for<[string, unknown, object | null | undefined, RegExp]>([
  [
    'a function without a name',
    () => 1,
    undefined,
    /name must be .* given a function without a name, and no name/,
  ],
  ['an empty name', price, { name: '' }, /name must be .* non-empty string/],
  ['a number as name', price, { name: 5 }, /name must be .* given 5/],
  ['a name with a lone surrogate', price, { name: '\ud800' }, /name must be a well-formed/],
  ['no function', 'price', undefined, /fn must be a function; given "price"/],
  ['a key that is no function', price, { key: 'key' }, /key must be a function; given "key"/],
  ['an unknown option', price, { names: 'price' }, /unknown option 'names'/],
  ['an array as options', price, [], /options must be an object; given an array/],
  ['null as options', price, null, /options must be an object; given null/],
])('memoize() refuses %s', ([, fn, options, message]) => {
  for (const cache of [openCache(), openSync()]) {
    const memoize = () => cache.memoize(fn as typeof price, options as object);
    expect(memoize).toThrow(message);
    expect(memoize).toThrow(
      expect.objectContaining({ name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_OPTION' }),
    );
  }
});
