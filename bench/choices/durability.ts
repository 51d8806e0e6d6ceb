/** What durability 'full' costs: every call waits for the disk, calls that are made together wait once. */
import { join } from 'node:path';
import { DiskCache, type Durability } from '@diskcache/core';
import { keyOf, text } from '../workload.ts';
import { type Call, scratchDirectory, sideBySide } from './side-by-side.ts';

const TOGETHER = 64;
const directory = scratchDirectory();
const small = text(1, 100);
const large = Buffer.alloc(100_000);
const caches = {
  normal: open('normal'),
  full: open('full'),
};

await sideBySide(each(single), {
  title: 'one awaited set of 100 bytes after another',
  rounds: 5,
  calls: 200,
});
await sideBySide(each(together), { title: `${TOGETHER} sets of 100 bytes together`, rounds: 5, calls: 50 });
await sideBySide(each(singleFile), {
  title: 'one awaited set of 100 KB after another',
  rounds: 5,
  calls: 50,
});
await sideBySide(each(stream), {
  title: 'one awaited setStream of 100 KB after another',
  rounds: 5,
  calls: 50,
});
for (const cache of Object.values(caches)) await cache.close();

function open(durability: Durability): DiskCache {
  return new DiskCache(join(directory, durability), { durability });
}

function each(contender: (cache: DiskCache) => Call): Record<string, Call> {
  return Object.fromEntries(Object.entries(caches).map(([name, cache]) => [name, contender(cache)]));
}

function single(cache: DiskCache): Call {
  return (call) => cache.set(keyOf(call), small);
}

function together(cache: DiskCache): Call {
  return (call) =>
    Promise.all(Array.from({ length: TOGETHER }, (_, i) => cache.set(keyOf(call * TOGETHER + i), small)));
}

function singleFile(cache: DiskCache): Call {
  return (call) => cache.set(keyOf(call), large);
}

function stream(cache: DiskCache): Call {
  return (call) => cache.setStream(keyOf(call), [large]);
}
