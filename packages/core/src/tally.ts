import type { EvictionReason, Events } from './events.ts';
import { givenKey, type Key } from './entry/key.ts';
import type { ReplacedRow } from './storage/rows/statements.ts';

/** How often something had to be waited for, or took its time. */
export interface Times {
  count: number;
  /** All of them together, in ms. */
  ms: number;
  /** The longest of them, in ms. */
  longestMs: number;
}

function counts() {
  return { hits: 0, misses: 0, sets: 0, deletes: 0, expired: 0, evictedForSize: 0, evictedForEntries: 0 };
}

/** How things stood when a transaction, or a part of one, began. */
type Mark = ReturnType<typeof counts> & { readonly untold: number };

/** What this process did with the cache. What a transaction did that is taken back does not count. */
export class Tally {
  readonly counts = counts();
  readonly lockWaits: Times = { count: 0, ms: 0, longestMs: 0 };
  readonly checkpoints: Times = { count: 0, ms: 0, longestMs: 0 };
  readonly #events: Events;
  /** What is to be told once the transaction is committed. */
  #untold: (() => void)[] = [];

  constructor(events: Events) {
    this.#events = events;
  }

  set(key: Key): void {
    this.counts.sets++;
    this.#traced('set', key);
  }

  deleted(key: Key): void {
    this.counts.deletes++;
    this.#traced('delete', key);
  }

  evicted(row: ReplacedRow, reason: EvictionReason): void {
    if (reason === 'size') this.counts.evictedForSize++;
    else this.counts.evictedForEntries++;
    this.#departed('evict', row, reason);
  }

  expired(row: ReplacedRow): void {
    this.counts.expired++;
    this.#departed('expire', row);
  }

  /** A write had to wait for the lock of others. */
  waitedForLock(ms: number): void {
    took(this.lockWaits, ms);
    this.#events.trace('lockWait', { ms });
  }

  checkpointTook(ms: number): void {
    took(this.checkpoints, ms);
    this.#events.trace('checkpoint', { ms });
  }

  mark(): Mark {
    return { ...this.counts, untold: this.#untold.length };
  }

  /** Forgets what was counted since. */
  restore({ untold, ...before }: Mark): void {
    Object.assign(this.counts, before);
    this.#untold.length = untold;
  }

  /** Tells those who listen what was done, now that it is certain. */
  committed(): void {
    if (this.#untold.length === 0) return;
    const untold = this.#untold;
    this.#untold = [];
    for (const tell of untold) tell();
  }

  #traced(name: 'set' | 'delete', key: Key): void {
    if (this.#events.isTraced(name))
      this.#untold.push(() => this.#events.trace(name, { key: givenKey(key) }));
  }

  #departed(name: 'evict' | 'expire', { key, size }: ReplacedRow, reason?: EvictionReason): void {
    if (!this.#events.isHeard(name)) return;
    const departure = { key: givenKey(key), size, ...(reason === undefined ? {} : { reason }) };
    this.#untold.push(() => this.#events.tell(name, departure));
  }
}

function took(times: Times, ms: number): void {
  times.count++;
  times.ms += ms;
  times.longestMs = Math.max(times.longestMs, ms);
}
