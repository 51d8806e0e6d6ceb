import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { foreignConnection } from '../support/on-disk.ts';
import { StallMeter } from '../support/stall-meter.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { labelOf } from '../support/whole-value.ts';

const MS = process.env.DISKCACHE_TEST_LONG === '1' ? 30_000 : 2_000;
const tellsThreads = existsSync('/proc/self/task');

it.each([1, 64])(
  'With %i sets always under way the event loop is never stopped for 100 ms',
  async (together) => {
    const busy = new Child('keep-busy', { directory: temporaryFolder(), call: 'set', ms: MS, together });
    await busy.says('ready');
    busy.tell('go');
    const { longestMs, calls } = await busy.says<{ longestMs: number; calls: number }>('done');
    console.log(`${together} at a time: ${calls} sets, longest stall ${longestMs.toFixed(1)} ms`);
    busy.tell('close');
    await busy.ended;
    expect(calls).toBeGreaterThan(1000);
    expect(longestMs).toBeLessThan(100);
  },
  MS + 30_000,
);

it('A large value is compressed without stopping the event loop for 100 ms', async () => {
  const cache = openCache({ compression: { algorithm: 'brotli', level: 9 } }, temporaryFolder());
  const value = randomBytes(1_000_000).toString('hex');
  const meter = new StallMeter();
  meter.start();
  const began = performance.now();
  await cache.set('key', Buffer.from(value));
  const tookMs = performance.now() - began;
  const { longestMs } = await meter.stop();
  console.log(
    `set of ${value.length} bytes: ${tookMs.toFixed(0)} ms, longest stall ${longestMs.toFixed(1)} ms`,
  );
  expect(tookMs).toBeGreaterThan(200);
  expect(longestMs).toBeLessThan(100);
  expect((await cache.entry('key'))?.size).toBeLessThan(value.length * 0.6);
}, 30_000);

it.skipIf(!tellsThreads)(
  'A script that writes a little starts no thread, and one that writes much does',
  async () => {
    const directory = temporaryFolder();
    const little = new Child('leave', { directory, count: 200, length: 1000, awaited: true });
    expect(await little.says('threads')).not.toContain('diskcache');
    const much = new Child('leave', { directory, count: 2000, length: 10_000, awaited: true });
    expect(await much.says('threads')).toContain('diskcache');
    expect(await much.ended).toEqual({ code: 0, signal: null, stderr: '' });
  },
  30_000,
);

it.each([
  { what: 'a little', count: 200, length: 1_000 },
  { what: 'so much that its thread is at work', count: 1_500, length: 20_000 },
])(
  'A process that has written $what and ends without close() ends by itself, and loses nothing',
  async ({ count, length }) => {
    const directory = temporaryFolder();
    const { ended } = new Child('leave', { directory, count, length, awaited: true });
    expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
    await expectAllThere(directory, count);
  },
  30_000,
);

it.each([
  { what: 'rows', count: 500, length: 1_000 },
  { what: 'files', count: 50, length: 100_000 },
])(
  'Sets of $what that nobody waits for keep the process alive until they are committed',
  async ({ count, length }) => {
    const directory = temporaryFolder();
    const { ended } = new Child('leave', { directory, count, length, awaited: false });
    expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
    await expectAllThere(directory, count);
  },
  30_000,
);

it('A set that nobody waits for keeps the process alive while another one holds the write lock', async () => {
  const directory = temporaryFolder();
  openCache({}, directory);
  const lock = foreignConnection(directory);
  lock.exec('BEGIN IMMEDIATE');
  const leaving = new Child('leave', { directory, count: 1, length: 1000, awaited: false });
  // By then the script is at its end, and has nothing else that keeps it.
  await leaving.says('threads');
  await pause(200);
  lock.exec('COMMIT');
  expect(await leaving.ended).toEqual({ code: 0, signal: null, stderr: '' });
  await expectAllThere(directory, 1);
}, 30_000);

async function expectAllThere(directory: string, count: number): Promise<void> {
  const cache = openCache({}, directory);
  const values = await cache.getMany(Array.from({ length: count }, (_, i) => `key ${i}`));
  expect(values.map(labelOf)).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
  expect(await cache.check()).toMatchObject({ ok: true, entries: count });
}

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
if (!canTrace) console.log('skipped: no strace here, so that nothing tells which thread syncs');

it.skipIf(!canTrace).each(['normal', 'full'])(
  "With durability '%s' no call that syncs a file is made by the thread of the event loop while it writes",
  async (durability) => {
    const directory = temporaryFolder();
    const busy = new Child('keep-busy', { directory, call: 'set', ms: MS, together: 64, durability });
    await busy.says('ready');
    const tracing = new Child('trace-syncs', { pid: busy.pid });
    await tracing.says('tracing');
    busy.tell('go');
    await busy.says('done');
    tracing.tell('stop');
    const syncs = await tracing.says<{ main: number; others: number }>('syncs');
    console.log(`${durability}: syncs by the event loop's thread: ${syncs.main}, by others: ${syncs.others}`);
    busy.tell('close');
    await busy.ended;
    expect(syncs.others).toBeGreaterThan(0);
    expect(syncs.main).toBe(0);
  },
  MS + 30_000,
);
