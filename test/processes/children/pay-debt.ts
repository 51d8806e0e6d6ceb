import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';
import { StallMeter } from '../../support/stall-meter.ts';

/** One set that has to evict most of what there is. */
const { directory, sizeLimit, length } = given<{ directory: string; sizeLimit: number; length: number }>();

const cache = new DiskCache(directory, { sizeLimit });
const value = Buffer.alloc(length);
say('ready');
await told('go');
const meter = new StallMeter();
meter.start();
const began = performance.now();
await cache.set('large', value);
const tookMs = performance.now() - began;
const size = cache.sync.size();
say('done', {
  ...(await meter.stop()),
  tookMs,
  size,
  count: cache.sync.count(),
  has: cache.sync.has('large'),
});
await cache.close();
process.disconnect();
