/**
 * What goes first when a limit is reached: what was not used for longest ('lru'), what was used least often, with old uses
 * fading ('lfu'), what came first ('fifo'), what was not used again soon after it came ('s3-fifo'), or nothing, so that a
 * full cache refuses what is new ('none').
 */
export type EvictionPolicy = 'lru' | 'lfu' | 'fifo' | 's3-fifo' | 'none';

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
  /** How many of them are drawn at a time. */
  readonly drawn: number;
  /** Whether a key that comes back soon after its eviction counts as used, so that evicted keys have to be remembered. */
  readonly hasGhosts: boolean;
  /**
   * How much an entry is worth among `count` entries: the least goes first, and of two alike the one that was not used
   * for longer.
   */
  worth(candidate: Candidate, count: number): number;
}

/** A new entry stays for as many evictions as this part of the entries, so that it has a chance to be used. */
const GRACE = 0.05;

/** Uses count half as much after as many evictions as there are entries, times this. */
const LFU_HALF_LIFE = 4;
/** After as many evictions without a use an entry goes before all others, however often it was used. */
const LFU_HORIZON = 5;

/** So much of an S3-FIFO cache is for entries on probation. */
const PROBATION_PART = 0.1;
/** But at least so many, or in a tiny cache hardly any would be used in time. */
const PROBATION_LEAST = 4;
/** More uses than this do not make an entry worth more. */
const USES_COUNTED = 8;

/** Evictions after which a use counts half in a cache of `count` entries. */
export function halfLife(count: number): number {
  return LFU_HALF_LIFE * Math.max(count, 1);
}

function isInGrace(age: number, count: number): boolean {
  return age < Math.max(1, GRACE * count);
}

/**
 * Least frequently used, with uses that fade. Time is counted in evictions: nothing ages while there is room, and a
 * burst of traffic ages entries as much as it displaces. Without fading, entries that once were hot would never go;
 * without grace, in a cache of hot entries each new one would go at once.
 */
function lfuWorth({ hits, idle, age }: Candidate, count: number): number {
  if (isInGrace(age, count)) return Infinity;
  const faded = Math.log2(hits) - idle / halfLife(count);
  return idle > LFU_HORIZON * count ? faded - 1e6 : faded;
}

/**
 * After S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023,
 * https://doi.org/10.1145/3600006.3613147), which keeps new entries in a small queue, moves those that are used to a main
 * queue, and remembers the keys that fell out of the small one: a key that comes back soon goes to the main queue at once.
 * So a scan of keys that are read once displaces only a tenth of the cache.
 *
 * Here are no queues, whose order would have to be written at each move, but entries drawn at random:
 *
 * - An entry is on probation until it is used. Its place in the small queue is how many evictions ago it came. One that
 *   has been there for too long goes before all others. Of several the latest does: the earlier ones are what a loop
 *   over more keys than fit comes back to first, while S3-FIFO evicts the earlier ones.
 * - An entry that was used is worth more the more often (up to eight times) and the later that was, while S3-FIFO gives
 *   it another round in the main queue for each of up to three uses.
 * - All evicted keys are remembered, not only those that were on probation, see Ghosts.
 *
 * What it is weak at, as S3-FIFO is: keys that are each read once more, and not before their probation is over.
 */
function s3FifoWorth({ hits, idle, age }: Candidate, count: number): number {
  if (isInGrace(age, count)) return Infinity;
  const wait = idle + 1;
  if (hits > 1) return -wait / Math.min(hits, USES_COUNTED);
  return wait <= Math.max(PROBATION_LEAST, PROBATION_PART * count) ? -wait : wait - 1e12;
}

/** Redis takes five, or ten to come close to the exact policy. */
const TEN_DRAWN = { victims: 'drawn', drawn: 10 } as const;
/** One that should go at once has to be found among many that should stay. */
const SIXTEEN_DRAWN = { victims: 'drawn', drawn: 16 } as const;

/**
 * All policies. Choosing among a few random entries is Redis's way (https://redis.io/docs, "Key eviction"): within half
 * a point of the exact policy's hit ratio on real traces, without an index that each access would have to move.
 */
export const POLICIES: Readonly<Record<EvictionPolicy, Policy>> = {
  /** Least recently used. */
  lru: { ...TEN_DRAWN, notesUse: true, hasGhosts: false, worth: () => 0 },
  /** Least frequently used, fading. */
  lfu: { ...TEN_DRAWN, notesUse: true, hasGhosts: false, worth: lfuWorth },
  /** First in, first out: an overwrite does not renew an entry. */
  fifo: { victims: 'first', drawn: 0, notesUse: false, hasGhosts: false, worth: () => 0 },
  /** What was not used again after it came goes soon, so that scans pass through. */
  's3-fifo': { ...SIXTEEN_DRAWN, notesUse: true, hasGhosts: true, worth: s3FifoWorth },
  /** Nothing goes before its time; a full cache refuses what is new. */
  none: { victims: 'none', drawn: 0, notesUse: false, hasGhosts: false, worth: () => 0 },
};
