import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child, children } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { wholeValue } from '../support/whole-value.ts';

const LONG = process.env.DISKCACHE_TEST_LONG === '1';
const OVERWRITES = LONG ? 100_000 : 2_000;
const READS = LONG ? 1_000_000 : 15_000;

/** Each reader has to see so many, or the key was not read while it was overwritten. */
const DIFFERENT = 101;

const FILE_THRESHOLD = 4096;

it.each([
  { kind: 'file values', lengths: [5_000, 20_000], readsStreams: true },
  { kind: 'rows', lengths: [100, 3_000] },
  { kind: 'file values and rows in turn', lengths: [20_000, 100, 5_000] },
])(
  'A key that two processes overwrite with $kind is never missed, nor read in parts',
  async ({ lengths, readsStreams }) => {
    const directory = temporaryFolder();
    const cache = openCache({ fileThreshold: FILE_THRESHOLD }, directory);
    await cache.set('always', wholeValue('first', 5_000));

    const doors = readsStreams ? ['async', 'sync', 'stream'] : ['async', 'sync'];
    const readers = doors.map(
      (door) =>
        new Child('read-always', {
          directory,
          door,
          enough: door === 'stream' ? READS / 5 : READS,
          different: DIFFERENT,
        }),
    );
    const writers = children(2, 'overwrite', {
      directory,
      fileThreshold: FILE_THRESHOLD,
      lengths,
      enough: OVERWRITES,
    });
    const all = [...readers, ...writers];
    await Promise.all(all.map((one) => one.says('enough')));
    for (const one of all) one.tell('stop');

    for (const reader of readers) {
      const seen = await reader.says<{ misses: number; broken: number; different: number }>('done');
      expect(seen).toMatchObject({ misses: 0, broken: 0 });
      expect(seen.different).toBeGreaterThanOrEqual(DIFFERENT);
    }
    await Promise.all(all.map(({ ended }) => ended));
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
  },
  LONG ? 3_600_000 : 60_000,
);
