import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache } from '@diskcache/core';
import { expect, it } from 'vitest';
import { openCache, openSync } from '../support/caches.ts';
import { Child, children } from '../support/child.ts';
import { folderInMemory, temporaryFolder } from '../support/temporary-folder.ts';
import { labelOf } from '../support/whole-value.ts';

const WRITERS = 16;
const ENTRIES = 200;

/** Sixteen processes, all loaded first, open the cache at the same moment and write. */
async function openAndWriteAtOnce(directory: string): Promise<void> {
  const writers = children(WRITERS, 'write-entries', { directory, count: ENTRIES });
  await Promise.all(writers.map((writer) => writer.says('ready')));
  for (const writer of writers) writer.tell('go');
  await Promise.all(writers.map((writer) => writer.says('done')));
  for (const { code, stderr } of await Promise.all(writers.map(({ ended }) => ended))) {
    expect(stderr).toBe('');
    expect(code).toBe(0);
  }
}

async function lostEntries(cache: DiskCache): Promise<string[]> {
  const keys = Array.from(
    { length: WRITERS * ENTRIES },
    (_, i) => `${i % WRITERS}:${Math.floor(i / WRITERS)}`,
  );
  const values = await cache.getMany(keys);
  return keys.filter((key, i) => labelOf(values[i]) !== key);
}

it('Sixteen processes that make the same new cache at once are all let in and lose nothing', async () => {
  const directory = join(temporaryFolder(), 'not', 'there', 'yet');
  await openAndWriteAtOnce(directory);
  const cache = openCache({}, directory);
  expect(await lostEntries(cache)).toEqual([]);
  expect(await cache.count()).toBe(WRITERS * ENTRIES);
  expect(await cache.check()).toMatchObject({ ok: true, files: (WRITERS * ENTRIES) / 10 });
}, 60_000);

interface Made {
  readonly recreated: string[];
  readonly error?: string;
}

/** Processes that open the same cache at the same moment, again and again, each time one that is not there yet. */
async function makeAtOnce(
  destroys: (number: number) => boolean,
  look: (directory: string, made: readonly Made[]) => void,
): Promise<void> {
  const rounds = 12;
  const makers = children(WRITERS, 'make-caches', { rounds });
  await Promise.all(makers.map((maker) => maker.says('ready')));
  for (let round = 0; round < rounds; round++) {
    const directory = join(temporaryFolder(), 'cache');
    const at = Date.now() + 20;
    makers.forEach((maker, number) => maker.tell('make', { directory, at, destroys: destroys(number) }));
    const made = await Promise.all(makers.map((maker) => maker.says<Made>('made')));
    expect(made.flatMap(({ error = [] }) => error)).toEqual([]);
    look(directory, made);
  }
  for (const { ended } of makers) expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
}

it('No process takes a cache that others are just making for a damaged one', async () => {
  await makeAtOnce(
    () => false,
    (directory, made) => {
      expect(made.flatMap(({ recreated }) => recreated)).toEqual([]);
      expect(readdirSync(directory).filter((name) => /corrupt|foreign|removed/.test(name))).toEqual([]);
      const cache = openSync({}, directory);
      expect(cache.count()).toBe(WRITERS * 3);
      expect(cache.check()).toMatchObject({ ok: true });
    },
  );
}, 60_000);

it('Processes that open a cache which others are destroying are let in, and start anew at the most', async () => {
  await makeAtOnce(
    (number) => number % 4 === 0,
    (directory, made) => {
      const reasons = new Set(made.flatMap(({ recreated }) => recreated));
      expect([...reasons].filter((reason) => !['removed', 'replaced'].includes(reason))).toEqual([]);
      expect(openSync({}, directory).check()).toMatchObject({ ok: true });
    },
  );
}, 60_000);

it('Sixteen processes that open an existing cache at once are all let in and lose nothing', async () => {
  const directory = temporaryFolder();
  const before = new DiskCache(directory);
  await before.set('before', 'still here');
  await before.close();
  await openAndWriteAtOnce(directory);
  const cache = openCache({}, directory);
  expect(await lostEntries(cache)).toEqual([]);
  expect(await cache.get('before')).toBe('still here');
  expect(await cache.check()).toMatchObject({ ok: true, entries: WRITERS * ENTRIES + 1 });
}, 60_000);

it('Sixty-four processes can open a cache at once while another one writes', async () => {
  const directory = temporaryFolder();
  const cache = openCache({}, directory);
  await cache.set('always', 'here');
  const readers = children(64, 'read-once', { directory });
  const writer = new Child('overwrite', {
    directory,
    number: 0,
    fileThreshold: 4096,
    lengths: [100, 5000],
    enough: 1,
  });
  await Promise.all([writer.says('enough'), ...readers.map((reader) => reader.says('ready'))]);
  for (const reader of readers) reader.tell('go');
  for (const reader of readers) expect(labelOf(await reader.says('read'))).toMatch(/^0:\d+$/);
  writer.tell('stop');
  await writer.says('done');
  for (const { ended } of readers) expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
}, 60_000);

it('Processes that open and close one cache over and over are never refused', async () => {
  const directory = temporaryFolder();
  const times = 60;
  const reopening = children(4, 'reopen', { directory, times });
  await Promise.all(reopening.map((one) => one.says('ready')));
  for (const one of reopening) one.tell('go');
  for (const { ended } of reopening) expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
  const cache = openCache({}, directory);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 4 * times });
}, 60_000);

it.each([
  { processes: 64, what: 'has lost its end', damage: (path: string) => truncateSync(path, 3 * 4096) },
  {
    processes: 16,
    what: 'is no database',
    damage: (path: string) => writeFileSync(path, 'no database\n'.repeat(1000)),
  },
])(
  '$processes processes that open a cache at once whose database $what all end up on one new cache',
  async ({ processes, damage }) => {
    const directory = folderInMemory();
    const before = new DiskCache(directory);
    await before.setMany(Array.from({ length: 1000 }, (_, i) => [`before ${i}`, 'x'.repeat(100)]));
    await before.close();
    damage(join(directory, 'cache.db'));
    const count = 2;
    const writers = children(processes, 'write-entries', { directory, count });
    await Promise.all(writers.map((writer) => writer.says('ready')));
    for (const writer of writers) writer.tell('go');
    const endings = await Promise.all(writers.map(({ ended }) => ended));
    expect(endings.map(({ code }) => code)).toEqual(endings.map(() => 0));
    expect(endings.filter(({ stderr }) => stderr.includes('DISKCACHE_RECREATED'))).toHaveLength(1);
    const aside = readdirSync(directory).filter((name) =>
      /^cache\.db\.(corrupt|foreign)-[^-]*-[^-]*$/.test(name),
    );
    expect(aside).toHaveLength(1);
    expect(await openCache({}, directory).check()).toMatchObject({ ok: true, entries: processes * count });
  },
  60_000,
);
