import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { DiskCacheOptions, EvictionPolicy } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/**
 * Hit ratios in % of exact LRU, and of plain simulations that choose among ten random entries, under S3-FIFO among
 * sixteen, see ../../traces/README.md.
 */
const SIMULATED: [
  trace: string,
  entryLimit: number,
  exactLru: number,
  lru: number,
  lfu: number,
  s3Fifo: number,
][] = [
  ['web07', 1024, 50.6, 50.5, 53.5, 54.0],
  ['web07', 5121, 62.9, 62.9, 64.2, 64.2],
  ['multi1', 130, 23.8, 24.8, 37.7, 44.0],
  ['multi1', 651, 47.2, 47.2, 49.5, 55.7],
  ['sprite', 353, 65.6, 65.1, 60.4, 67.6],
  ['sprite', 707, 86.5, 86.2, 81.9, 86.4],
  ['2_pools', 496, 51.0, 50.7, 51.9, 51.9],
  ['gli', 632, 1.1, 1.2, 2.0, 30.9],
];

const cells = SIMULATED.flatMap(([trace, entryLimit, , lru, lfu, s3Fifo]) => [
  { trace, entryLimit, eviction: 'lru' as const, simulated: lru },
  { trace, entryLimit, eviction: 'lfu' as const, simulated: lfu },
  { trace, entryLimit, eviction: 's3-fifo' as const, simulated: s3Fifo },
]);

test.for(cells)(
  '$eviction hits on $trace with $entryLimit entries as often as the simulation, $simulated %, or a point less',
  { timeout: 30_000 },
  ({ trace, entryLimit, eviction, simulated }) => {
    expect(hitRatio(trace, entryLimit, eviction)).toBeGreaterThanOrEqual(simulated - 1);
  },
);

test.for(SIMULATED)(
  's3-fifo hits on %s with %i entries as often as lru, or half a point less',
  { timeout: 30_000 },
  ([trace, entryLimit, exactLru, lru]) => {
    expect(hitRatio(trace, entryLimit, 's3-fifo')).toBeGreaterThanOrEqual(Math.max(exactLru, lru) - 0.5);
  },
);

test('s3-fifo hits on web07 with 1,024 entries three points more often than lru', { timeout: 30_000 }, () => {
  expect(hitRatio('web07', 1024, 's3-fifo')).toBeGreaterThanOrEqual(50.6 + 3);
});

const ratios = new Map<string, number>();

/** Replays a trace, once for each cache that it is asked for. */
function hitRatio(trace: string, entryLimit: number, eviction: EvictionPolicy): number {
  const cell = `${trace} ${entryLimit} ${eviction}`;
  let ratio = ratios.get(cell);
  if (ratio === undefined) {
    ratio = replay(trace, { entryLimit, eviction, clock: new FakeClock(), random: seededRandom() });
    ratios.set(cell, ratio);
  }
  return ratio;
}

function replay(trace: string, options: DiskCacheOptions & { entryLimit: number }): number {
  const cache = openSync(options);
  const keys = keysOf(trace);
  let hits = 0;
  for (const key of keys) {
    if (cache.get(key) === undefined) cache.set(key, key);
    else hits++;
  }
  expect(cache.count()).toBe(options.entryLimit);
  return (100 * hits) / keys.length;
}

function keysOf(trace: string): number[] {
  const file = join(import.meta.dirname, '..', '..', 'traces', `${trace}.txt.gz`);
  return gunzipSync(readFileSync(file)).toString().trim().split('\n').map(Number);
}
