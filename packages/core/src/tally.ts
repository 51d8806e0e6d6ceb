import type { Departure, EvictionReason, Events } from './events.ts';
import { givenKey } from './entry/key.ts';
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
type Mark = ReturnType<typeof counts> & { readonly departures: number };

/** What this process did with the cache. What a transaction did that is taken back does not count. */
export class Tally {
  readonly counts = counts();
  readonly lockWaits: Times = { count: 0, ms: 0, longestMs: 0 };
  readonly checkpoints: Times = { count: 0, ms: 0, longestMs: 0 };
  readonly #events: Events;
  #departures: { name: 'evict' | 'expire'; departure: Departure }[] = [];

  constructor(events: Events) {
    this.#events = events;
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

  mark(): Mark {
    return { ...this.counts, departures: this.#departures.length };
  }

  /** Forgets what was counted since. */
  restore({ departures, ...before }: Mark): void {
    Object.assign(this.counts, before);
    this.#departures.length = departures;
  }

  /** Tells those who listen which entries went, now that this is certain. */
  committed(): void {
    if (this.#departures.length === 0) return;
    for (const { name, departure } of this.#departures) this.#events.tell(name, departure);
    this.#departures = [];
  }

  #departed(name: 'evict' | 'expire', { key, size }: ReplacedRow, reason?: EvictionReason): void {
    if (!this.#events.isHeard(name)) return;
    const departure = { key: givenKey(key), size, ...(reason === undefined ? {} : { reason }) };
    this.#departures.push({ name, departure });
  }
}

export function took(times: Times, ms: number): void {
  times.count++;
  times.ms += ms;
  times.longestMs = Math.max(times.longestMs, ms);
}
