import type { CacheStats } from '../engine/stats.ts';
import type { ProgressOptions } from '../entry/progress-options.ts';
import type { Times } from '../tally.ts';
import type { CheckReport } from '../upkeep/findings.ts';

/**
 * The options of a verb for each of the shards, which tell of what came of it in all of them.
 *
 * @param name what is told
 */
export function progressOf<
  Name extends string,
  Options extends ProgressOptions<{ readonly [name in Name]: number }>,
>(options: Options | undefined, name: Name): (shard: number) => Options | undefined {
  const onProgress: unknown = options?.onProgress;
  // What is none is for the shards to refuse.
  if (typeof onProgress !== 'function') return () => options;
  const done: number[] = [];
  return (shard) => ({
    ...(options as Options),
    onProgress: (progress: { readonly [name in Name]: number }) => {
      done[shard] = progress[name];
      onProgress({ [name]: sumOf(done.filter((one) => one !== undefined)) });
    },
  });
}

/** What all shards hold, and what this process did with them. */
export function statsOfAll(all: readonly CacheStats[]): CacheStats {
  const [{ sizeLimit, entryLimit }] = all as [CacheStats];
  const sum = (of: (one: CacheStats) => number) => sumOf(all.map(of));
  return {
    count: sum(({ count }) => count),
    size: sum(({ size }) => size),
    sizeLimit,
    entryLimit,
    hits: sum(({ hits }) => hits),
    misses: sum(({ misses }) => misses),
    sets: sum(({ sets }) => sets),
    deletes: sum(({ deletes }) => deletes),
    evicted: sum(({ evicted }) => evicted),
    evictedFor: {
      size: sum(({ evictedFor }) => evictedFor.size),
      entries: sum(({ evictedFor }) => evictedFor.entries),
    },
    expired: sum(({ expired }) => expired),
    lockWaits: timesOfAll(all.map(({ lockWaits }) => lockWaits)),
    checkpoints: timesOfAll(all.map(({ checkpoints }) => checkpoints)),
  };
}

/** What was found in all shards; in which one, its number tells. */
export function checkOfAll(reports: readonly CheckReport[]): CheckReport {
  const inShard = (shard: number) => (problem: CheckReport['problems'][number]) => ({
    ...problem,
    detail: `shard ${shard}: ${problem.detail}`,
  });
  return {
    ok: reports.every(({ ok }) => ok),
    problems: reports.flatMap(({ problems }, shard) => problems.map(inShard(shard))),
    entries: sumOf(reports.map(({ entries }) => entries)),
    files: sumOf(reports.map(({ files }) => files)),
  };
}

function timesOfAll(all: readonly Readonly<Times>[]): Times {
  return {
    count: sumOf(all.map(({ count }) => count)),
    ms: sumOf(all.map(({ ms }) => ms)),
    longestMs: Math.max(...all.map(({ longestMs }) => longestMs)),
  };
}

export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
