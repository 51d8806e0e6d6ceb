import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly number: number;
  readonly door: 'async' | 'sync';
  readonly together: number;
  readonly ms: number;
}

/** Writes without pause for some time. */
const { directory, number, door, together, ms } = given<Given>();

const cache = new DiskCache(directory);
say('ready');
await told('go');
let written = 0;
let slowestMs = 0;
const end = performance.now() + ms;
for (let now = performance.now(); now < end;) {
  if (door === 'sync') cache.sync.set(`${number}:${written++ % 1000}`, 'x'.repeat(100));
  else {
    const sets = Array.from({ length: together }, () =>
      cache.set(`${number}:${written++ % 1000}`, 'x'.repeat(100)),
    );
    await Promise.all(sets);
  }
  const later = performance.now();
  slowestMs = Math.max(slowestMs, later - now);
  now = later;
}
say('done', { written, slowestMs });
await cache.close();
process.disconnect();
