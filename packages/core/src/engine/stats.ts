import type { Engine } from './engine.ts';
import type { EvictionReason } from '../events.ts';
import type { Times } from '../tally.ts';

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
  /** The same, by the limit that they had to make room for. */
  readonly evictedFor: Readonly<Record<EvictionReason, number>>;
  /** Entries that this process removed because their time had passed. */
  readonly expired: number;
  /** Writes of this process that had to wait for the lock of others. */
  readonly lockWaits: Readonly<Times>;
  /** Times that the write-ahead log was moved into the database for this process. */
  readonly checkpoints: Readonly<Times>;
}

/** What is in the cache now: live entries, and the space of all. */
export function totalsOf({ storage: { sql, transaction }, settings }: Engine): {
  count: number;
  size: number;
} {
  const totals = transaction.isOpen ? transaction.totals : sql.totals.get();
  const expired = sql.countExpired.get({ now: settings.clock.now() }) ?? 0;
  return { count: (totals?.count ?? 0) - expired, size: totals?.space ?? 0 };
}

export function statsOf(engine: Engine): CacheStats {
  const { sizeLimit, entryLimit } = engine.settings;
  const { counts, lockWaits, checkpoints } = engine.tally;
  const { evictedForSize, evictedForEntries, ...rest } = counts;
  return {
    ...totalsOf(engine),
    sizeLimit,
    entryLimit,
    ...rest,
    evicted: evictedForSize + evictedForEntries,
    evictedFor: { size: evictedForSize, entries: evictedForEntries },
    lockWaits: { ...lockWaits },
    checkpoints: { ...checkpoints },
  };
}
