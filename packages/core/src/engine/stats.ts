import type { Engine } from './engine.ts';
import { totalsFrom } from '../storage/rows/totals.ts';
import type { EvictionReason } from '../events.ts';
import type { Times } from '../tally.ts';

/** What a cache holds, and what this process did with it since it opened it. */
export interface CacheStats {
  /** Entries in the cache, expired ones that were not yet removed left out. */
  readonly count: number;
  /** Bytes that the entries take on disk, and the files of streams that are just being written. */
  readonly size: number;
  /** As this process opened it, in bytes. */
  readonly sizeLimit: number;
  /** As this process opened it. */
  readonly entryLimit: number;
  /** Reads of this process that found a live entry: get(), entry(), getStream(), path(), each key of getMany(), … */
  readonly hits: number;
  /** The same that found none, or one whose file was gone or damaged. */
  readonly misses: number;
  /** Entries that this process stored, by whichever verb. */
  readonly sets: number;
  /** Live entries that this process removed one by one: by delete(), pop(), pull(), ack(). */
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
export function totalsOf({ storage: { sql, transaction }, live, settings }: Engine): {
  count: number;
  size: number;
} {
  const { count, space } = transaction.isOpen ? transaction.totals : totalsFrom(sql.totals.get());
  const expired = sql.countExpired.get({ now: settings.clock.now() }) ?? 0;
  return { count: expired === 0 ? count : count - expired + live.countInUse(), size: space };
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
