import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';
import { StallMeter } from '../../support/stall-meter.ts';

/** Fills a cache, and then removes all of it by one verb. */
const VERBS = {
  clear: (cache: DiskCache) => cache.clear(),
  evict: (cache: DiskCache) => cache.evict('tag'),
  deletePrefix: (cache: DiskCache) => cache.deletePrefix('key'),
};

interface Given {
  readonly directory: string;
  readonly verb: keyof typeof VERBS;
  readonly entries: number;
  readonly length: number;
}

const { directory, verb, entries, length } = given<Given>();

const cache = new DiskCache(directory);
const value = 'x'.repeat(length);
for (let start = 0; start < entries; start += 1000) {
  await cache.transact((tx) => {
    for (let key = start; key < Math.min(start + 1000, entries); key++) {
      tx.set(`key ${(key * 7919) % 1_000_003}`, value, { tags: ['tag'] });
    }
  });
}
say('ready');
await told('go');
const meter = new StallMeter();
meter.start();
const removed = await VERBS[verb](cache);
say('done', { ...(await meter.stop()), removed });
await told('close');
await cache.close();
process.disconnect();
