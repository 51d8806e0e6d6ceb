/** A process of the iterate trial: node cell/go-through.ts <directory> <rounds>; prints µs a key as JSON. */
import { join } from 'node:path';
import { DiskCache, type IterationOptions } from '@diskcache/core';
import { median } from '../ratios.ts';
import { seededRandom, text } from '../workload.ts';

const SIZES = [10_000, 100_000] as const;
const TAG = 'tag';
const COURSES: Readonly<Record<string, IterationOptions>> = {
  'by key': {},
  'by insertion': { order: 'insertion' },
  'by key, of a tag': { tag: TAG },
  'by insertion, of a tag': { order: 'insertion', tag: TAG },
};

const [directory, rounds] = process.argv.slice(2) as [string, string];
const caches = await Promise.all(SIZES.map(filled));
const perKey = Object.fromEntries(
  Object.keys(COURSES).map((name) => [name, SIZES.map(() => [] as number[])]),
);
for (let round = -1; round < Number(rounds); round++) {
  for (const [name, options] of Object.entries(COURSES)) {
    for (const [place, cache] of caches.entries()) {
      const time = await timed(cache, options, SIZES[place] as number);
      if (round >= 0) perKey[name]?.[place]?.push(time);
    }
  }
}
console.log(
  JSON.stringify(
    Object.entries(perKey).map(([name, [few = [], many = []]]) => ({
      name,
      few: median(few),
      many: median(many),
      ratio: median(many.map((time, round) => time / (few[round] as number))),
    })),
  ),
);
await Promise.all(caches.map((cache) => cache.close()));

/** Keys in no order, of which a fifth was replaced by others, so that neither ids nor keys tell the order. */
async function filled(entries: number): Promise<DiskCache> {
  const cache = new DiskCache(join(directory, String(entries)));
  const random = seededRandom(4);
  const key = (number: number) => `key:${Math.imul(number, 0x9e3779b1) >>> 0}`;
  const add = (from: number, to: number) =>
    cache.transact((tx) => {
      for (let number = from; number < to; number++) tx.set(key(number), text(number, 100), { tags: [TAG] });
    });
  for (let start = 0; start < entries; start += 5000) await add(start, start + 5000);
  const gone = new Set<number>();
  while (gone.size < entries / 5) gone.add(Math.floor(random() * entries));
  await cache.deleteMany(Array.from(gone, key));
  await add(entries, entries + gone.size);
  return cache;
}

/** As many keys in a round of the small cache as of the large one. */
async function timed(cache: DiskCache, options: IterationOptions, entries: number): Promise<number> {
  const passes = SIZES[1] / entries;
  let keys = 0;
  const start = performance.now();
  for (let pass = 0; pass < passes; pass++)
    for await (const key of cache.keys(options)) if (key !== '') keys++;
  const time = performance.now() - start;
  if (keys !== entries * passes) throw new Error(`${keys} keys instead of ${entries * passes}`);
  return (time * 1000) / keys;
}
