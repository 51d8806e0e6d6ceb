import { DiskCache } from '@diskcache/core';
import { given, say, sayLast, told } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly limit: number;
  readonly burst: number;
  readonly ms: number;
}

/** Takes tokens with several callers at once, for so long. Says when. */
const { directory, limit, burst, ms } = given<Given>();
const cache = new DiskCache(directory);
const limiter = cache.rateLimiter('name', { limit, interval: 1000, burst });
const now = () => Number(process.hrtime.bigint()) / 1e6;

say('ready');
await told('start');
const taken: number[] = [];
const end = now() + ms;
const caller = async () => {
  while (now() < end) {
    await limiter.take();
    taken.push(now());
  }
};
await Promise.all([caller(), caller(), caller()]);
await cache.close();
sayLast('taken', taken);
