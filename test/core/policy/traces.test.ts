import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** Hit ratios in % of a plain simulation that chooses among ten random entries, see ../../traces/README.md. */
const SIMULATED: [trace: string, entryLimit: number, lru: number, lfu: number][] = [
  ['web07', 1024, 50.5, 53.5],
  ['web07', 5121, 62.9, 64.2],
  ['multi1', 130, 24.8, 37.7],
  ['multi1', 651, 47.2, 49.5],
  ['sprite', 353, 65.1, 60.4],
  ['sprite', 707, 86.2, 81.9],
  ['2_pools', 496, 50.7, 51.9],
  ['gli', 632, 1.2, 2.0],
];

const cells = SIMULATED.flatMap(([trace, entryLimit, lru, lfu]) => [
  { trace, entryLimit, eviction: 'lru' as const, simulated: lru },
  { trace, entryLimit, eviction: 'lfu' as const, simulated: lfu },
]);

test.for(cells)(
  '$eviction hits on $trace with $entryLimit entries as often as the simulation, $simulated %, or a point less',
  { timeout: 30_000 },
  ({ trace, entryLimit, eviction, simulated }) => {
    const cache = openSync({ entryLimit, eviction, clock: new FakeClock(), random: seededRandom() });
    const keys = keysOf(trace);
    let hits = 0;
    for (const key of keys) {
      if (cache.get(key) === undefined) cache.set(key, key);
      else hits++;
    }
    const ratio = (100 * hits) / keys.length;
    expect(cache.count()).toBe(entryLimit);
    expect(ratio).toBeGreaterThanOrEqual(simulated - 1);
  },
);

function keysOf(trace: string): number[] {
  const file = join(import.meta.dirname, '..', '..', 'traces', `${trace}.txt.gz`);
  return gunzipSync(readFileSync(file)).toString().trim().split('\n').map(Number);
}
