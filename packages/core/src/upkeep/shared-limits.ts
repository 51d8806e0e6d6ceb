import { setImmediate } from 'node:timers';
import { SET_BACK_MS } from '../clock.ts';
import type { EvictionReason } from '../events.ts';
import { type Totals, totalsFrom } from '../storage/rows/totals.ts';
import type { Storage } from '../storage/storage.ts';
import type { Limits } from './limits.ts';
import { MOMENTS_A_MS, type Standing } from './standing.ts';

/** How far evictSome() goes. */
export interface EvictionBounds {
  /** When it stops, by monotonicMs(). */
  readonly deadline: number;
  /** The id of an entry that is not to go. */
  readonly spare?: number | undefined;
  /** Only entries that would go no later than one that stands so. */
  readonly bound?: Standing | undefined;
}

/** One of the caches that have their limits together, as the others see it. */
export interface Part {
  readonly storage: Storage;
  readonly evictor: {
    /** Whether there are entries to be removed whose time has passed. Needs no lock. */
    readonly hasExpired: boolean;
    purge(limit: number): unknown;
    releaseAbandoned(): boolean;
    standingOfNext(spare: number | undefined): Standing | undefined;
    evictSome(reason: EvictionReason, amount: number, bounds: EvictionBounds): void;
    /** Evicts what is over the limits. @returns whether nothing is, or all that may go is gone */
    evictDown(deadline: number): boolean;
  };
  readonly removals: {
    settled(): Promise<void>;
    settleSync(): void;
  };
  /** Does work in a transaction of its own, or returns false at once where that would have to wait, or failed. */
  tryWrite(work: () => void): boolean;
}

export interface SharedLimitsInputs extends Limits {
  /** How many parts there will be, MOST_PARTS at the most. */
  readonly count: number;
  /** How long a write may wait for others. */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly random: () => number;
}

/** What came of an attempt to give out what is to be given out. */
export type Balance = 'even' | 'changed' | 'busy';

export const MOST_PARTS = 256;

/**
 * All of a limit, in the units in which shares are kept. They are parts of the limit and not bytes, so that they are right
 * for whatever limit the cache is opened with.
 */
const WHOLE = 2 ** 50;
/** Units and amounts are whole numbers: a share that is short of an amount by less than this is enough for it. */
const ROUNDING = 0.5 / MOST_PARTS;

const SHARES = { size: 'sizeShare', entries: 'entryShare' } as const;
const REASONS = ['size', 'entries'] as const satisfies readonly EvictionReason[];
/** Moments are whole numbers up to the year 2109, and only count on after that. */
const LATEST_MS = 2 ** 42;
const RETRY_MS = 20;
const RETRIES = 50;

/**
 * The limits of a cache that is made of several, each with a lock of its own. Each part has a share of them, which is kept in
 * its totals, in the transaction that changes what it has; all shares together are the whole. Nobody waits for the lock of
 * one part while holding that of another. A share that is on its way from one part to another is first taken and then
 * added, in two transactions: a process that is killed in between, or that takes the second one back, only leaves some of
 * the whole to nobody until balance() gives it out again.
 */
export class SharedLimits implements Limits {
  readonly sizeLimit: number;
  readonly entryLimit: number;
  readonly count: number;
  readonly parts: Part[] = [];
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly random: () => number;
  #lastMoment: number | undefined;
  /** Whether there may be more than the limits allow in any part: as after opening a cache with lower ones. */
  mayBeOver = true;
  #isBalancing = false;
  #isStopped = false;

  constructor({ sizeLimit, entryLimit, count, timeoutMs, now, random }: SharedLimitsInputs) {
    this.sizeLimit = sizeLimit;
    this.entryLimit = entryLimit;
    this.count = count;
    this.timeoutMs = timeoutMs;
    this.now = now;
    this.random = random;
  }

  /**
   * A number that is greater than any before, and in processes that call later. As the place of a new entry in the order of
   * insertion it makes one order of those of all parts.
   */
  moment(): number {
    const now = Math.floor(Math.min(this.now(), LATEST_MS) * MOMENTS_A_MS);
    // Others may have used the cache when it was later.
    this.#lastMoment ??= Math.max(...this.parts.map((part) => lookAt(part)?.seq ?? 0));
    this.#lastMoment = Math.max(now, this.#lastMoment + 1);
    return this.#lastMoment;
  }

  /** The same as a time in ms since the epoch, which goes back with the clock where that is set back. */
  stamp(): number {
    const now = this.now();
    const moment = this.moment() / MOMENTS_A_MS;
    return moment > now + SET_BACK_MS ? now : moment;
  }

  /** How much of a limit a share is. */
  amount(reason: EvictionReason, units: number): number {
    const limit = this.#limit(reason);
    return limit === Infinity ? Infinity : Math.floor(units * (limit / WHOLE) + ROUNDING);
  }

