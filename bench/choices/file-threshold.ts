/** From which size on a value is better a file than a row: the same cache with all values in rows and all in files. */
import { join } from 'node:path';
import { DiskCache, DiskCacheSync } from '@diskcache/core';
import { bytes, keyOf, seededRandom } from '../workload.ts';
import { type Call, scratchDirectory, sideBySide } from './side-by-side.ts';

const SIZES = [16, 32, 64, 128, 256].map((kib) => kib * 1024);
const HELD_BYTES = 64 * 1024 * 1024;
const WRITTEN_BYTES = 24 * 1024 * 1024;
const ALL_FILES = 1;
const ALL_ROWS = Infinity;

const directory = scratchDirectory();

for (const size of SIZES) {
  const values = Array.from({ length: 8 }, (_, number) => bytes(number, size));
  const entries = Math.floor(HELD_BYTES / size);
  const random = seededRandom(size);
  const anyKey = () => keyOf(Math.floor(random() * entries));
  const sets: Record<string, Call> = {};
  const gets: Record<string, Call> = {};
  const opened: (DiskCache | DiskCacheSync)[] = [];
  for (const kind of [DiskCacheSync, DiskCache]) {
    for (const [name, fileThreshold] of [
      ['rows', ALL_ROWS],
      ['files', ALL_FILES],
    ] as const) {
      const contender = `${kind.name}, ${name}`;
      const cache = new kind(join(directory, `${size} ${contender}`), { fileThreshold });
      opened.push(cache);
      sets[contender] = (call) => cache.set(anyKey(), values[call % values.length]);
      gets[contender] = () => cache.get(anyKey());
      for (let number = 0; number < entries; number++) await cache.set(keyOf(number), values[0]);
    }
  }
  const calls = Math.ceil(WRITTEN_BYTES / size);
  await sideBySide(sets, { title: `set of ${size / 1024} KiB, checkpoints included`, rounds: 7, calls });
  await sideBySide(gets, { title: `get of ${size / 1024} KiB`, rounds: 7, calls });
  for (const cache of opened) await cache.close();
}
