import { monotonicMs, sleepSync } from '../clock.ts';
import type { EntryTerms } from '../entry/entry-options.ts';
import { TimeoutError } from '../errors.ts';
import type { EvictionReason } from '../events.ts';
import type { Limits } from './limits.ts';
import {
  addShare,
  inTransactionOf,
  lookAt,
  type Part,
  shareIn,
  type SharedLimits,
  usedIn,
} from './shared-limits.ts';

/** After as many evictions as this part of the entries, others are asked again whether they have something to spare. */
const ASKED_EVERY = 1 / 256;
/** Another part evicts in place of this one where what would go there was not used for so many times as long. */
const IDLER = 1.25;
/** And no longer than this at a time. */
const IDLER_MS = 1;

/** Between two attempts where the lock cannot be let go meanwhile, and how long there are such. */
const PAUSE_MS = 1;
const PATIENCE_MS = 500;
/** Attempts that are further apart do not belong together. */
const APART_MS = 100;

/** What came of asking others for what they use. */
export type Pressed = 'more' | 'later' | 'none';

/**
 * What one of several caches may have of the limits that they have together. At its limit it first takes what others do
 * not use, then what they use for entries that were idle for longer than those that it would evict itself. Keys are spread
 * evenly, so that this is seldom much: what moves shares are large values and queues, each of which is in one part.
 *
 * Needs the lock of the part, but for takenBack(). The locks of others are only tried.
 */
export class Share implements Limits {
  readonly whole: SharedLimits;
  readonly #own: Part;
  /** Evictions until others are asked again. */
  #untilAsked = 0;
  /** Where press() begins. */
  #turn = 0;
  #hasTaken = false;
  /** When others were last found locked, and since when they were again and again, by monotonicMs(). */
  #lockedAt = -Infinity;
  #lockedSince = 0;

  constructor(whole: SharedLimits, own: Part) {
    this.whole = whole;
    this.#own = own;
    whole.parts.push(own);
    own.storage.reservations.join(() => whole.parts.map(({ storage }) => storage.reservations));
  }

  get sizeLimit(): number {
    return this.#amount('size');
  }

  get entryLimit(): number {
    return this.#amount('entries');
  }

  /** The same terms, with the moment of the call that gives them. */
  called(terms: EntryTerms): EntryTerms {
    return { ...terms, called: this.whole.moment() };
  }

  /** The place in the order of insertion that a new entry gets, unless there are later ones. */
  arrival({ called }: EntryTerms): number {
    return called ?? this.whole.moment();
  }

  /** Says that an entry was evicted. */
  evicted(): void {
    this.#untilAsked--;
  }