  /** The least share that is enough for an amount. */
  unitsFor(reason: EvictionReason, amount: number): number {
    const units = Math.ceil((amount - ROUNDING) * (WHOLE / this.#limit(reason)));
    return Math.min(Math.max(0, units), WHOLE);
  }

  /** How much a part has beyond what it uses, in units. */
  unused(reason: EvictionReason, totals: Totals): number {
    return shareIn(reason, totals) - this.unitsFor(reason, usedIn(reason, totals));
  }

  /** Whether a part has more than its share. */
  isOver(totals: Totals): boolean {
    return REASONS.some((reason) => usedIn(reason, totals) > this.amount(reason, shareIn(reason, totals)));
  }

  /** Gives back what killed processes had reserved in any part. @returns whether there was some */
  reclaim(): boolean {
    let hasSome = false;
    for (const part of this.parts)
      inTransactionOf(part, () => (hasSome = part.evictor.releaseAbandoned() || hasSome));
    return hasSome;
  }

  /** What all parts have, as far as it can be told. */
  used(reason: EvictionReason): number {
    return this.parts.map(lookAt).reduce((sum, totals) => sum + (totals ? usedIn(reason, totals) : 0), 0);
  }

  /** How much more there would be than the limit allows. */
  excess(reason: EvictionReason, added: number): number {
    return this.used(reason) + added - this.#limit(reason);
  }

  /** Whether it looks as if not all of the limits were given out, or more than that. */
  get isUneven(): boolean {
    return this.#missing()?.some((units) => units !== 0) ?? false;
  }

  /** Gives out what nobody has, or takes back what is too much, as after the recovery of an older state of a part. */
  balance(): Balance {
    const missing = this.#missing();
    if (missing === undefined) return 'busy';
    if (missing.every((units) => units === 0)) return 'even';
    const isHeld = this.#holdingAll(() => {
      for (const reason of REASONS) this.#giveOut(reason);
    });
    return isHeld ? 'changed' : 'busy';
  }

  /** The same as soon as nobody is in the way. */
  balanceSoon(tries = 0): void {
    if (this.#isBalancing) return;
    this.#isBalancing = true;
    const attempt = () => {
      this.#isBalancing = false;
      if (!this.#isStopped && this.balance() === 'busy' && tries < RETRIES) this.balanceSoon(tries + 1);
    };
    if (tries === 0) setImmediate(attempt).unref();
    else setTimeout(attempt, RETRY_MS * (0.5 + this.random())).unref();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #limit(reason: EvictionReason): number {
    return reason === 'size' ? this.sizeLimit : this.entryLimit;
  }

  /** What nobody has of each limit, in units; undefined where some part cannot be looked at. */
  #missing(): number[] | undefined {
    const totals = this.parts.map(lookAt).filter((one) => one !== undefined);
    return totals.length < this.count ? undefined : REASONS.map((reason) => missingOf(reason, totals));
  }

  #holdingAll(work: () => void, place = 0): boolean {
    const part = this.parts[place];
    if (part === undefined) {
      work();
      return true;
    }
    let isHeld = false;
    const isDone = inTransactionOf(part, () => (isHeld = this.#holdingAll(work, place + 1)));
    return isDone && isHeld;
  }

  #giveOut(reason: EvictionReason): void {
    const transactions = this.parts.map(({ storage }) => storage.transaction);
    const missing = () =>
      missingOf(
        reason,
        transactions.map(({ totals }) => totals),
      );
    const first = Math.max(0, missing());
    for (const [place, transaction] of transactions.entries()) {
      const units = Math.floor(first / this.count) + (place < first % this.count ? 1 : 0);
      addShare(transaction, reason, units);
    }
    for (const transaction of transactions) {
      const unused = Math.max(0, this.unused(reason, transaction.totals));
      addShare(transaction, reason, -Math.min(unused, Math.max(0, -missing())));
    }
    const tooMuch = Math.max(0, -missing());
    for (const transaction of transactions) {
      const share = shareIn(reason, transaction.totals);
      addShare(transaction, reason, -Math.ceil(share * (tooMuch / (WHOLE + tooMuch))));
    }
  }
}

/** What is known of a part at the moment; undefined where it cannot be read just now, which its own use will tell of. */
export function lookAt({ storage }: Part): Totals | undefined {
  const { sql, transaction } = storage;
  if (transaction.isWriting) return transaction.totals;
  try {
    return totalsFrom(sql.totals.get());
  } catch {
    return undefined;
  }
}

/** Whether a part has entries to be removed whose time has passed, as far as it can be told just now. */
export function hasExpired({ evictor }: Part): boolean {
  try {
    return evictor.hasExpired;
  } catch {
    return false;
  }
}

/** Does work in a transaction of a part: in the one that is open, if there is one. @returns false where it could not be done */
export function inTransactionOf(part: Part, work: () => void): boolean {
  if (!part.storage.transaction.isWriting) return part.tryWrite(work);
  work();
  return true;
}

export function shareIn(reason: EvictionReason, totals: Totals): number {
  return totals[SHARES[reason]] ?? 0;
}

export function usedIn(reason: EvictionReason, { space, count }: Totals): number {
  return reason === 'size' ? space : count;
}

/** Needs the lock of the part. */
export function addShare(transaction: Storage['transaction'], reason: EvictionReason, units: number): void {
  if (units === 0) return;
  transaction.setShare({ [SHARES[reason]]: shareIn(reason, transaction.totals) + units });
}

function missingOf(reason: EvictionReason, all: readonly Totals[]): number {
  return all.reduce((missing, totals) => missing - shareIn(reason, totals), WHOLE);
}
