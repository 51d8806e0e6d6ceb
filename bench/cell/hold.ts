/** A process of the memory trial: node cell/hold.ts fill|read <directory> <entries>; prints its resident memory in MiB. */
import { DiskCache } from '@diskcache/core';
import { entriesOf, keyOf, seededRandom, text } from '../workload.ts';

const READS = 10_000;
const [what, directory, count] = process.argv.slice(2) as [string, string, string];
const entries = Number(count);

const cache = new DiskCache(directory);
if (what === 'fill') {
  for (const piece of entriesOf({ entries, value: (number) => text(number, 100) }, 10_000)) {
    await cache.transact((tx) => tx.setMany(piece));
  }
} else {
  const random = seededRandom(3);
  const isFull = (await cache.count()) > 0;
  for (let read = 0; read < READS; read++) {
    const value = await cache.get(keyOf(Math.floor(random() * entries)));
    if ((value !== undefined) !== isFull) throw new Error('an entry is missing');
  }
}
globalThis.gc?.();
console.log(process.memoryUsage.rss() / 2 ** 20);
await cache.close();
