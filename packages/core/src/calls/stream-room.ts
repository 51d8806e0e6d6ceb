import { monotonicMs } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { AGAIN } from '../engine/slice.ts';
import type { Key } from '../entry/key.ts';
import { DiskCacheError } from '../errors.ts';
import { ThrownByBody } from '../storage/rows/sqlite-error.ts';
import { spaceOf } from '../storage/entry-space.ts';
import { RoomTaken } from '../upkeep/evictor.ts';
import { freeOnDisk } from '../upkeep/freed-space.ts';
import type { Reserving } from './file-space.ts';
import type { PendingFile } from './pending-file.ts';
import { whileRoomIsTaken } from './room-taken.ts';
import type { WriteQueue } from './write-queue.ts';

/** Room is asked for ahead of what has come, by an eighth of it but no more than this and a part of the size limit. */
const AHEAD_BYTES = 4 * 1024 * 1024;
const AHEAD_OF_LIMIT = 1 / 64;
const AHEAD_OF_SIZE = 1 / 8;

/** As long as all that is reserved is no more than this part of the size limit, streams grow as they like. */
const FREE_PART = 1 / 4;
/** Beyond that each has this part; of those that need more only the oldest goes on, so that it finds room to end. */
const SHARE = 1 / 16;
/** Others are not held back for one that has stood still for so long. */
const STANDSTILL_MS = 1000;

/** Whose room it is. */
export interface StreamedEntry {
  readonly key: Key;
  readonly file: PendingFile;
  readonly tags: string | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * The room that a stream's file takes while it is written. It is reserved as bytes arrive, in the database, so that a slow
 * stream never keeps others from writing: they only have so much less room.
 */
export class StreamRoom {
  readonly #engine: Engine;
  readonly #queue: WriteQueue;
  readonly #entry: StreamedEntry;
  #reserved = 0;

  constructor(engine: Engine, queue: WriteQueue, entry: StreamedEntry) {
    this.#engine = engine;
    this.#queue = queue;
    this.#entry = entry;
  }

  /** @throws {@link DiskCacheError} `ERR_DISKCACHE_TOO_LARGE` when a value of so many bytes can never fit */
  assertPossible(size: number): void {
    const { sizeLimit } = this.#engine.settings;
    if (this.#space(size) <= sizeLimit) return;
    throw new DiskCacheError(
      'ERR_DISKCACHE_TOO_LARGE',
      `a stream of ${size} bytes or more cannot fit into sizeLimit ${sizeLimit}`,
    );
  }

  /**
   * Reserves room for so many bytes, evicting what has to go for it.
   *
   * @param isAll whether there will be no more
   */
  async reach(size: number, isAll: boolean): Promise<void> {
    const least = this.#space(size);
    if (least <= this.#reserved) return;
    const { sizeLimit, timeoutMs } = this.#engine.settings;
    const ahead = Math.min(AHEAD_BYTES, sizeLimit * AHEAD_OF_LIMIT, size * AHEAD_OF_SIZE);
    const wished = isAll ? least : Math.min(this.#space(Math.floor(size + ahead)), sizeLimit);
    const older = new Progress();
    const reserve = () => {
      const { signal, file } = this.#entry;
      if (signal?.aborted) throw new ThrownByBody(signal.reason);
      const { reservations } = this.#engine.storage;
      older.saw(reservations.ofOlder(file.name));
      const isFree = isAll || least <= sizeLimit * SHARE || reservations.all <= sizeLimit * FREE_PART;
      const standstillMs = Math.min(timeoutMs, STANDSTILL_MS);
      const mayGrow = isFree || older.space === 0 || older.stoodStillFor(standstillMs);
      return mayGrow ? this.#reserve(least, wished, !isAll) : new RoomTaken(sizeLimit);
    };
    const isLate = () => older.stoodStillFor(timeoutMs);
    this.#reserved = await whileRoomIsTaken(this.#engine, this.#queue, reserve, isLate);
    await freeOnDisk(this.#engine);
  }

  #reserve(least: number, wished: number, grows: boolean): number | typeof AGAIN {
    if (wished > least) {
      try {
        return this.#reserveJust(wished, { grows, maySpend: false });
      } catch (error) {
        if (!(error instanceof DiskCacheError)) throw error;
      }
    }
    return this.#reserveJust(least, { grows, maySpend: true });
  }

  #reserveJust(space: number, how: Reserving): number | typeof AGAIN {
    const { file, key } = this.#entry;
    return file.reserve(space, { ...how, replaced: key }) ?? space;
  }

  #space(size: number): number {
    const { key, file, tags } = this.#entry;
    return spaceOf(key, { size, file: file.name }, tags);
  }
}

/** Watches the streams that began before: as long as they get on, those after them wait with reason. */
class Progress {
  space = -1;
  #changedAt = 0;

  saw(space: number): void {
    if (space === this.space) return;
    this.space = space;
    this.#changedAt = monotonicMs();
  }

  stoodStillFor(ms: number): boolean {
    return monotonicMs() > this.#changedAt + ms;
  }
}
