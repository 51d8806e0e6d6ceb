import { expect, test } from 'vitest';
import { openCache, openSync } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

/** So many that removing them in one go would keep the event loop: a thread does it. */
const MANY = 12_000;
const VALUE = 'x'.repeat(600);

async function openLarge(options = {}) {
  const clock = new FakeClock();
  const cache = openCache({ clock, fileThreshold: 10_000, ...options });
  await cache.transact((tx) => {
    for (let key = 0; key < MANY; key++) tx.set(key, VALUE, key % 3 === 0 ? { ttl: 10 } : {});
    for (let key = 0; key < 3; key++) tx.set(`file ${key}`, 'y'.repeat(20_000), { tags: ['tag'] });
  });
  return { cache, clock };
}

test('clear() of a large cache removes entries and files, and counts the live ones', async () => {
  const { cache, clock } = await openLarge();
  clock.advance(10);
  expect(await cache.clear()).toBe((MANY * 2) / 3 + 3);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [], entries: 0, files: 0 });
  await turnsUntil(() => valueFiles(cache.directory).length === 0);
});

test('calls around a clear() of a large cache take effect in their order', async () => {
  const { cache } = await openLarge();
  const before = cache.set('before', 1);
  const cleared = cache.clear();
  const after = cache.set('after', 2);
  const read = Promise.all([cache.get(1), cache.get('before'), cache.get('after'), cache.count()]);
  expect(await read).toEqual([undefined, undefined, 2, 1]);
  await Promise.all([before, after]);
  expect(await cleared).toBe(MANY + 4);
});

test('what was read often is not remembered beyond a clear() of a large cache', async () => {
  const { cache } = await openLarge();
  for (let read = 0; read < 3; read++) expect(await cache.get(1)).toBe(VALUE);
  await cache.clear();
  expect(cache.sync.get(1)).toBeUndefined();
  expect(await cache.get(1)).toBeUndefined();
});

test('clear() of a large cache waits for a writer of another process, and gives up in time', async () => {
  const { cache } = await openLarge({ timeout: 300 });
  const lock = foreignConnection(cache.directory);
  lock.exec('BEGIN IMMEDIATE');
  await expect(cache.clear()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TIMEOUT' });
  const cleared = cache.clear();
  await someTurns();
  lock.exec('COMMIT');
  expect(await cleared).toBe(MANY + 3);
});

test('clear() of a large cache can be stopped before it began', async () => {
  const { cache } = await openLarge();
  const controller = new AbortController();
  const stopped = cache.clear({ signal: controller.signal });
  controller.abort('why');
  await expect(stopped).rejects.toBe('why');
  expect(await cache.count()).toBe(MANY + 3);
});

test('clear() of DiskCacheSync removes a large cache in one go', () => {
  const cache = openSync();
  cache.setMany(Array.from({ length: MANY }, (_, key) => [key, VALUE]));
  let steps = 0;
  expect(cache.clear({ onProgress: () => void steps++ })).toBe(MANY);
  expect(steps).toBe(1);
  expect(cache.check()).toMatchObject({ ok: true, entries: 0 });
});

test('after a clear() ids, and with them the order of eviction, begin anew', async () => {
  const { cache } = await openLarge({ entryLimit: MANY + 3, eviction: 'fifo' });
  await cache.clear();
  for (let key = 0; key < 5; key++) await cache.set(key, key);
  const ids = foreignConnection(cache.directory).prepare('SELECT id FROM entry ORDER BY id').pluck().all();
  expect(ids).toEqual([1, 2, 3, 4, 5]);
});