  /**
   * Takes what others can spare, when it is time to ask them.
   *
   * @param needed how much of the limit is needed in all
   * @returns whether it was something
   */
  extend(reason: EvictionReason, needed: number): boolean {
    if (this.#untilAsked > 0) return false;
    const offers = this.#others()
      .map((part) => ({ part, totals: lookAt(part) }))
      .map(({ part, totals }) => ({ part, unused: totals && this.whole.unused(reason, totals) }))
      .filter((offer): offer is { part: Part; unused: number } => (offer.unused ?? 0) > 0)
      .sort((a, b) => b.unused - a.unused);
    let hasMore = false;
    for (const { part } of offers) {
      if (this.#wanted(reason, needed) <= 0) break;
      if (this.#take(part, reason, needed) === 'more') hasMore = true;
    }
    if (hasMore) return true;
    this.#untilAsked = Math.max(1, this.#own.storage.transaction.totals.count * ASKED_EVERY);
    return this.#takeFromIdler(reason);
  }

  /** Has others evict where this part has nothing left to evict itself. */
  press(reason: EvictionReason, needed: number, deadline: number): Pressed {
    let pressed: Pressed = 'none';
    const others = this.#others();
    const turn = this.#turn++ % others.length;
    const inTurn = [...others.slice(turn), ...others.slice(0, turn)];
    for (const [place, part] of inTurn.entries()) {
      const missing = this.#missing(reason, needed);
      if (missing <= 0) break;
      if (monotonicMs() > deadline) return 'more';
      const amount = Math.ceil(missing / (others.length - place));
      const taken = this.#take(part, reason, needed, () => part.evictor.makeUnused(reason, amount, deadline));
      if (taken === 'more' || pressed === 'none') pressed = taken;
    }
    if (pressed !== 'none' || this.#missing(reason, needed) <= 0) return pressed;
    const balance = this.whole.balance();
    return balance === 'changed' ? 'more' : balance === 'busy' ? 'later' : 'none';
  }

  /**
   * Waits for a moment, after press() came to 'later', where there is no deadline to come back after.
   *
   * @returns false where there is one
   * @throws {@link TimeoutError} when this was so for too long
   */
  waits(deadline: number): boolean {
    const now = monotonicMs();
    if (now > this.#lockedAt + APART_MS) this.#lockedSince = now;
    this.#lockedAt = now;
    const { timeoutMs } = this.whole;
    const patienceMs = deadline === Infinity ? Math.min(PATIENCE_MS, timeoutMs) : timeoutMs;
    if (now > this.#lockedSince + patienceMs)
      throw new TimeoutError(patienceMs, 'shards that have room to give were locked by others');
    if (deadline === Infinity) sleepSync(PAUSE_MS);
    return deadline === Infinity;
  }

  /** Says that the transaction, or a part of it, was taken back. */
  takenBack(): void {
    if (this.#hasTaken) this.whole.balanceSoon();
    this.#hasTaken = false;
  }

  committed(): void {
    this.#hasTaken = false;
  }

  #others(): Part[] {
    return this.whole.parts.filter((part) => part !== this.#own);
  }

  #amount(reason: EvictionReason): number {
    return this.whole.amount(reason, shareIn(reason, this.#own.storage.transaction.totals));
  }

  #missing(reason: EvictionReason, needed: number): number {
    return needed - this.#amount(reason);
  }

  /** In units. */
  #wanted(reason: EvictionReason, needed: number): number {
    const { totals } = this.#own.storage.transaction;
    return this.whole.unitsFor(reason, needed) - shareIn(reason, totals);
  }

  /**
   * Takes what another part does not use: as much as is needed, and half of it at least, so that it is not asked again soon.
   *
   * @param prepare done under its lock before
   */
  #take(part: Part, reason: EvictionReason, needed: number, prepare?: () => void): Pressed {
    const wanted = this.#wanted(reason, needed);
    let taken = 0;
    const isDone = inTransactionOf(part, () => {
      prepare?.();
      const { transaction } = part.storage;
      const unused = this.whole.unused(reason, transaction.totals);
      taken = Math.max(0, Math.min(unused, Math.max(wanted, Math.ceil(unused / 2))));
      addShare(transaction, reason, -taken);
    });
    if (!isDone) return 'later';
    if (taken === 0) return 'none';
    this.#hasTaken = true;
    addShare(this.#own.storage.transaction, reason, taken);
    return 'more';
  }

  /** As a cache that is not sharded would do it: so a part in which nothing is used any more does not keep its share. */
  #takeFromIdler(reason: EvictionReason): boolean {
    const { whole } = this;
    const mine = this.#own.evictor.nextToGo();
    const others = this.#others();
    const part = others[Math.floor(whole.random() * others.length)];
    if (part === undefined || mine === undefined) return false;
    const idle = (lastUse: number) => Math.max(0, whole.now() - lastUse);
    const totals = this.#own.storage.transaction.totals;
    const amount = Math.max(1, Math.ceil(usedIn(reason, totals) * ASKED_EVERY));
    const prepare = () => {
      const theirs = part.evictor.nextToGo();
      if (theirs !== undefined && idle(theirs) > IDLER * idle(mine))
        part.evictor.makeUnused(reason, amount, monotonicMs() + IDLER_MS);
    };
    return this.#take(part, reason, this.#amount(reason) + amount, prepare) === 'more';
  }
}
