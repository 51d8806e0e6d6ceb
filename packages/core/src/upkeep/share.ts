import { monotonicMs, sleepSync } from '../clock.ts';
import type { EntryTerms } from '../entry/entry-options.ts';
import { TimeoutError } from '../errors.ts';
import type { EvictionReason } from '../events.ts';
import type { Limits } from './limits.ts';
import {
  addShare,
  type EvictionBounds,
  inTransactionOf,
  hasExpired,
  lookAt,
  type Part,
  shareIn,
  type SharedLimits,
  usedIn,
} from './shared-limits.ts';
import { compareStandings, later, type Standing } from './standing.ts';

export type { SharedLimits };

/** After as many evictions as this part of the entries, others are asked again whether they have something to spare. */
const ASKED_EVERY = 1 / 256;
const ASKED_LEAST = 8;
/** Another part evicts in place of this one where what would go there was not used for so many times as long. */
const IDLER = 1.25;
/** And no longer than this at a time. */
const IDLER_MS = 1;
/** More than this part of what a part has is made room for in all parts, in pieces of that part of it. */
const MUCH = 1 / 8;
const PIECE = 1 / 16;
/** Expired entries that are removed elsewhere in one go. */
const PURGED_AT_ONCE = 64;

/** Between two attempts where the lock cannot be let go meanwhile, and how long there are such. */
const PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 10;
const PATIENCE_MS = 500;
/** Attempts that are further apart do not belong together. */
const APART_MS = 100;

/** What came of asking others for what they use. */
export type Pressed = 'more' | 'later' | 'none';

