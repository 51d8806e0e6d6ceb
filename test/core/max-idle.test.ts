import { DiskCache, type DiskCacheSync, type Entry } from '@diskcache/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection } from '../support/on-disk.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

const IDLE = 1000;

function open(options = {}) {
  const clock = new FakeClock();
  return { clock, cache: openCache({ clock, maxIdle: IDLE, ...options }) };
}

test('an entry that nobody reads expires after maxIdle, for every verb', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value');
  clock.advance(IDLE - 1);
  expect(await cache.has('key')).toBe(true);
  clock.advance(1);
  expect(await cache.has('key')).toBe(false);
  expect(await cache.get('key')).toBeUndefined();
  expect(await listed(cache.keys())).toEqual([]);
  expect(await cache.count()).toBe(0);
});

test('each read keeps an entry for another maxIdle', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value');
  for (let read = 0; read < 10; read++) {
    clock.advance(IDLE - 1);
    expect(await cache.get('key')).toBe('value');
  }
  clock.advance(IDLE);
  expect(await cache.get('key')).toBeUndefined();
});

test('entry() and entries() tell the deadline as the uses so far have moved it', async () => {
  const { clock, cache } = open();
  await cache.setMany([
    ['read', 'value'],
    ['unread', 'value'],
  ]);
  const set = clock.now();
  clock.advance(400);
  await cache.get('read');
  const deadlines = async (all: AsyncIterable<Entry> | Iterable<Entry>) => {
    const told: unknown[] = [];
    for await (const { key, expires } of all) told.push([key, expires]);
    return told;
  };
  for (const door of [cache, cache.sync]) {
    expect(await deadlines(door.entries())).toEqual([
      ['read', set + 400 + IDLE],
      ['unread', set + IDLE],
    ]);
    expect(await door.peekEntry('first')).toMatchObject({ expires: set + 400 + IDLE });
  }
  clock.advance(400);
  expect(await cache.entry('read')).toMatchObject({ expires: set + 800 + IDLE });
  expect(await cache.entryMany(['unread'])).toMatchObject([{ expires: set + 800 + IDLE }]);
  clock.advance(IDLE - 1);
  expect(cache.sync.entry('read')?.expires).toBe(clock.now() + IDLE);
});

test('entry() tells the deadline as its own use has moved it, also where that is written down at once', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value');
  // Notes that the timer does not come to write are written by the reads themselves.
  const since = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 10 * IDLE);
  clock.advance(400);
  expect((await cache.entry('key'))?.expires).toBe(clock.now() + IDLE);
  since.mockReturnValue(performance.now() + 10 * IDLE);
  clock.advance(100);
  expect(cache.sync.entry('key')?.expires).toBe(clock.now() + IDLE);
  since.mockRestore();
});

test('an entry that is read often enough to be kept in memory expires like any other', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value');
  for (let read = 0; read < 5; read++) expect(await cache.get('key')).toBe('value');
  clock.advance(IDLE);
  expect(await cache.get('key')).toBeUndefined();
});

test('touch() keeps an entry for another maxIdle, and has() does not', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value');
  clock.advance(IDLE - 1);
  await cache.touch('key');
  clock.advance(IDLE - 1);
  expect(await cache.has('key')).toBe(true);
  clock.advance(1);
  expect(await cache.has('key')).toBe(false);
});

test('reading does not keep an entry beyond its ttl', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value', { ttl: 2 * IDLE });
  for (let elapsed = 0; elapsed < 2 * IDLE; elapsed += IDLE / 2) {
    expect(await cache.get('key')).toBe('value');
    clock.advance(IDLE / 2);
  }
  expect(await cache.get('key')).toBeUndefined();
});

test('an entry whose ttl is shorter than maxIdle lives as long as its ttl', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value', { ttl: IDLE / 2 });
  clock.advance(IDLE / 2);
  expect(await cache.get('key')).toBeUndefined();
});

test('upkeep removes what was not read, and not what was', async () => {
  const { clock, cache } = open({ maxIdle: 60_000 });
  await cache.set('idle', 1);
  await cache.set('used', 2);
  for (let read = 0; read < 4; read++) {
    clock.advance(20_000);
    await someTurns();
    await cache.get('used');
  }
  await turnsUntil(async () => (await cache.stats()).expired === 1);
  expect(await listed(cache.keys())).toEqual(['used']);
});

test('another process hears of a read a quarter of maxIdle later at the latest', async () => {
  const clock = new FakeClock();
  const directory = folderInMemory();
  const here = openCache({ clock, maxIdle: IDLE }, directory);
  const there = openCache({ clock, maxIdle: IDLE }, directory);
  await here.set('key', 'value');
  clock.advance(IDLE / 2);
  await here.get('key');
  clock.advance(IDLE / 4);
  await turnsUntil(async () => ((await there.peekEntry('first'))?.expires ?? 0) > clock.now() + IDLE / 2);
  clock.advance(IDLE / 2);
  expect(await there.get('key')).toBe('value');
});

test('an entry stored without maxIdle keeps its deadline when it is read with it', async () => {
  const clock = new FakeClock();
  const directory = folderInMemory();
  const plain = openCache({ clock }, directory);
  await plain.set('key', 'value', { ttl: IDLE });
  await plain.set('for ever', 'value');
  const idle = openCache({ clock, maxIdle: IDLE }, directory);
  clock.advance(IDLE - 1);
  await idle.get('key');
  clock.advance(1);
  expect(await idle.get('key')).toBeUndefined();
  expect(await idle.get('for ever')).toBe('value');
});

