import { type Clock, DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';
import { wholeValue } from '../../support/whole-value.ts';

/** Entries that live for moments, while upkeep comes five hundred times as often as usual. */
const { directory, number, ms } = given<{ directory: string; number: number; ms: number }>();

const hurried: Clock = {
  now: () => Date.now(),
  every: (intervalMs, work) => {
    const timer = setInterval(work, intervalMs / 500);
    return () => clearInterval(timer);
  },
};

const cache = new DiskCache(directory, { clock: hurried, fileThreshold: 4096, timeout: 30_000 });
cache.on('error', (error) => say('error', error.message));
say('ready');
await told('go');
let written = 0;
for (const end = performance.now() + ms; performance.now() < end;) {
  const key = `${number}:${written++ % 50}`;
  await cache.set(key, wholeValue(key, written % 5 === 0 ? 5000 : 100), { ttl: 1 + (written % 30) });
}
say('done', written);
await cache.close();
process.disconnect();