/** A part, and how the entry stands that would go there next. */
interface Candidate {
  readonly part: Part;
  readonly standing: Standing;
}

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
  #hasTaken = false;
  /** When others were last found locked, and since when they were again and again, by monotonicMs(). */
  #lockedAt = -Infinity;
  #lockedSince = 0;
  #isToPause = false;

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
   * @param added how much is to be added to what the part has
   * @returns whether it was something
   */
  extend(reason: EvictionReason, added: number): boolean {
    // Where the disk is full, and not the share, others cannot help with theirs.
    if (this.#untilAsked > 0 || this.#missing(reason, added) <= 0) return false;
    let hasMore = false;
    for (const { part, isStale } of this.#offers(reason)) {
      if (this.#missing(reason, added) <= 0) break;
      const purge = isStale ? () => void part.evictor.purge(PURGED_AT_ONCE) : undefined;
      if (this.#take(part, reason, added, purge) === 'more') hasMore = true;
    }
    if (hasMore) return true;
    this.#untilAsked = Math.max(ASKED_LEAST, this.#own.storage.transaction.totals.count * ASKED_EVERY);
    return !this.isMuch(reason, added) && this.#takeFromIdler(reason, added);
  }

  /** Whether so much is missing that all parts are to give something. */
  isMuch(reason: EvictionReason, added: number): boolean {
    return this.#missing(reason, added) > this.#used(reason) * MUCH;
  }

  /**
   * Has that part evict, piece by piece, in which the next entry to go was not used for the longest time.
   *
   * @param spare the id of an entry of this part that is not to go
   */
  press(reason: EvictionReason, added: number, deadline: number, spare: number | undefined): Pressed {
    if (this.#missing(reason, added) <= 0) return 'none';
    const piece = Math.ceil(this.#missing(reason, added) * PIECE);
    const candidates: Candidate[] = [];
    let pressed: Pressed = 'none';
    const ask = (part: Part, evict: (bounds: EvictionBounds) => void) => {
      const bounds = { deadline, spare: part === this.#own ? spare : undefined };
      let standing: Standing | undefined;
      const taken = this.#take(part, reason, added, () => {
        evict(bounds);
        standing = part.evictor.standingOfNext(bounds.spare);
      });
      if (pressed === 'none' || taken === 'more') pressed = taken;
      if (taken !== 'later' && standing !== undefined) insert(candidates, { part, standing });
    };
    for (const part of this.whole.parts) ask(part, () => undefined);
    for (let next = candidates.shift(); next !== undefined; next = candidates.shift()) {
      const { part } = next;
      const missing = this.#missing(reason, added);
      if (missing <= 0 || monotonicMs() > deadline) {
        pressed = 'more';
        break;
      }
      const bound = candidates[0] && later(candidates[0].standing, this.whole.now());
      ask(part, (bounds) => part.evictor.evictSome(reason, Math.min(piece, missing), { ...bounds, bound }));
    }
    // What was evicted elsewhere may have been more than was needed.
    this.#untilAsked = 0;
    if (pressed !== 'none') return pressed;
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
    this.#isToPause = deadline < Infinity;
    if (deadline === Infinity) sleepSync(PAUSE_MS);
    return deadline === Infinity;
  }

  /** How many ms the lock is to be left to others before the next attempt, so that not all keep each other from going on. */
  takePause(): number {
    const pauseMs = this.#isToPause ? LONGEST_PAUSE_MS * this.whole.random() : 0;
    this.#isToPause = false;
    return pauseMs;
  }

  /** Has other parts evict for the sake of the disk that all are on. @returns how many bytes */
  evictElsewhere(bytes: number, deadline: number): number {
    const others = this.whole.parts.filter((part) => part !== this.#own);
    let evicted = 0;
    for (const [place, part] of others.entries()) {
      const { transaction } = part.storage;
      const amount = Math.ceil((bytes - evicted) / (others.length - place));
      if (amount <= 0 || monotonicMs() > deadline) break;
      inTransactionOf(part, () => {
        const before = transaction.totals.space;
        part.evictor.evictSome('size', amount, { deadline });
        evicted += before - transaction.totals.space;
      });
    }
    return evicted;
  }

  /** Resolves when the files are gone of what was evicted in any part. */
  async settled(): Promise<void> {
    await Promise.all(this.whole.parts.map(({ removals }) => removals.settled()));
  }

  /** The same on the caller's thread. */
  settleSync(): void {
    for (const { removals } of this.whole.parts) removals.settleSync();
  }

  /**
   * Has all parts evict what they have beyond their shares, as long as it is not known that there is nothing of that.
   *
   * @returns whether that takes longer
   */
  evictsDown(deadline: number): boolean {
    const { whole } = this;
    if (!whole.mayBeOver) return false;
    for (const part of whole.parts) {
      const totals = lookAt(part);
      const isOver = totals === undefined || whole.isOver(totals);
      let isDone = !isOver;
      if (isOver) inTransactionOf(part, () => (isDone = part.evictor.evictDown(deadline)));
      if (!isDone && deadline < Infinity) return true;
    }
    whole.mayBeOver = false;
    return false;
  }

  /** Says that the transaction, or a part of it, was taken back. */
  takenBack(): void {
    if (this.#hasTaken) this.whole.balanceSoon();
    this.#hasTaken = false;
  }

  committed(): void {
    this.#hasTaken = false;
  }

  #used(reason: EvictionReason): number {
    return usedIn(reason, this.#own.storage.transaction.totals);
  }

  #amount(reason: EvictionReason): number {
    return this.whole.amount(reason, shareIn(reason, this.#own.storage.transaction.totals));
  }

  #missing(reason: EvictionReason, added: number): number {
    return this.#used(reason) + added - this.#amount(reason);
  }

  /**
   * Takes what another part does not use: as much as is needed, and half of it at least, so that it is not asked again soon.
   *
   * @param prepare done under its lock before
   */
  #take(part: Part, reason: EvictionReason, added: number, prepare?: () => void): Pressed {
    const own = this.#own.storage.transaction;
    const missing = this.#missing(reason, added);
    let taken = 0;
    const isDone = inTransactionOf(part, () => {
      prepare?.();
      if (part === this.#own) return;
      const wanted = this.whole.unitsFor(reason, this.#used(reason) + added) - shareIn(reason, own.totals);
      const { transaction } = part.storage;
      const unused = this.whole.unused(reason, transaction.totals);
      taken = Math.max(0, Math.min(unused, Math.max(wanted, Math.ceil(unused / 2))));
      addShare(transaction, reason, -taken);
    });
    if (!isDone) return 'later';
    if (taken > 0) {
      this.#hasTaken = true;
      addShare(own, reason, taken);
    }
    return taken > 0 || this.#missing(reason, added) < missing ? 'more' : 'none';
  }

  /** What others may have to give, those first that use least. */
  #offers(reason: EvictionReason): { readonly part: Part; readonly isStale: boolean }[] {
    const others = this.whole.parts.filter((part) => part !== this.#own);
    return others
      .map((part) => {
        const totals = lookAt(part);
        const unused = totals === undefined ? 0 : this.whole.unused(reason, totals);
        return { part, unused, isStale: hasExpired(part) };
      })
      .filter(({ unused, isStale }) => unused > 0 || isStale)
      .sort((a, b) => b.unused - a.unused);
  }

  /** As a cache that is not sharded would do it: so a part in which nothing is used any more does not keep its share. */
  #takeFromIdler(reason: EvictionReason, added: number): boolean {
    const { parts, random, now } = this.whole;
    const mine = this.#own.evictor.standingOfNext(undefined);
    const part = parts[Math.floor(random() * parts.length)];
    if (mine === undefined || part === undefined || part === this.#own || this.whole.mayBeOver) return false;
    const amount = Math.max(1, Math.ceil(this.#used(reason) * ASKED_EVERY));
    const time = mine.time - (IDLER - 1) * Math.max(0, now() - mine.time);
    const prepare = () => {
      // Within one ms nothing is idle.
      if (time < mine.time)
        part.evictor.evictSome(reason, amount, {
          deadline: monotonicMs() + IDLER_MS,
          bound: { ...mine, time },
        });
    };
    return this.#take(part, reason, Math.max(added, amount), prepare) === 'more';
  }
}

/** Keeps them in the order in which they would go. */
function insert(candidates: Candidate[], candidate: Candidate): void {
  const place = candidates.findIndex(({ standing }) => compareStandings(standing, candidate.standing) > 0);
  candidates.splice(place === -1 ? candidates.length : place, 0, candidate);
}
