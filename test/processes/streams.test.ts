import { randomInt } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { DiskCache } from '@diskcache/core';
import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';
import { labelOf } from '../support/whole-value.ts';

const LONG = process.env.DISKCACHE_TEST_LONG === '1';
const ROUNDS = LONG ? 50 : 5;
const MIB = 2 ** 20;
const SIZE = 2048 * MIB;

interface Memory {
  readonly ms: number;
  readonly system: number;
  readonly v8: number;
}

it.each(LONG ? [true, false] : [true])(
  'A value of 2 GiB passes through with less than 64 MiB of memory (checksum: %s)',
  async (checksum) => {
    const through = new Child('stream-through', { directory: temporaryFolder(), size: SIZE, checksum });
    for (const way of ['in', 'out']) {
      const { ms, system, v8 } = await through.says<Memory>(way);
      console.log(
        `${way}: ${Math.round(SIZE / MIB / (ms / 1000))} MiB/s,`,
        `${(system / MIB).toFixed(1)} MiB more by the system's count, ${(v8 / MIB).toFixed(1)} by V8's`,
      );
      expect(v8).toBeLessThan(64 * MIB);
      expect(system).toBeLessThan(64 * MIB);
    }
    expect(await through.says('seen')).toEqual({ length: SIZE, isSame: true });
    expect(await through.ended).toEqual({ code: 0, signal: null, stderr: '' });
  },
  120_000,
);

it('A process killed while it streams leaves whole values, and what it had begun goes after a minute', async () => {
  const directory = temporaryFolder();
  for (let round = 0; round < ROUNDS; round++) {
    const writer = new Child('write-until-killed', { directory, round, what: 'streams' });
    await writer.says('streamed');
    await pause(randomInt(0, 100));
    writer.kill();
    await writer.ended;
    const acknowledged = writer.said<number>('streamed');

    const cache = new DiskCache(directory);
    for (const i of acknowledged) {
      expect(labelOf(String(await cache.get(`key ${i}`)))).toMatch(new RegExp(`^${round}:`));
    }
    expect((await cache.check()).problems).toEqual([]);
    await cache.close();
  }

  const clock = new FakeClock(Date.now());
  const cache = openCache({ clock, random: () => 0 }, directory);
  const longAgo = Date.now() / 1000 - 3600;
  for (const path of valueFiles(directory)) utimesSync(path, longAgo, longAgo);
  const db = foreignConnection(directory);
  const begun = db.prepare('SELECT count(*) FROM reservation').pluck();
  expect(begun.get()).toBeGreaterThan(0);
  clock.advance(10_000);
  expect(begun.get()).toBe(0);
  // What was begun, but had no room reserved for it yet, goes with other files that nothing points to.
  clock.advance(60_000);
  await turnsUntil(() => valueFiles(directory).every((path) => !path.endsWith('.tmp')));
  const space = db.prepare('SELECT total(space) FROM entry').pluck().get();
  expect(await cache.size()).toBe(space);
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
}, 60_000);
