import { statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskCache, DiskCacheOptions } from '@diskcache/core';
import { expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { SteeredSource } from '../support/steered-source.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

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

const LIMIT = 1_000_000;

/** Begins a stream of which so many bytes are written, and no more for now. */
async function beginStream(cache: DiskCache, key: string, bytes: number) {
  const source = new SteeredSource().give(Buffer.alloc(bytes));
  const setting = cache.setStream(key, source);
  setting.catch(() => undefined);
  await turnsUntil(() => source.asked === 2);
  return { source, setting };
}

test('a large value that stood behind a stream, and what was called after it, do not wait for each other for ever', async () => {
  const cache = openCache({ sizeLimit: LIMIT });
  const large = Buffer.alloc(100_000);
  for (let turns = 0; turns < 30; turns++) {
    const { source, setting } = await beginStream(cache, 'key', 1);
    const calls = [cache.set('key', large)];
    source.end();
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    calls.push(
      cache.transact(() => undefined),
      cache.set('other', large),
    );
    await Promise.all([setting, ...calls]);
  }
  expect(await cache.getMany(['key', 'other'])).toEqual([large, large]);
});

/** A large value whose file is complete, and whose entry waits for the lock until it is released. */
async function begunSet(options: DiskCacheOptions = {}, directory = folderInMemory()) {
  const cache = openCache({ sizeLimit: LIMIT, ...options }, directory);
  const lock = foreignConnection(cache.directory);
  const setting = cache.set('key', Buffer.alloc(600_000));
  await turnsUntil(() => reservedBy(cache) > 0);
  lock.exec('BEGIN IMMEDIATE');
  await turnsUntil(() => valueFiles(cache.directory).some((path) => path.endsWith('.val')));
  const [file] = valueFiles(cache.directory) as [string];
  return { cache, setting, file, release: () => lock.exec('COMMIT'), lock };
}

function reservedBy(cache: DiskCache): number {
  return foreignConnection(cache.directory)
    .prepare('SELECT total(space) FROM reservation')
    .pluck()
    .get() as number;
}

test('what a large value takes while it is written counts in all processes, and once', async () => {
  const { cache, setting, release } = await begunSet();
  const other = openCache({ sizeLimit: LIMIT }, cache.directory);
  for (const size of [await other.size(), other.sync.size(), cache.sync.size()]) expect(size).toBe(602_112);
  expect(await other.check()).toMatchObject({ ok: true, problems: [] });
  release();
  await setting;
  expect(reservedBy(cache)).toBe(0);
  expect(await other.size()).toBeLessThan(603_000);
  expect(await other.check()).toMatchObject({ ok: true, problems: [] });
});

test('a large value through the synchronous door does not take the room of one that is being written', async () => {
  const cache = openCache({ sizeLimit: LIMIT });
  const setting = cache.set('key', Buffer.alloc(600_000));
  await turnsUntil(() => reservedBy(cache) > 0);
  expect(() => cache.sync.set('other', Buffer.alloc(600_000))).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_FULL' }),
  );
  await setting;
  expect(reservedBy(cache)).toBe(0);
  cache.sync.set('other', Buffer.alloc(600_000));
  expect([await cache.has('key'), await cache.has('other'), reservedBy(cache)]).toEqual([false, true, 0]);
});

