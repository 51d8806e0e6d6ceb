import { existsSync, statSync, utimesSync } from 'node:fs';
import type { DiskCache, DiskCacheOptions } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../../support/on-disk.ts';
import { SteeredSource } from '../../support/steered-source.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const LIMIT = 1_000_000;

/** What is kept for files that are being written. */
function reserved(cache: DiskCache): unknown[] {
  return foreignConnection(cache.directory).prepare('SELECT * FROM reservation').all();
}

/** A cache filled with rows of 10 KB. */
async function openFull(options: DiskCacheOptions = {}): Promise<DiskCache> {
  const cache = openCache({ sizeLimit: LIMIT, ...options });
  await cache.setMany(Array.from({ length: 200 }, (_, i) => [`row ${i}`, 'x'.repeat(10_000)]));
  return cache;
}

/** Begins a stream of which so many bytes are written, and no more for now. */
async function begin(cache: DiskCache, key: string, bytes: number) {
  const source = new SteeredSource().give(Buffer.alloc(bytes));
  const before = source.asked;
  const setting = cache.setStream(key, source);
  setting.catch(() => undefined);
  await turnsUntil(() => source.asked === before + 2);
  return { source, setting };
}

test('what a stream has written counts at once, and rows go for it', async () => {
  const cache = await openFull();
  const { source, setting } = await begin(cache, 'key', 500_000);
  expect(await cache.size()).toBeLessThanOrEqual(LIMIT);
  expect(await cache.count()).toBeLessThan(50);
  await cache.setMany(Array.from({ length: 200 }, (_, i) => [`new ${i}`, 'x'.repeat(10_000)]));
  expect(await cache.count()).toBeLessThan(50);
  source.end();
  await setting;
  expect(await cache.get<Buffer>('key')).toHaveLength(500_000);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
});

test('another process makes room for a stream, too', async () => {
  const cache = await openFull();
  const other = openCache({ sizeLimit: LIMIT }, cache.directory);
  const { source, setting } = await begin(cache, 'key', 500_000);
  await other.setMany(Array.from({ length: 200 }, (_, i) => [`new ${i}`, 'x'.repeat(10_000)]));
  expect(await other.count()).toBeLessThan(50);
  expect(await other.size()).toBeLessThanOrEqual(LIMIT);
  expect(await other.check()).toMatchObject({ ok: true, problems: [] });
  source.end();
  await setting;
});

test('a stream makes no more room than it needs', async () => {
  const cache = await openFull();
  const before = await cache.count();
  await cache.setStream('key', [Buffer.alloc(100_000)]);
  expect(before - (await cache.count())).toBeLessThan(15);
});

test('the entry that a stream replaces is the last to go for it', async () => {
  const cache = await openFull();
  await cache.set('key', 'old');
  const { source, setting } = await begin(cache, 'key', 990_000);
  expect(await cache.count()).toBe(1);
  source.fail(new Error('lost'));
  await expect(setting).rejects.toThrow('lost');
  expect(await cache.get('key')).toBe('old');
});

test('small values are stored while a stream takes all of the room', async () => {
  const cache = await openFull();
  const { source, setting } = await begin(cache, 'key', 990_000);
  for (let i = 0; i < 20; i++) await cache.set(`small ${i}`, 'x'.repeat(5000));
  expect(await cache.get('small 19')).toHaveLength(5000);
  expect(await cache.size()).toBeLessThan(LIMIT * 1.032);
  source.end();
  await setting;
  expect(await cache.size()).toBeLessThanOrEqual(LIMIT);
});

test('a stream whose size is known waits for the room that another takes, and both are stored in turn', async () => {
  const cache = openCache({ sizeLimit: LIMIT });
  const { source, setting } = await begin(cache, 'first', 600_000);
  const second = new SteeredSource().give(Buffer.alloc(600_000)).end();
  const setSecond = cache.setStream('second', second, { size: 600_000 });
  const large = cache.set('large', Buffer.alloc(600_000));
  await turnsUntil(() => valueFiles(cache.directory).length === 2);
  expect(second.asked).toBe(0);
  source.end();
  await Promise.all([setting, setSecond, large]);
  expect(await cache.count()).toBe(1);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
});

test('a stream takes no room as long as a large value that was set before on its key waits for some', async () => {
  const cache = openCache({ sizeLimit: LIMIT, timeout: 1000 });
  const other = openCache({ sizeLimit: LIMIT }, cache.directory);
  const { source, setting } = await begin(other, 'other', 600_000);
  const large = cache.set('key', Buffer.alloc(800_000));
  const stream = new SteeredSource().give(Buffer.alloc(300_000)).end();
  const streaming = cache.setStream('key', stream);
  await someTurns();
  expect(stream.asked).toBe(0);
  source.end();
  await Promise.all([setting, large, streaming]);
  expect(await cache.get<Buffer>('key')).toHaveLength(300_000);
});

test('nothing is evicted for a stream as long as it cannot have room anyway', async () => {
  const cache = openCache({ sizeLimit: LIMIT, timeout: 0 });
  await cache.setMany(Array.from({ length: 20 }, (_, i) => [`row ${i}`, 'x'.repeat(10_000)]));
  const { source, setting } = await begin(cache, 'first', 600_000);
  const second = cache.setStream('second', [Buffer.alloc(600_000)], { size: 600_000 });
  await expect(second).rejects.toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
  await expect(cache.set('large', Buffer.alloc(600_000))).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_FULL',
  });
  expect(await cache.count()).toBe(20);
  source.end();
  await setting;
  expect(await cache.count()).toBe(21);
});

