import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';

test('an averager counts what is added at once by all, on both doors', async () => {
  const cache = openCache({ ttl: 1 });
  await Promise.all(Array.from({ length: 100 }, (_, number) => cache.averager('name').add(number)));
  expect(cache.sync.averager('name').get()).toBe(49.5);
  expect(cache.sync.averager('name').add(150)).toBeCloseTo(50.5, 1);
  await cache.transact((tx) => {
    tx.averager('name').pop();
    tx.averager('name').add(-1);
  });
  expect(await cache.averager('name').get()).toBe(-1);
});

test('an averager to which nothing was added has no average', async () => {
  const averager = openCache().averager('name');
  expect([await averager.get(), await averager.pop()]).toEqual([undefined, undefined]);
  await averager.add(5);
  expect([await averager.pop(), await averager.get()]).toEqual([5, undefined]);
});

test.for([NaN, Infinity, '5', null, undefined, 5n])('add(%s) is refused', async (value) => {
  const cache = openCache();
  await expect(cache.averager('name').add(value as never)).rejects.toThrow(/value must be a finite number/);
  expect(() => cache.sync.averager('name').add(value as never)).toThrow(/value must be a finite number/);
});

test('a number with which the sum would be none is refused, and the average stays', async () => {
  const cache = openCache();
  await cache.averager('name').add(1.5e308);
  const refused = { code: 'ERR_DISKCACHE_NUMBER' };
  await expect(cache.averager('name').add(1.5e308)).rejects.toMatchObject(refused);
  expect(() => cache.sync.averager('name').add(1.5e308)).toThrow(expect.objectContaining(refused));
  expect(await cache.averager('name').get()).toBe(1.5e308);
});
