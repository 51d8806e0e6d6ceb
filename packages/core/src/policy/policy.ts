/** The names of the policies, see {@link POLICIES}. */
export type EvictionPolicy = 'lru' | 'lfu' | 'fifo' | 'none';

/** What is known of an entry when a victim is chosen. */
export interface Candidate {
  readonly id: number;
  /** When it was last stored or read, in ms since the epoch. */
  readonly lastUse: number;
  /** How often it was stored or read, past uses counting less and less. */
  readonly hits: number;
  /** Evictions since it was last stored or read. */
  readonly idle: number;
  /** Evictions since it was stored. */
  readonly age: number;
}

/** Which entry goes first. */
export interface Policy {
  /** Whether reads matter to it, so that they have to be noted. */
  readonly notesUse: boolean;
  /** Where victims come from: entries drawn at random and compared, the first to arrive, or nowhere. */
  readonly victims: 'drawn' | 'first' | 'none';
  /**
   * How much an entry is worth among `count` entries: the least goes first, and of two alike the one that was not used
   * for longer.
   */
  worth(candidate: Candidate, count: number): number;
}

/** Uses count half as much after as many evictions as there are entries, times this. */
const LFU_HALF_LIFE = 4;
/** After as many evictions without a use an entry goes before all others, however often it was used. */
const LFU_HORIZON = 5;
/** For as many evictions a new entry stays, so that it has a chance to be used. */
const LFU_GRACE = 0.05;

/** Evictions after which a use counts half in a cache of `count` entries. */
export function halfLife(count: number): number {
  return LFU_HALF_LIFE * Math.max(count, 1);
}

/**
 * Least frequently used, with uses that fade. Time is counted in evictions: nothing ages while there is room, and a
 * burst of traffic ages entries as much as it displaces. Without fading, entries that once were hot would never go;
 * without grace, in a cache of hot entries each new one would go at once.
 */
function lfuWorth({ hits, idle, age }: Candidate, count: number): number {
  if (age < Math.max(1, LFU_GRACE * count)) return Infinity;
  const faded = Math.log2(hits) - idle / halfLife(count);
  return idle > LFU_HORIZON * count ? faded - 1e6 : faded;
}

/**
 * All policies. Choosing among a few random entries is Redis's way (https://redis.io/docs, "Key eviction"): within half
 * a point of the exact policy's hit ratio on real traces, without an index that each access would have to move.
 */
export const POLICIES: Readonly<Record<EvictionPolicy, Policy>> = {
  /** Least recently used. */
  lru: { notesUse: true, victims: 'drawn', worth: () => 0 },
  /** Least frequently used, fading. */
  lfu: { notesUse: true, victims: 'drawn', worth: lfuWorth },
  /** First in, first out: an overwrite does not renew an entry. */
  fifo: { notesUse: false, victims: 'first', worth: () => 0 },
  /** Nothing goes before its time; a full cache refuses what is new. */
  none: { notesUse: false, victims: 'none', worth: () => 0 },
};
