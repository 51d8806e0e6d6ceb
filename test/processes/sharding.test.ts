import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Child, children } from '../support/child.ts';
import { openSharded } from '../support/sharded.ts';
import { sumOf, totalsAtOnce, WHOLE } from '../support/shards-on-disk.ts';
import { StallMeter } from '../support/stall-meter.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LONG = process.env.DISKCACHE_TEST_LONG === '1';
const LIMIT = 4_000_000;
/** What small values may exceed it by while large ones are written. */
const OVERDRAFT = 1 / 32;

/** Looks at all shards at one moment. @returns the bytes that they have, and of how much of the limit */
function look(directory: string): { space: number; share: number } {
  const totals = totalsAtOnce(directory);
  return { space: sumOf(totals, 'space'), share: sumOf(totals, 'sizeShare') / WHOLE };
}

it.each(['lru', 'lfu', 'fifo', 's3-fifo'] as const)(
  'Four processes under %s that write values up to half of the limit never exceed it together, and no write fails',
  async (eviction) => {
    const directory = temporaryFolder();
    const ms = LONG ? 30_000 : 3000;
    const writers = children(4, 'write-shards', { directory, eviction, sizeLimit: LIMIT, ms });
    await Promise.all(writers.map((writer) => writer.says('open')));
    let isDone = false;
    const done = Promise.all(
      writers.map((writer) => writer.says<{ written: number; failed: string[] }>('done')),
    );
    void done.then(() => (isDone = true));
    const looks = [];
    while (!isDone) {
      looks.push(look(directory));
      await pause(20);
    }
    for (const { written, failed } of await done) {
      expect(failed).toEqual([]);
      expect(written).toBeGreaterThan(50);
    }
    expect(looks.length).toBeGreaterThan(10);
    expect(Math.max(...looks.map(({ space }) => space))).toBeLessThanOrEqual(LIMIT * (1 + OVERDRAFT));
    expect(Math.max(...looks.map(({ share }) => share))).toBeLessThanOrEqual(1);
    for (const writer of writers) writer.tell('close');
    await Promise.all(writers.map(({ ended }) => ended));

    const cache = openSharded({ sizeLimit: LIMIT, eviction }, directory);
    await expect.poll(() => look(directory).share, { timeout: 5000 }).toBe(1);
    expect(look(directory).space).toBeLessThanOrEqual(LIMIT);
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  },
  120_000,
);

it('Processes that are killed while they write leave no more than the limit, and all of it to the next', async () => {
  const directory = temporaryFolder();
  const rounds = LONG ? 60 : 8;
  for (let round = 0; round < rounds; round++) {
    const eviction = (['lru', 'fifo', 'lfu', 's3-fifo'] as const)[round % 4];
    const writers = children(2, 'write-shards', { directory, eviction, sizeLimit: LIMIT, ms: 60_000 });
    await Promise.all(writers.map((writer) => writer.says('written')));
    await pause(randomInt(0, 400));
    for (const writer of writers) writer.kill();
    await Promise.all(writers.map(({ ended }) => ended));
    const { space, share } = look(directory);
    expect(space).toBeLessThanOrEqual(LIMIT * (1 + OVERDRAFT));
    expect(share).toBeLessThanOrEqual(1);
  }
  const cache = openSharded({ sizeLimit: LIMIT }, directory);
  await expect.poll(() => look(directory).share, { timeout: 10_000 }).toBe(1);
  expect((await cache.check()).problems.filter(({ kind }) => kind !== 'orphan-file')).toEqual([]);
  await cache.set('half', Buffer.alloc(LIMIT / 2));
  expect(await cache.get<Buffer>('half')).toHaveLength(LIMIT / 2);
  expect(look(directory).space).toBeLessThanOrEqual(LIMIT * (1 + OVERDRAFT));
}, 240_000);

it('Sixteen processes that make a new sharded cache at once agree on its shards and lose nothing', async () => {
  const directory = temporaryFolder();
  const writers = children(16, 'fill-shards', { directory, count: 100 });
  await Promise.all(writers.map((writer) => writer.says('ready')));
  for (const writer of writers) writer.tell('go');
  const counts = await Promise.all(writers.map((writer) => writer.says<number>('done')));
  expect(new Set(counts).size).toBe(1);
  for (const { code, stderr } of await Promise.all(writers.map(({ ended }) => ended))) {
    expect(stderr).toBe('');
    expect(code).toBe(0);
  }
  const cache = openSharded({}, directory);
  expect(cache.shards).toBe(counts[0]);
  expect(await cache.count()).toBe(1600);
  expect(look(directory).share).toBe(1);
}, 60_000);

it('A killed process that had all shards locked holds up nobody', async () => {
  const directory = temporaryFolder();
  const holder = new Child('hold-shards', { directory });
  await holder.says('holding');
  const cache = openSharded({ timeout: 30_000 }, directory);
  const setting = cache.set('key', 'value');
  holder.kill();
  await setting;
  expect(await cache.transact((tx) => tx.get('key'))).toBe('value');
  expect(await cache.has('never committed')).toBe(false);
}, 60_000);

it('20,000 sets at once keep the event loop as short as those of one cache do, though 8 shards commit them', async () => {
  const cache = openSharded();
  await cache.set('first', 1);
  const setting = cache.setMany(Array.from({ length: 20_000 }, (_, i) => [i, 'x'.repeat(100)] as const));
  await new Promise((resolve) => setImmediate(resolve));
  const meter = new StallMeter();
  meter.start();
  await setting;
  const { longestMs, turns } = await meter.stop();
  expect(turns).toBeGreaterThan(15);
  expect(longestMs).toBeLessThan(50);
}, 60_000);

it('Four processes that move amounts between shards, with keys and without, never see one on its way, and none is lost', async () => {
  const directory = temporaryFolder();
  const accounts = Array.from({ length: 50 }, (_, i) => `account ${i}`);
  const moving = children(4, 'transfer', { directory, accounts, ms: LONG ? 30_000 : 2000 });
  for (const one of moving) {
    const { moved, sums } = await one.says<{ moved: number; sums: number[] }>('done');
    expect(moved).toBeGreaterThan(20);
    expect(sums).toEqual([0]);
  }
  await Promise.all(moving.map(({ ended }) => ended));
  const all = await openSharded({}, directory).getMany<number>(accounts);
  expect(all.reduce<number>((sum, one) => sum + (one ?? 0), 0)).toBe(0);
}, 60_000);
