import { setImmediate as turn } from 'node:timers/promises';
import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';
import { StallMeter } from '../../support/stall-meter.ts';

/** So many that the notes of their uses are to be written. */
const ENTRIES = 5000;

const { directory, timeout } = given<{ directory: string; timeout?: number }>();

const cache = new DiskCache(directory, { timeout });
await cache.setMany(Array.from({ length: ENTRIES }, (_, i) => [`read ${i}`, i]));
await cache.setMany(['touched', 'deleted', 'counted'].map((key) => [key, 1]));
say('ready');
await told('go');

const meter = new StallMeter();
meter.start();
const began = performance.now();
const writing = Promise.allSettled([
  cache.set('set', 'new'),
  cache.set('file', 'f'.repeat(100_000)),
  cache.touch('touched', { ttl: 3_600_000 }),
  cache.delete('deleted'),
  cache.transact((tx) => tx.set('counted', (tx.get<number>('counted') ?? 0) + 1)),
]);
for (let i = 0; i < ENTRIES; i++) {
  cache.sync.get(`read ${i}`);
  if (i % 50 === 0) await turn();
}
const settled = await writing;
const waitedMs = performance.now() - began;
say('settled', {
  ...(await meter.stop()),
  waitedMs,
  outcomes: settled.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.code)),
});
await told('close');
await cache.close();
process.disconnect();
