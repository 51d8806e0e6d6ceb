import { type Clock, monotonicMs } from '../clock.ts';
import { DiskCacheError } from '../errors.ts';
import { damageOf, isStorageFailure, ThrownByBody } from '../storage/rows/sqlite-error.ts';
import type { Storage } from '../storage/storage.ts';

export interface RecoveryHost {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly readOnly: boolean;
  readonly onCorrupt: 'recreate' | 'throw';
  /** Who has to forget what was known of the database that was open before. */
  readonly followers: readonly { databaseReplaced(): void }[];
  report(error: unknown): void;
}

/** Before writes it is looked at most so often whether the database is still in its place: a look costs some µs. */
const LOOK_EVERY_MS = 100;
/** The same where nothing is written. */
const TICK_MS = 1000;
/** More databases in this time cannot all have been damaged from outside. */
const REPLACED_LIMIT = 3;
const WITHIN_MS = 10_000;

/**
 * Sees to it that a cache goes on with a sound database that is in its place: one that turns out to be damaged is set
 * aside, and one that another process has put there is followed.
 */
export class Recovery {
  readonly #host: RecoveryHost;
  readonly #stopTicking: () => void;
  #isStopped = false;
  #nextLook = 0;
  /** Damage that was met inside of a transaction. */
  #noted: 'corrupt' | 'foreign' | undefined;
  #replacedAt: number[] = [];
  #hasReported = false;

  constructor(host: RecoveryHost) {
    this.#host = host;
    this.#stopTicking = host.clock.every(TICK_MS, () => this.#tick());
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTicking();
  }

  /**
   * Makes sure, now and then, that the database is still in its place. Not in a transaction.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_CORRUPT` when it is not, and is not to be replaced
   */
  look(): void {
    const now = monotonicMs();
    if (now < this.#nextLook && this.#noted === undefined) return;
    this.#nextLook = now + LOOK_EVERY_MS;
    this.#lookNow();
  }

  /** Does a part of a transaction, and remembers whether it failed because the database is damaged. */
  noting<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#noted ??= damageOf(error);
      throw error;
    }
  }

  /**
   * Whether what failed can be done again, since the failure was the database's, and another one is in its place now.
   * Inside of a transaction it never can: that has to be taken back first.
   */
  from(error: unknown): boolean {
    const { storage, onCorrupt, readOnly } = this.#host;
    // What a body threw may come from anywhere.
    const damage = (error instanceof ThrownByBody ? undefined : damageOf(error)) ?? this.#noted;
    if (storage.transaction.isOpen) {
      this.#noted = damage;
      return false;
    }
    this.#noted = undefined;
    if (this.#isStopped || (damage === undefined && !isStorageFailure(error))) return false;
    try {
      const isReplaced = !storage.home.connection.isCurrent;
      if (!isReplaced && (damage === undefined || readOnly)) return false;
      if (!readOnly && (onCorrupt === 'throw' || (!isReplaced && this.#isTooOften()))) return false;
      this.#replace(damage);
      return true;
    } catch (failure) {
      this.#host.report(failure);
      return false;
    }
  }

  #lookNow(): void {
    const { storage, onCorrupt, readOnly } = this.#host;
    const damage = this.#noted;
    this.#noted = undefined;
    if (damage === undefined && storage.home.connection.isCurrent) return;
    if (onCorrupt === 'throw' && !readOnly) {
      const what = damage === undefined ? 'is not the file any more that was opened' : `is ${damage}`;
      throw new DiskCacheError('ERR_DISKCACHE_CORRUPT', `${storage.home.path} ${what}`);
    }
    this.#replace(damage);
  }

  #tick(): void {
    if (this.#host.storage.transaction.isOpen) return;
    try {
      this.#lookNow();
      this.#hasReported = false;
    } catch (error) {
      if (!this.#hasReported) this.#host.report(error);
      this.#hasReported = true;
    }
  }

  #replace(damage: 'corrupt' | 'foreign' | undefined): void {
    this.#host.storage.reopen(damage);
    for (const follower of this.#host.followers) follower.databaseReplaced();
  }

  #isTooOften(): boolean {
    const now = monotonicMs();
    this.#replacedAt = this.#replacedAt.filter((then) => now - then < WITHIN_MS);
    if (this.#replacedAt.length >= REPLACED_LIMIT) return true;
    this.#replacedAt.push(now);
    return false;
  }
}