test('streams that together take more than there is wait for each other up to the timeout, then one gives up', async () => {
  const cache = openCache({ sizeLimit: LIMIT, timeout: 50 });
  const one = await begin(cache, 'one', 400_000);
  const other = await begin(cache, 'other', 400_000);
  one.source.give(Buffer.alloc(300_000)).end();
  await expect(one.setting).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_FULL',
    message: expect.stringContaining('just being written'),
  });
  other.source.give(Buffer.alloc(300_000)).end();
  await other.setting;
  expect(await cache.get<Buffer>('other')).toHaveLength(700_000);
  expect(await cache.has('one')).toBe(false);
});

test.for<[number, number]>([
  [2, 0.6],
  [5, 0.3],
  [5, 0.55],
])('%i streams of %d of the limit each, all begun at once, are all stored', async ([count, part]) => {
  const cache = openCache({ sizeLimit: 4 * LIMIT });
  const other = openCache({ sizeLimit: 4 * LIMIT }, cache.directory);
  async function* chunks() {
    for (let left = 4 * LIMIT * part; left > 0; left -= 50_000) {
      yield Buffer.alloc(50_000);
      await someTurns();
    }
  }
  const doors = [cache, other];
  await Promise.all(
    Array.from({ length: count }, (_, i) => (doors[i % 2] as DiskCache).setStream(`key ${i}`, chunks())),
  );
  expect(await cache.count()).toBeGreaterThan(0);
  expect(reserved(cache)).toEqual([]);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
});

test('a stream that stands still holds back no younger one for long', async () => {
  const cache = openCache({ sizeLimit: LIMIT, timeout: 50 });
  const { source, setting } = await begin(cache, 'first', 300_000);
  await cache.setStream('second', [Buffer.alloc(300_000), Buffer.alloc(300_000)]);
  expect(await cache.get<Buffer>('second')).toHaveLength(600_000);
  source.end();
  await setting;
});

test('where nothing is evicted a full cache refuses a stream at once', async () => {
  const cache = openCache({ sizeLimit: LIMIT, eviction: 'none' });
  await cache.set('row', 'x'.repeat(500_000));
  await expect(cache.setStream('key', [Buffer.alloc(600_000)])).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_FULL',
    message: expect.stringContaining("eviction is 'none'"),
  });
  await cache.setStream('key', [Buffer.alloc(400_000)]);
  expect(await cache.count()).toBe(2);
});

test('room that pinned entries take is not given to a stream', async () => {
  const cache = openCache({ sizeLimit: LIMIT });
  await cache.set('pinned', Buffer.alloc(500_000), { pinned: true });
  await expect(cache.setStream('key', [Buffer.alloc(600_000)])).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_FULL',
  });
  await cache.setStream('key', [Buffer.alloc(400_000)], { pinned: true });
  expect(await cache.count()).toBe(2);
});

test('the file of a stream that stands still is not taken for one that was left over', async () => {
  const clock = new FakeClock(Date.now());
  const cache = openCache({ clock });
  openCache({ clock, random: () => 0 }, cache.directory);
  const { source, setting } = await begin(cache, 'key', 100_000);
  const [file] = valueFiles(cache.directory) as [string];
  for (let seconds = 0; seconds < 200; seconds += 10) {
    clock.advance(10_000);
    await turnsUntil(() => statSync(file).mtimeMs >= clock.now() - 1);
  }
  expect(existsSync(file)).toBe(true);
  source.end();
  await setting;
  expect(await cache.get<Buffer>('key')).toHaveLength(100_000);
});

test('what a killed process leaves of a stream is removed after ten seconds, and its room given back', async () => {
  const clock = new FakeClock(Date.now());
  const killed = openCache({ clock: new FakeClock() });
  const { source, setting } = await begin(killed, 'key', 100_000);
  const [file] = valueFiles(killed.directory) as [string];
  const cache = openCache({ clock }, killed.directory);
  expect(await cache.size()).toBeGreaterThan(100_000);
  utimesSync(file, clock.now() / 1000, clock.now() / 1000);
  clock.advance(10_000);
  await someTurns();
  expect(existsSync(file)).toBe(true);
  clock.advance(10_000);
  await turnsUntil(() => !existsSync(file));
  expect(await cache.size()).toBe(0);
  expect(reserved(cache)).toEqual([]);
  source.end();
  await expect(setting).rejects.toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
  expect(await cache.check()).toMatchObject({ ok: true, entries: 0 });
});

test('what a killed process has reserved is given back at once when a large value finds no room', async () => {
  const clock = new FakeClock(Date.now());
  const killed = openCache({ sizeLimit: LIMIT, clock: new FakeClock() });
  const { source, setting } = await begin(killed, 'key', 900_000);
  const [file] = valueFiles(killed.directory) as [string];
  const tooOld = clock.now() / 1000 - 11;
  utimesSync(file, tooOld, tooOld);
  for (const door of ['async', 'sync', 'small'] as const) {
    const cache = openCache(
      { sizeLimit: LIMIT, clock, timeout: 0, fileThreshold: 200_000 },
      killed.directory,
    );
    if (door === 'async') await cache.set(door, Buffer.alloc(300_000));
    else cache.sync.set(door, Buffer.alloc(door === 'sync' ? 300_000 : 100_000));
    await turnsUntil(() => !existsSync(file));
  }
  source.end();
  await expect(setting).rejects.toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
});

test('an empty stream keeps no room, also when its entry needs more than one transaction', async () => {
  const cache = openCache();
  await cache.transact((tx) => {
    for (let i = 0; i < 5_000; i++) tx.set(i, i);
  });
  const limited = openCache({ entryLimit: 10 }, cache.directory);
  await limited.setStream('empty', []);
  expect(reserved(cache)).toEqual([]);
  expect(await limited.count()).toBe(10);
});
