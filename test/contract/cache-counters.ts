import { unlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { valueFiles } from '../support/on-disk.ts';
import type { OpenNew } from './cache-verbs.ts';

/** incr and decr. */
export function cacheCountersSpec(openNew: OpenNew): void {
  test('incr() counts from 0 by 1 where there is no entry', async () => {
    const cache = openNew();
    expect([await cache.incr('key'), await cache.incr('key'), await cache.get('key')]).toEqual([1, 2, 2]);
  });

  test('incr() and decr() add and subtract what they are given', async () => {
    const cache = openNew();
    await cache.set('key', 40);
    expect([await cache.incr('key', 5), await cache.decr('key', 3), await cache.decr('key')]).toEqual([
      45, 42, 41,
    ]);
  });

  test('incr() counts from `default` where there is no live entry', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 7, { ttl: 10 });
    clock.advance(10);
    expect(await cache.incr('key', 1, { default: 100 })).toBe(101);
    expect(await cache.incr('key', 1, { default: 100 })).toBe(102);
  });

  test('incr() gives an entry that it makes a deadline and tags, and leaves those of one that is there', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.incr('key', 1, { ttl: 1000, tags: ['a'] });
    clock.advance(10);
    await cache.incr('key', 1, { ttl: 5000, tags: ['b'] });
    expect(await cache.entry('key')).toMatchObject({ value: 2, expires: clock.now() + 990, tags: ['a'] });
    expect(await cache.evict('a')).toBe(1);
  });

  test('incr() is exact up to the greatest safe integer, and refuses to go beyond', async () => {
    const cache = openNew();
    await cache.set('key', Number.MAX_SAFE_INTEGER - 1);
    expect(await cache.incr('key')).toBe(Number.MAX_SAFE_INTEGER);
    await expect(cache.incr('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_NUMBER' });
    expect(await cache.get('key')).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('incr() has no end with bigints', async () => {
    const cache = openNew();
    await cache.set('key', 2n ** 64n);
    expect(await cache.incr('key', 1n)).toBe(2n ** 64n + 1n);
    expect(await cache.decr('none', 2n)).toBe(-2n);
  });

  test.for([
    ['a string', '1'],
    ['null', null],
    ['a boolean', true],
    ['an object', { count: 1 }],
    ['a bigint, given a number', 1n],
  ])('incr() of %s is an error that names the key, and changes nothing', async ([, value]) => {
    const cache = openNew();
    await cache.set('key', value);
    await expect(cache.incr('key')).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_NUMBER',
      message: expect.stringContaining('key "key" holds'),
    });
    expect(await cache.get('key')).toEqual(value);
  });

  test('incr() names a key of bytes by its digits', async () => {
    const cache = openNew();
    const key = new Uint8Array([0xca, 0xfe]);
    await cache.set(key, 'text');
    await expect(cache.incr(key)).rejects.toThrow('key <cafe> holds "text"');
  });

  test.for([[NaN], [Infinity], ['1'], [null], [2 ** 53]])(
    'incr() refuses %s as what to add',
    async ([delta]) => {
      await expect(openNew().incr('key', delta as number)).rejects.toMatchObject({
        code: 'ERR_DISKCACHE_OPTION',
      });
    },
  );

  test('incr() refuses a default of the other kind', async () => {
    const given = { default: 0n } as unknown as { default: number };
    await expect(openNew().incr('key', 1, given)).rejects.toThrow(
      'default must be a number like 1; given 0n',
    );
  });

  test('incr() counts anew where the file of a value is gone', async () => {
    const cache = openNew({ fileThreshold: 1 });
    await cache.set('key', 2n ** 100n);
    for (const file of valueFiles(cache.directory)) unlinkSync(file);
    const counted = [await cache.incr('key', 1n), await cache.incr('key', 1n)];
    expect(counted[1]).toBe((counted[0] as bigint) + 1n);
  });

  test('calls of incr() made together all count', async () => {
    const cache = openNew();
    const sums = await Promise.all(Array.from({ length: 100 }, () => cache.incr('key')));
    expect(sums.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });
}
