import { renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache } from '@diskcache/core';
import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { type Child, children } from '../support/child.ts';
import { overwritten } from '../support/on-disk.ts';
import { folderInMemory } from '../support/temporary-folder.ts';

const PROCESSES = 4;

interface Damage {
  readonly what: string;
  readonly damage: (path: string) => void;
}

async function using(directory: string): Promise<Child[]> {
  const all = children(PROCESSES, 'keep-using', { directory });
  await Promise.all(all.map((one) => one.says('using')));
  return all;
}

async function expectOneCache(directory: string, all: readonly Child[]): Promise<void> {
  for (const one of all) one.tell('stop');
  await Promise.all(all.map((one) => one.says('stopped')));
  for (const { ended } of all) expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
  expect(all.flatMap((one) => one.said('failed'))).toEqual([]);
  const cache = openCache({}, directory);
  for (let number = 0; number < PROCESSES; number++) expect(await cache.get(`last ${number}`)).toBe(number);
  const { problems } = await cache.check();
  expect(problems.filter(({ kind }) => kind !== 'orphan-file')).toEqual([]);
}

it.each<Damage>([
  { what: 'is emptied', damage: (path) => truncateSync(path, 0) },
  { what: 'is cut off', damage: (path) => truncateSync(path, 3 * 4096) },
  {
    what: 'is overwritten with garbage',
    damage: (path) => overwritten(path, 0, Buffer.alloc(statSync(path).size, 'garbage')),
  },
  { what: 'is deleted', damage: (path) => rmSync(path) },
  { what: 'is moved', damage: (path) => renameSync(path, `${path}.moved`) },
  {
    what: 'is deleted with its folder',
    // The processes may put something into the folder just before it goes.
    damage: (path) => rmSync(join(path, '..'), { recursive: true, maxRetries: 10 }),
  },
])(
  'Processes that use a cache whose database $what all end up on one new cache',
  async ({ damage }) => {
    const directory = join(folderInMemory(), 'cache');
    const before = new DiskCache(directory);
    await before.setMany(Array.from({ length: 3000 }, (_, i) => [`before ${i}`, 'x'.repeat(500)]));
    await before.close();
    const all = await using(directory);
    damage(join(directory, 'cache.db'));
    // Whoever has it all in memory only learns of it from another process.
    const fresh = new DiskCache(directory);
    fresh.on('recreate', () => undefined);
    for (let i = 0; i < 3000; i++) await fresh.get(`before ${i}`);
    await Promise.all(all.map((one) => one.says('recreate')));
    await fresh.close();
    await expectOneCache(directory, all);
  },
  60_000,
);
