import { setImmediate as turn } from 'node:timers/promises';
import { DiskCache, type Durability } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';
import { StallMeter } from '../../support/stall-meter.ts';

/** One call on any of the entries. */
const CALLS = {
  set: (cache: DiskCache, key: string) => cache.set(key, 'x'.repeat(1000)),
  get: (cache: DiskCache, key: string) => cache.get(key),
  touch: (cache: DiskCache, key: string) => cache.touch(key, { ttl: 3_600_000 + Math.random() * 1000 }),
};

interface Given {
  readonly directory: string;
  readonly call: keyof typeof CALLS;
  readonly ms: number;
  readonly together: number;
  readonly durability?: Durability;
}

const { directory, call, ms, together, durability } = given<Given>();

const ENTRIES = 50_000;

const cache = new DiskCache(directory, { durability });
for (let start = 0; start < ENTRIES; start += 1000) {
  await cache.setMany(Array.from({ length: 1000 }, (_, i) => [`${start + i}`, 'x'.repeat(100)]));
}
say('ready');
await told('go');
const began = Date.now();
const meter = new StallMeter();
meter.start();
let calls = 0;
for (const end = performance.now() + ms; performance.now() < end; calls += together) {
  await Promise.all(
    Array.from({ length: together }, () => CALLS[call](cache, `${Math.floor(Math.random() * ENTRIES)}`)),
  );
  await turn();
}
say('done', { ...(await meter.stop()), calls, began, ended: Date.now() });
await told('close');
await cache.close();
process.disconnect();
