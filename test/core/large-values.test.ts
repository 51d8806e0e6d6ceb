import { expect, test } from 'vitest';
import { openCache } from '../support/caches.ts';

const SMALL = Buffer.alloc(100_000);
/** More than the part of the limit that may be written at one time. */
const BIG = Buffer.alloc(8_000_000);

test('large values of one key, called after others, do not wait for each other for ever', async () => {
  const cache = openCache({ sizeLimit: 100_000_000 });
  await Promise.all([cache.set('other', SMALL), cache.set('key', BIG), cache.set('key', SMALL)]);
  expect(await cache.get<Buffer>('key')).toHaveLength(SMALL.length);
});

test.for(['clear', 'transact'] as const)('%s() among large values ends', async (verb) => {
  const cache = openCache({ sizeLimit: 100_000_000 });
  await Promise.all([
    cache.set('other', SMALL),
    cache.set('key', BIG),
    verb === 'clear' ? cache.clear() : cache.transact((tx) => tx.count()),
    cache.set('last', SMALL),
  ]);
  expect(await cache.has('last')).toBe(true);
});

test('a cache can be closed while large values wait for room', async () => {
  const cache = openCache({ sizeLimit: 100_000_000 });
  const all = [
    cache.set('other', SMALL),
    cache.set('key', BIG),
    cache.set('key', SMALL),
    cache.set('key', BIG),
  ];
  await cache.close();
  expect(await Promise.allSettled(all)).toMatchObject(all.map(() => ({ status: 'fulfilled' })));
});
