import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache } from '@diskcache/core';
import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';

interface Settled {
  readonly longestMs: number;
  readonly turns: number;
  readonly waitedMs: number;
  readonly outcomes: string[];
}

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

it('The meter of these tests sees the event loop stopped for as long as it was', async () => {
  const { longestMs } = await new Child('stall', { ms: 60 }).says<Settled>('measured');
  expect(longestMs).toBeGreaterThan(50);
  expect(longestMs).toBeLessThan(80);
});

it('While another process holds the write lock for 500 ms, the event loop is never stopped for 20 ms, and all is done after', async () => {
  const directory = temporaryFolder();
  const waiter = new Child('wait-for-lock', { directory });
  await waiter.says('ready');
  const holder = new Child('hold-lock', { directory, ms: 500 });
  await holder.says('held');
  waiter.tell('go');
  const { longestMs, turns, waitedMs, outcomes } = await waiter.says<Settled>('settled');
  console.log(`longest stall while waiting for the lock: ${longestMs.toFixed(1)} ms`);
  expect(outcomes).toEqual(['done', 'done', 'done', 'done', 'done']);
  expect(waitedMs).toBeGreaterThan(400);
  expect(waitedMs).toBeLessThan(1000);
  expect(turns).toBeGreaterThan(1000);
  expect(longestMs).toBeLessThan(20);

  const cache = openCache({}, directory);
  expect(await cache.getMany(['set', 'deleted', 'counted'])).toEqual(['new', undefined, 2]);
  expect((await cache.entry('touched'))?.expires).toBeGreaterThan(0);
  expect((await cache.entry('file'))?.size).toBe(100_000);
  waiter.tell('close');
  await waiter.ended;
}, 30_000);

it('A set that waits for the lock longer than its timeout is refused with TimeoutError, and leaves nothing', async () => {
  const directory = temporaryFolder();
  const waiter = new Child('wait-for-lock', { directory, timeout: 100 });
  await waiter.says('ready');
  const holder = new Child('hold-lock', { directory });
  await holder.says('held');
  waiter.tell('go');
  const { longestMs, waitedMs, outcomes } = await waiter.says<Settled>('settled');
  expect(new Set(outcomes)).toEqual(new Set(['ERR_DISKCACHE_TIMEOUT']));
  expect(waitedMs).toBeGreaterThan(99);
  expect(waitedMs).toBeLessThan(1000);
  expect(longestMs).toBeLessThan(20);

  const cache = openCache({}, directory);
  expect(await cache.getMany(['set', 'file', 'deleted', 'counted'])).toEqual([undefined, undefined, 1, 1]);
  expect((await cache.entry('touched'))?.expires).toBeUndefined();
  holder.tell('release');
  await holder.says('released');
  waiter.tell('close');
  await waiter.ended;
  expect(valueFiles(directory)).toEqual([]);
  expect(await cache.getMany(['set', 'file', 'deleted', 'counted'])).toEqual([undefined, undefined, 1, 1]);
}, 30_000);

it('A set that gets no lock for its row, its file being written, leaves no file', async () => {
  const cache = openCache({ timeout: 100 });
  const lock = foreignConnection(cache.directory);
  const writing = Promise.allSettled([cache.set('file', 'f'.repeat(30_000_000))]);
  await turnsUntil(() => valueFiles(cache.directory).length > 0);
  lock.exec('BEGIN IMMEDIATE');
  expect(await writing).toMatchObject([{ status: 'rejected', reason: { code: 'ERR_DISKCACHE_TIMEOUT' } }]);
  await turnsUntil(() => valueFiles(cache.directory).length === 0);
  lock.exec('COMMIT');
  expect(await cache.get('file')).toBeUndefined();
});

it('A read that waits for a pending write to go first is answered also when that one times out', async () => {
  const cache = openCache({ timeout: 100 });
  await cache.set('key', 'before');
  const lock = foreignConnection(cache.directory);
  lock.exec('BEGIN IMMEDIATE');
  const writing = Promise.allSettled([
    cache.set('key', 'new'),
    cache.transact((tx) => tx.set('key', 'newer')),
  ]);
  const reading = Promise.allSettled([cache.get('key'), cache.has('other'), cache.count()]);
  expect((await writing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await reading).toEqual(['before', false, 1].map((value) => ({ status: 'fulfilled', value })));
  lock.exec('COMMIT');
});

it.each([
  { what: 'A database that may not be written', length: 10, causes: ['SQLITE_READONLY'] },
  { what: 'A folder that may not be written', length: 100_000, causes: ['SQLITE_READONLY', 'EACCES'] },
])(
  '$what is an error of its own at once, not a timeout',
  async ({ length, causes }) => {
    const directory = join(temporaryFolder(), 'cache');
    mkdirSync(directory);
    mkdirSync(join(directory, 'values'));
    const open = new DiskCache(directory);
    await open.set('key', 'before');
    // Kept open, since without the log's index nobody could even read it.
    for (const name of readdirSync(directory))
      chmodSync(join(directory, name), name === 'values' ? 0o555 : 0o444);
    chmodSync(directory, 0o555);
    chmodSync(join(directory, '..'), 0o755);

    const writer = new Child('write-once', { directory, length }, { runAs: isRoot ? NOBODY : undefined });
    const { code, cause, tookMs } = await writer.says<{ code: string; cause: string; tookMs: number }>(
      'outcome',
    );
    chmodSync(directory, 0o755);
    expect(code).toBe('ERR_DISKCACHE_STORAGE');
    expect(causes).toContain(cause);
    expect(tookMs).toBeLessThan(1000);
    expect(await open.get('key')).toBe('before');
    await open.close();
  },
  30_000,
);
