import { isDiskFull } from '../storage/rows/sqlite-error.ts';
import { totalsFrom } from '../storage/rows/totals.ts';
import type { Storage } from '../storage/storage.ts';
import type { Checkpoints, LogLimits } from '../upkeep/checkpoints.ts';
import type { Evictor } from '../upkeep/evictor.ts';

/** How often a write is done again on a full disk before it fails. */
const TRIES = 5;
/**
 * By how much more than is needed the cache shrinks once that was in vain, or by this part of it where that is less;
 * twice as much at each further try.
 */
const MARGIN_BYTES = 256 * 1024;
const MARGIN_PART = 1 / 16;
/** With less left the cache grows no more, so that what is only in the log can always be moved into the database. */
const LOW_BYTES = 4 * 1024 * 1024;
/** It may grow again when so much more is left. */
const ROOM_AGAIN_BYTES = 1024 * 1024;

/** What failed. */
export interface Failure {
  readonly error: unknown;
  /** How often it was done again already. */
  readonly tries: number;
  /** What it was to write into a file of its own. */
  readonly bytes?: number;
}

/**
 * Keeps a cache in use on a disk that is full, or nearly so. Its size limit then is what it has, or less: so files go,
 * and rows take the place of others. The log is moved into the database and filled anew, which takes no room then. What
 * only removes can have the reserve too.
 */
export class FullDisk {
  readonly #storage: Storage;
  readonly #evictor: Evictor;
  readonly #checkpoints: Checkpoints;
  /** What was left when the disk was found full. */
  #availableThen: number | undefined;

  constructor(storage: Storage, evictor: Evictor, checkpoints: Checkpoints) {
    this.#storage = storage;
    this.#evictor = evictor;
    this.#checkpoints = checkpoints;
    try {
      this.#adapt(storage.home.space.available());
    } catch {
      // A database that is damaged, or locked: the first call that needs it sees to that.
    }
  }

  /** Whether what is written for its own sake only has to wait. */
  get isLow(): boolean {
    return this.#availableThen !== undefined;
  }

  /** Makes room after a transaction, or the writing of a file, failed. @returns whether to do it again */
  async makeRoom(failure: Failure): Promise<boolean> {
    if (!this.#lowerLimit(failure)) return false;
    if (isOfFile(failure) || (await this.#checkpoints.refill())) return true;
    if (!this.#mayTakeReserve()) return false;
    await this.#checkpoints.refill();
    return true;
  }

  /** The same on the caller's thread. */
  makeRoomSync(failure: Failure): boolean {
    if (!this.#lowerLimit(failure)) return false;
    if (isOfFile(failure) || this.#checkpoints.refillSync()) return true;
    if (!this.#mayTakeReserve()) return false;
    this.#checkpoints.refillSync();
    return true;
  }

  /** Looks from time to time how much is left, and keeps back what the log needs, which is less as it is being moved. */
  look(): LogLimits {
    const { space } = this.#storage.home;
    const available = space.available();
    this.#adapt(available);
    const growth = this.#storage.growthInLog();
    space.keepBack(growth, available);
    return { isUrgent: growth > space.mostGrowth, room: Math.max(0, available - LOW_BYTES) / 2 };
  }

  #adapt(available: number): void {
    if (this.#availableThen === undefined) {
      if (available < LOW_BYTES) this.#limit(available, { bytes: 0, tries: 0 });
    } else if (available > Math.max(this.#availableThen, LOW_BYTES) + ROOM_AGAIN_BYTES) {
      this.#availableThen = undefined;
      this.#evictor.limitSpace(Infinity);
    }
  }

  #lowerLimit({ error, tries, bytes = 0 }: Failure): boolean {
    if (!isDiskFull(error) || tries >= TRIES || this.#storage.transaction.isOpen) return false;
    try {
      this.#limit(this.#storage.home.space.available(), { bytes, tries });
      return true;
    } catch {
      // What failed first is what the caller is to hear of.
      return false;
    }
  }

  #limit(available: number, { bytes, tries }: { readonly bytes: number; readonly tries: number }): void {
    this.#availableThen = Math.min(this.#availableThen ?? Infinity, available);
    const { space } = totalsFrom(this.#storage.sql.totals.get());
    const margin = tries === 0 ? 0 : Math.min(MARGIN_BYTES, space * MARGIN_PART) * 2 ** (tries - 1);
    this.#evictor.limitSpace(space, bytes + margin);
  }

  /** Where the log cannot be moved, what adds to it is refused, so that what removes finds room there. */
  #mayTakeReserve(): boolean {
    const { hasPut, home } = this.#storage;
    const { space } = home;
    try {
      if (hasPut && this.#storage.growthInLog() > space.reserved + space.available()) return false;
      // Others may have given it up already.
      return space.release() || space.available() > 0;
    } catch {
      // What failed first is what the caller is to hear of. The cache may be closed by now, too.
      return false;
    }
  }
}

function isOfFile({ bytes = 0 }: Failure): boolean {
  return bytes > 0;
}
