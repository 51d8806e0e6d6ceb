import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DiskCache } from '@diskcache/core';
import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { labelOf } from '../support/whole-value.ts';

const ROUNDS = process.env.DISKCACHE_TEST_LONG === '1' ? 100 : 5;

/** Starts a process that writes, and kills it some time after it has said `name`. @returns what else it said */
async function killedWriter(what: string, directory: string, round: number, name: string): Promise<Child> {
  const writer = new Child('write-until-killed', { directory, round, what });
  await writer.says('open');
  await writer.says(name);
  await pause(randomInt(0, 150));
  writer.kill();
  expect((await writer.ended).signal).toBe('SIGKILL');
  return writer;
}

it('A process killed in the middle of 200 sets loses none that it was told of, and leaves a clean cache', async () => {
  const directory = temporaryFolder();
  /** The least round that each key must have by now. */
  const acknowledged = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const writer = new Child('write-until-killed', { directory, round, what: 'sets' });
    await writer.says('open');
    const moment = randomInt(1, 190);
    for (let count = 0; count < moment; count++) {
      const i = await writer.says<number>('set');
      acknowledged.set(i, round);
    }
    writer.kill();
    await writer.ended;
    for (const i of writer.said<number>('set')) acknowledged.set(i, round);

    const cache = new DiskCache(directory);
    const lost: string[] = [];
    for (const [i, leastRound] of acknowledged) {
      const [storedRound, storedKey] = (labelOf(await cache.get(`key ${i}`)) ?? 'none').split(':');
      if (Number(storedKey) !== i || !(Number(storedRound) >= leastRound)) lost.push(`${round}: key ${i}`);
    }
    expect(lost).toEqual([]);
    expect((await cache.check()).problems).toEqual([]);
    await cache.close();
  }
}, 60_000);

it('A transaction that a kill interrupts has happened as a whole or not at all', async () => {
  const directory = temporaryFolder();
  for (let round = 0; round < ROUNDS; round++) {
    const writer = await killedWriter('transactions', directory, round, 'committed');
    const last = Math.max(0, ...writer.said<number>('committed'));

    const cache = new DiskCache(directory);
    const labels = (await cache.getMany([0, 1, 2, 3, 4, 5].map((i) => `group ${i}`))).map(labelOf);
    const [storedRound, stored] = (labels[0] ?? 'none').split(':').map(Number);
    expect(new Set(labels).size).toBe(1);
    expect(storedRound).toBe(round);
    expect(stored).toBeGreaterThanOrEqual(last);
    expect((await cache.check()).problems).toEqual([]);
    await cache.close();
  }
}, 60_000);

it('A process killed in the middle of clear() leaves a clean cache, and nothing of what it had cleared', async () => {
  const directory = temporaryFolder();
  for (let round = 0; round < ROUNDS; round++) {
    const writer = await killedWriter('clearing', directory, round, 'filled');
    const cleared = writer.said<number>('cleared').at(-1) ?? -1;

    const cache = new DiskCache(directory);
    for await (const key of cache.keys()) {
      expect(Number(String(key).split(':')[0])).toBeGreaterThan(cleared);
    }
    expect((await cache.check()).problems).toEqual([]);
    await cache.clear();
    // A file that was being written stays until upkeep removes it, and counts.
    const reserved = foreignConnection(directory).prepare('SELECT total(space) FROM reservation').pluck();
    expect(await cache.size()).toBe(reserved.get());
    await cache.close();
  }
}, 60_000);

it('What a process killed while it sets large values leaves is counted, and removed after about a minute', async () => {
  const directory = temporaryFolder();
  for (let round = 0; round < ROUNDS; round++) await killedWriter('large', directory, round, 'written');
  const clock = new FakeClock(Date.now());
  const cache = openCache({ clock, random: () => 0.5 }, directory);
  expect(filesWithoutRow(directory).filter((name) => !hasReservation(directory, name))).toEqual([]);
  expect((await cache.check()).problems).toEqual([]);

  for (let seconds = 0; seconds < 90; seconds += 10) {
    clock.advance(10_000);
    await pause(1);
  }
  while (filesWithoutRow(directory).length > 0) await pause(1);
  const db = foreignConnection(directory, { readonly: true });
  expect(await cache.size()).toBe(db.prepare('SELECT total(space) FROM entry').pluck().get());
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
}, 60_000);

it('Files left over by killed processes are reported by check(), and removed by upkeep when they are old', async () => {
  const directory = temporaryFolder();
  const clock = new FakeClock(Date.now());
  for (let round = 0; round < 2; round++) await killedWriter('transactions', directory, round, 'committed');
  const cache = openCache({ clock, random: () => 0 }, directory);
  mkdirSync(join(directory, 'values', 'ab'), { recursive: true });
  for (const name of ['complete.val', 'begun.val.tmp']) {
    writeFileSync(join(directory, 'values', 'ab', name), 'left over');
  }
  expect((await cache.check()).problems).toEqual([]);

  const longAgo = Date.now() / 1000 - 3600;
  for (const path of valueFiles(directory)) utimesSync(path, longAgo, longAgo);
  const leftOver = filesWithoutRow(directory);
  expect(leftOver.length).toBeGreaterThanOrEqual(2);
  const report = await cache.check();
  expect(report.ok).toBe(false);
  expect(report.problems.map(({ kind }) => kind)).toEqual(leftOver.map(() => 'orphan-file'));
  expect(report.problems.map(({ detail }) => detail).sort()).toEqual(leftOver);

  clock.advance(60_000);
  while (leftOver.some((name) => existsSync(join(directory, 'values', name)))) await pause(1);
  expect(filesWithoutRow(directory)).toEqual([]);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
}, 60_000);

/** By their names below values/, with `/`, in order. */
function filesWithoutRow(directory: string): string[] {
  const db = foreignConnection(directory, { readonly: true });
  const named = new Set(db.prepare('SELECT file FROM entry').pluck().all());
  db.close();
  return valueFiles(directory)
    .map((path) => relative(join(directory, 'values'), path).split(sep).join('/'))
    .filter((name) => !named.has(name))
    .sort();
}

function hasReservation(directory: string, name: string): boolean {
  const db = foreignConnection(directory, { readonly: true });
  const found = db.prepare('SELECT 1 FROM reservation WHERE file = ?').get(name.replace(/\.tmp$/, ''));
  db.close();
  return found !== undefined;
}