test('counting keeps an entry for another maxIdle, whatever was read before', async () => {
  const { clock, cache } = open();
  for (let count = 1; count <= 5; count++) {
    expect(await cache.incr('key')).toBe(count);
    clock.advance(IDLE / 2);
    await cache.get('key');
    clock.advance(IDLE / 4);
  }
  clock.advance(IDLE);
  expect(await cache.incr('key')).toBe(1);
});

test('touch() does not make a pinned entry expire for want of reads', async () => {
  const { clock, cache } = open();
  await cache.set('lock', 1, { pinned: true, ttl: 60 * IDLE });
  await cache.touch('lock', { ttl: 60 * IDLE });
  clock.advance(59 * IDLE);
  expect(await cache.get('lock')).toBe(1);
});

test('delete(), evict() and clear() count an entry that was read lately as live', async () => {
  const { clock, cache } = open();
  const keys = ['a', 'b', 'c'];
  for (const key of keys) await cache.set(key, 1, { tags: [key] });
  clock.advance(IDLE - 1);
  await cache.getMany(keys);
  clock.advance(IDLE - 2);
  expect([await cache.delete('a'), await cache.evict('b'), await cache.clear()]).toEqual([true, 1, 1]);
});

test('expire() removes all that were not read, however many were', async () => {
  const { clock, cache } = open();
  const keys = Array.from({ length: 1000 }, (_, key) => key);
  await cache.setMany(keys.map((key) => [key, key]));
  clock.advance(IDLE - 1);
  await cache.getMany(keys.filter((key) => key % 2 === 0));
  clock.advance(IDLE - 2);
  expect(await cache.expire()).toBe(500);
  expect(await cache.get(2)).toBe(2);
});

test('count() counts what was read lately, before that is written down too', async () => {
  const { clock, cache } = open();
  await cache.setMany([
    ['read', 1],
    ['unread', 2],
  ]);
  clock.advance(IDLE - 1);
  await cache.get('read');
  clock.advance(2);
  expect([await cache.count(), await listed(cache.keys())]).toEqual([1, ['read']]);
});

test('what was read stays also while another process keeps that from being written down', async () => {
  const { clock, cache } = open();
  await cache.set('key', 'value');
  clock.advance(IDLE * 0.7);
  await cache.get('key');
  const other = foreignConnection(cache.directory);
  other.exec('BEGIN IMMEDIATE');
  for (let quarter = 0; quarter < 2; quarter++) {
    clock.advance(IDLE / 4);
    await someTurns();
  }
  other.exec('ROLLBACK');
  expect(await cache.expire()).toBe(0);
  expect(await cache.get('key')).toBe('value');
});

test('what was read stays while many reads are written down, one after another', async () => {
  const { clock, cache } = open();
  const keys = Array.from({ length: 3000 }, (_, key) => key);
  await cache.setMany(keys.map((key) => [key, key]));
  clock.advance(IDLE * 0.7);
  await someTurns();
  await cache.getMany(keys);
  clock.advance(IDLE * 0.4);
  for (let turn = 0; turn < 40; turn++) {
    expect(keys.filter((key) => !cache.sync.has(key))).toEqual([]);
    await new Promise(setImmediate);
  }
});

test.for<[string, (tx: DiskCacheSync) => void]>([
  ['delete()', (tx) => void tx.delete('key')],
  ['clear()', (tx) => void tx.clear()],
])('a %s that is taken back takes no use back', async ([, remove]) => {
  const { clock, cache } = open();
  await cache.set('key', 'value');
  clock.advance(IDLE - 1);
  // So that the use is only noted.
  await someTurns();
  await cache.get('key');
  const failed = cache.transact((tx) => {
    remove(tx);
    throw new Error('taken back');
  });
  await expect(failed).rejects.toThrow('taken back');
  clock.advance(IDLE - 1);
  expect(await cache.get('key')).toBe('value');
});

test('what pushed to a queue waits does not expire for want of reads', async () => {
  const { clock, cache } = open();
  await cache.push('jobs', 'item');
  clock.advance(10 * IDLE);
  expect(await cache.pull('jobs')).toMatchObject({ value: 'item' });
});

test('a read that was noted before close() counts after opening again', async () => {
  const clock = new FakeClock();
  const directory = folderInMemory();
  const first = new DiskCache(directory, { clock, maxIdle: IDLE });
  await first.set('key', 'value');
  clock.advance(IDLE - 1);
  await first.get('key');
  await first.close();
  const second = new DiskCache(directory, { clock, maxIdle: IDLE });
  onTestFinished(() => second.close());
  clock.advance(IDLE - 1);
  expect(await second.get('key')).toBe('value');
});

test('expire() removes all that nobody has read, beside those whose use is not written down yet', async () => {
  const { clock, cache } = open();
  await cache.setMany(Array.from({ length: 500 }, (_, key) => [key, key] as const));
  clock.advance(IDLE - 10);
  // In one turn of the event loop.
  for (const key of [0, 250, 499]) cache.sync.get(key);
  clock.advance(10);
  expect(cache.sync.expire()).toBe(497);
  expect(await listed(cache.keys())).toEqual([0, 250, 499]);
});

test.for([
  ['few entries', 3],
  ['so many files that a thread removes them', 300],
] as const)('clear() of %s counts those that only reads have kept', async ([, count]) => {
  const { clock, cache } = open({ fileThreshold: count > 256 ? 1 : 65_536 });
  await cache.setMany(Array.from({ length: count }, (_, key) => [key, 'value']));
  clock.advance(IDLE / 10);
  for (let key = 1; key < count; key++) await cache.get(key);
  clock.advance(IDLE * 0.95);
  expect(cache.sync.count()).toBe(count - 1);
  expect(count > 256 ? await cache.clear() : cache.sync.clear()).toBe(count - 1);
});
