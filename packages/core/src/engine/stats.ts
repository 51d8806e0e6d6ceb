import type { Engine } from './engine.ts';

/** What a cache holds, and what this process did with it since it opened it. */
export interface CacheStats {
  /** Entries in the cache, expired ones that were not yet removed left out. */
  readonly count: number;
  /** Bytes that the entries take on disk. */
  readonly size: number;
  readonly sizeLimit: number;
  readonly entryLimit: number;
  /** Reads that found a live entry. */
  readonly hits: number;
  /** Reads that found none. */
  readonly misses: number;
  readonly sets: number;
  readonly deletes: number;
  /** Entries that this process removed to keep the limits. */
  readonly evicted: number;
  /** Entries that this process removed because their time had passed. */
  readonly expired: number;
}

export function statsOf(engine: Engine): CacheStats {
  const { sizeLimit, entryLimit } = engine.settings;
  return { ...engine.totals(), sizeLimit, entryLimit, ...engine.counts, ...engine.evictor.departures };
}
