import { afterEach, expect, test, vi } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { valueFiles } from '../../support/on-disk.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a cache full by entries refuses what is new with ERR_DISKCACHE_FULL and keeps everything', async () => {
  const cache = openCache({ eviction: 'none', entryLimit: 3 });
  for (const key of ['a', 'b', 'c']) await cache.set(key, key);
  const refused = cache.set('d', 'd');
  await expect(refused).rejects.toMatchObject({ name: 'DiskCacheError', code: 'ERR_DISKCACHE_FULL' });
  await expect(refused).rejects.toThrow(/entryLimit 3.*eviction is 'none'/);
  expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', undefined]);
});

test.for([
  ['rows', 1_000_000],
  ['files', 1],
])('a cache full by bytes refuses what is new and keeps everything, in %s', async ([, fileThreshold]) => {
  const cache = openCache({
    eviction: 'none',
    sizeLimit: 100_000,
    fileThreshold: fileThreshold as number,
  });
  const value = 'x'.repeat(10_000);
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, key) => cache.set(key, value)));
  const stored = results.filter(({ status }) => status === 'fulfilled').length;
  expect(stored).toBeGreaterThan(6);
  expect(await cache.count()).toBe(stored);
  expect(await cache.size()).toBeLessThanOrEqual(100_000);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
});

test('a full cache takes an overwrite of the same size', async () => {
  const cache = openCache({ eviction: 'none', entryLimit: 2 });
  for (const key of ['a', 'b']) await cache.set(key, key);
  await cache.set('a', 'A');
  expect(await cache.getMany(['a', 'b'])).toEqual(['A', 'b']);
});

test('a full cache takes something new once something was deleted', async () => {
  const cache = openCache({ eviction: 'none', entryLimit: 2 });
  for (const key of ['a', 'b']) await cache.set(key, key);
  await cache.delete('a');
  await cache.set('c', 'c');
  expect(await cache.count()).toBe(2);
});

test('a full cache lets expired entries go', async () => {
  const clock = new FakeClock();
  const cache = openCache({ eviction: 'none', entryLimit: 2, clock });
  await cache.set('a', 'a', { ttl: 10 });
  await cache.set('b', 'b');
  clock.advance(10);
  await cache.set('c', 'c');
  expect(await cache.getMany(['a', 'b', 'c'])).toEqual([undefined, 'b', 'c']);
});

test.for([
  ['a row', 'value'],
  ['a file', 'x'.repeat(500)],
])('a refusal that a transaction’s body catches leaves nothing of %s', async ([, value]) => {
  const cache = openCache({ eviction: 'none', entryLimit: 2, fileThreshold: 100 });
  await cache.transact((tx) => {
    tx.set('a', 'a');
    tx.set('b', 'b');
    expect(() => tx.set('c', value)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_FULL' }));
  });
  expect([...cache.sync.keys()]).toEqual(['a', 'b']);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
});

test('a refused overwrite in a transaction’s body keeps the old value', () => {
  const cache = openSync({ eviction: 'none', sizeLimit: 20_000, fileThreshold: 100 });
  cache.set('a', 'old'.repeat(100));
  cache.set('b', 'x'.repeat(10_000));
  cache.transact((tx) => {
    expect(() => tx.set('a', 'x'.repeat(10_000))).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_FULL' }),
    );
  });
  expect(cache.get('a')).toBe('old'.repeat(100));
  expect(cache.check()).toMatchObject({ ok: true });
});

test('what is refused after a purge that took several slices is not stored', async () => {
  const clock = new FakeClock();
  const cache = openCache({ eviction: 'none', sizeLimit: 400_000, fileThreshold: Infinity, clock });
  await cache.set('stays', 'x'.repeat(200_000), { tags: ['tag'] });
  await cache.setMany(
    Array.from({ length: 500 }, (_, key) => [key, 'short-lived']),
    { ttl: 10 },
  );
  clock.advance(10);
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 3));
  const refused = cache.set('new', 'x'.repeat(300_000), { tags: ['tag'] });
  await expect(refused).rejects.toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
  vi.restoreAllMocks();
  expect(await cache.has('new')).toBe(false);
  expect(await cache.has('stays')).toBe(true);
  expect(await cache.size()).toBeLessThanOrEqual(400_000);
});

test('after a refused file the cache can be closed', async () => {
  const cache = openCache({ eviction: 'none', sizeLimit: 20_000, fileThreshold: 10 });
  await cache.set('a', 'x'.repeat(10_000));
  await expect(cache.set('b', 'x'.repeat(10_000))).rejects.toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
  await cache.close();
});

test('a refused file leaves no file behind', () => {
  const cache = openCache({ eviction: 'none', entryLimit: 1, fileThreshold: 10 });
  cache.sync.set('a', 'x'.repeat(20));
  expect(() => cache.sync.set('b', 'x'.repeat(20))).toThrow(/is full/);
  expect(valueFiles(cache.directory)).toHaveLength(1);
});
