import { describe, expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { turnsUntil } from '../support/turns.ts';

/** Longer than upkeep ever takes to come round. */
const A_MINUTE = 60_000;

describe.for([
  ['rows', 1_000_000],
  ['files', 1],
])('an entry with a ttl, in %s', ([, fileThreshold]) => {
  async function openWithEntry() {
    const clock = new FakeClock();
    const cache = openCache({ clock, fileThreshold: fileThreshold as number });
    await cache.set('key', 'value', { ttl: 100, tags: ['tag'] });
    return { clock, cache };
  }

  test('is there in the millisecond before its deadline', async () => {
    const { clock, cache } = await openWithEntry();
    clock.advance(99);
    expect(await cache.get('key')).toBe('value');
    expect(await cache.has('key')).toBe(true);
    expect(await cache.entry('key')).toBeDefined();
    expect(await listed(cache.keys())).toEqual(['key']);
    expect(await listed(cache.entries())).toHaveLength(1);
    expect(await cache.count()).toBe(1);
  });

  test('is gone for every reading verb from the millisecond of its deadline', async () => {
    const { clock, cache } = await openWithEntry();
    clock.advance(100);
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.getMany(['key'])).toEqual([undefined]);
    expect(await cache.has('key')).toBe(false);
    expect(await cache.entry('key')).toBeUndefined();
    expect(await cache.entryMany(['key'])).toEqual([undefined]);
    expect(await listed(cache.keys())).toEqual([]);
    expect(await listed(cache.entries())).toEqual([]);
    expect(await cache.count()).toBe(0);
    expect(await cache.stats()).toMatchObject({ count: 0, misses: 4, hits: 0 });
  });

  test('is a miss when it expires between two reads', async () => {
    const { clock, cache } = await openWithEntry();
    expect(await cache.get('key')).toBe('value');
    clock.advance(100);
    expect(await cache.get('key', 'gone')).toBe('gone');
  });

  test('does not come back when the clock is set back after it was removed', async () => {
    const { clock, cache } = await openWithEntry();
    clock.advance(100);
    expect(await cache.expire()).toBe(1);
    clock.advance(-100);
    expect(await cache.get('key')).toBeUndefined();
  });
});

test('a ttl below a millisecond lives until the next millisecond', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('key', 'value', { ttl: 0.1 });
  expect(await cache.has('key')).toBe(true);
  clock.advance(1);
  expect(await cache.has('key')).toBe(false);
});

test('upkeep removes expired rows and files from the disk when nobody reads or writes', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, fileThreshold: 100 });
  await cache.setMany(
    Array.from({ length: 20 }, (_, key) => [key, 'x'.repeat(key * 10)]),
    { ttl: 1000 },
  );
  await cache.set('lives', 'value');
  const db = foreignConnection(cache.directory);
  const rows = () => db.prepare('SELECT count(*) FROM entry').pluck().get();
  expect([rows(), valueFiles(cache.directory).length]).toEqual([21, 10]);
  clock.advance(A_MINUTE);
  await turnsUntil(() => rows() === 1 && valueFiles(cache.directory).length === 0);
  expect(await cache.stats()).toMatchObject({ count: 1, expired: 20 });
});

test('upkeep removes all of 1000 rows that share one deadline', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.setMany(
    Array.from({ length: 1000 }, (_, key) => [key, key]),
    { ttl: 1000, tags: ['tag'] },
  );
  const db = foreignConnection(cache.directory);
  const left = () =>
    db.prepare('SELECT (SELECT count(*) FROM entry) + (SELECT count(*) FROM tag)').pluck().get();
  clock.advance(A_MINUTE);
  await turnsUntil(() => left() === 0);
  expect(await cache.size()).toBe(0);
});

test('expire() removes all of 1000 rows that share one deadline', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.setMany(
    Array.from({ length: 1000 }, (_, key) => [key, key]),
    { ttl: 1000 },
  );
  clock.advance(1000);
  expect(await cache.expire()).toBe(1000);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 0 });
});

test('upkeep leaves what has not expired', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('soon', 'value', { ttl: 1000 });
  await cache.set('later', 'value', { ttl: 10 * A_MINUTE });
  const db = foreignConnection(cache.directory);
  clock.advance(A_MINUTE);
  await turnsUntil(() => db.prepare('SELECT count(*) FROM entry').pluck().get() === 1);
  expect(await cache.get('later')).toBe('value');
});

test('upkeep stops when the cache is closed', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('key', 'value', { ttl: 1 });
  await cache.close();
  const db = foreignConnection(cache.directory);
  clock.advance(A_MINUTE);
  expect(db.prepare('SELECT count(*) FROM entry').pluck().get()).toBe(1);
});

test('a ttl of Infinity is no deadline, whatever the ttl of the cache is', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, ttl: 10 });
  await cache.set('set', 1, { ttl: Infinity });
  await cache.add('added', 1, { ttl: Infinity });
  await cache.incr('counted', 1, { ttl: Infinity });
  await cache.set('touched', 1);
  expect(await cache.touch('touched', { ttl: Infinity })).toBe(true);
  await cache.set('other', 1);
  clock.advance(A_MINUTE);
  expect(await listed(cache.keys())).toEqual(['added', 'counted', 'set', 'touched']);
  expect((await cache.entry('touched'))?.expires).toBeUndefined();
  expect(await cache.check()).toMatchObject({ problems: [] });
});