test.for<[string, (cache: DiskCache) => unknown]>([
  ['set()', (cache) => cache.set('key', Buffer.alloc(100_000))],
  ['sync.set()', (cache) => cache.sync.set('key', Buffer.alloc(100_000))],
  ['setStream()', (cache) => cache.setStream('key', [Buffer.alloc(100_000)])],
  ['sync.transact()', (cache) => cache.sync.transact((tx) => tx.set('key', Buffer.alloc(100_000)))],
])('%s that fails for want of a folder keeps no room', async ([, set]) => {
  const cache = openCache({ sizeLimit: LIMIT });
  writeFileSync(join(cache.directory, 'values'), 'no folder');
  await expect((async () => set(cache))()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
  expect(reservedBy(cache)).toBe(0);
  expect(await cache.size()).toBe(0);
});

test.for<[string, (cache: DiskCache) => unknown]>([
  ['set()', (cache) => cache.set('first', SMALL)],
  ['sync.set()', (cache) => cache.sync.set('first', SMALL)],
  ['sync.transact()', (cache) => cache.sync.transact((tx) => tx.set('first', SMALL))],
])(
  'the entry that %s of a large value replaces does not make room for it, but others do',
  async ([, set]) => {
    const cache = openCache({ sizeLimit: LIMIT, eviction: 'fifo' });
    for (const key of ['first', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await cache.set(key, SMALL);
    const evicted: unknown[] = [];
    cache.on('evict', ({ key }) => evicted.push(key));
    await set(cache);
    expect(await listed(cache.keys({ order: 'insertion' }))).toEqual([
      'first',
      'b',
      'c',
      'd',
      'e',
      'f',
      'g',
      'h',
    ]);
    expect(evicted).toEqual(['a']);
  },
);

test('what getOrSet() computes anew does not evict what it replaces', async () => {
  const clock = new FakeClock();
  const cache = openCache({ sizeLimit: LIMIT, eviction: 'fifo', clock });
  const evicted: unknown[] = [];
  cache.on('evict', ({ key }) => evicted.push(key));
  const compute = () => cache.getOrSet('first', () => SMALL, { ttl: 1000, staleIfError: 10_000 });
  await compute();
  for (const key of 'abcdefgh') await cache.set(key, SMALL);
  clock.advance(2000);
  await compute();
  expect(evicted).toEqual(['a']);
});

test('a file that is complete and waits for the lock is marked as wanted from time to time', async () => {
  const clock = new FakeClock(Date.now());
  const { setting, file, release } = await begunSet({ clock });
  for (let times = 0; times < 3; times++) {
    clock.advance(60_000);
    await turnsUntil(() => Math.abs(statSync(file).mtimeMs - clock.now()) < 2_500);
  }
  release();
  await setting;
});

test('no sweep removes a file for which space is reserved, however old it looks', async () => {
  const clock = new FakeClock(Date.now());
  const sweeping = openCache({ clock, random: () => 0 });
  const { directory } = sweeping;
  const { cache, setting, file, release } = await begunSet({ clock: new FakeClock() }, directory);
  const longAgo = clock.now() / 1000 - 3600;
  utimesSync(file, longAgo, longAgo);
  clock.advance(120_000);
  await someTurns();
  expect((await sweeping.check()).problems).toEqual([]);
  release();
  await setting;
  expect(await cache.get<Buffer>('key')).toHaveLength(600_000);
});

test('a process that stood still for so long that its file was removed is told so', async () => {
  const { cache, setting, file, lock, release } = await begunSet();
  lock.exec('DELETE FROM reservation');
  lock.exec(`UPDATE arrival SET totals = json_set(totals, '$.space', 0, '$.fileSpace', 0)`);
  unlinkSync(file);
  release();
  await expect(setting).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_STORAGE',
    message: expect.stringContaining('stood still'),
  });
  expect(await cache.check()).toMatchObject({ ok: true, entries: 0 });
});

test('a large value that stands behind a stream on its key holds up no other', async () => {
  const cache = openCache({ sizeLimit: 10 * LIMIT });
  const { source, setting } = await beginStream(cache, 'key', 1);
  const behind = cache.set('key', Buffer.alloc(400_000));
  await cache.set('other', Buffer.alloc(400_000));
  expect(await cache.count()).toBe(1);
  expect(await cache.transact((tx) => tx.has('key'))).toBe(false);
  source.end();
  await Promise.all([setting, behind]);
  expect(await cache.get<Buffer>('key')).toHaveLength(400_000);
});

test('large values for which there is no room wait for it together, and hold up no call for longer', async () => {
  const cache = openCache({ sizeLimit: LIMIT, timeout: 200 });
  const { source, setting } = await beginStream(cache, 'stream', 900_000);
  const since = performance.now();
  const refused = await Promise.allSettled([
    ...Array.from({ length: 20 }, (_, i) => cache.set(`large ${i}`, Buffer.alloc(200_000))),
    cache.count(),
    cache.transact((tx) => tx.count()),
  ]);
  // One after the other it would be four seconds.
  expect(performance.now() - since).toBeLessThan(2_000);
  expect(refused.slice(0, 20)).toEqual(
    Array(20).fill({ status: 'rejected', reason: expect.objectContaining({ code: 'ERR_DISKCACHE_FULL' }) }),
  );
  expect(refused.slice(20)).toEqual(Array(2).fill({ status: 'fulfilled', value: 0 }));
  source.end();
  await setting;
});
