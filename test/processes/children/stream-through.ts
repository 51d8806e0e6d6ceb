import { DiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';

/** Streams a value into a cache and out again, and tells how much memory that took beyond what there was. */
const { directory, size, checksum } = given<{ directory: string; size: number; checksum: boolean }>();

const cache = new DiskCache(directory, { sizeLimit: 2 * size, checksum });
await cache.set('first', 'value');
const chunk = Buffer.alloc(64 * 1024, 'diskcache');

async function* chunks() {
  for (let left = size; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
}

say(
  'in',
  await mostMemory(() => cache.setStream('large', chunks(), { signal: new AbortController().signal })),
);
let length = 0;
let isSame = true;
say(
  'out',
  await mostMemory(async () => {
    for await (const piece of (await cache.getStream('large')) ?? []) {
      // Pieces are as long as chunks, or end where one ends.
      const offset = length % chunk.length;
      isSame &&= chunk.subarray(offset, offset + piece.length).equals(piece as Buffer);
      length += piece.length;
    }
  }),
);
say('seen', { length, isSame });
await cache.close();
process.disconnect();

/** The most bytes beyond what there were before, as the system and as V8 count them. */
async function mostMemory(work: () => Promise<void>): Promise<{ ms: number; system: number; v8: number }> {
  const before = process.memoryUsage();
  const most = { system: 0, v8: 0 };
  const look = () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    most.system = Math.max(most.system, rss - before.rss);
    most.v8 = Math.max(most.v8, heapUsed + external - before.heapUsed - before.external);
  };
  const looking = setInterval(look, 5);
  const began = performance.now();
  await work();
  look();
  clearInterval(looking);
  return { ms: performance.now() - began, ...most };
}
