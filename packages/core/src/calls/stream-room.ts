import { AGAIN, type Engine } from '../engine/engine.ts';
import type { Key } from '../entry/key.ts';
import { DiskCacheError } from '../errors.ts';
import { ThrownByBody } from '../storage/rows/sqlite-error.ts';
import { spaceOf } from '../storage/entry-space.ts';
import { freeOnDisk } from '../upkeep/freed-space.ts';
import { whileRoomIsTaken } from './file-room.ts';
import type { WriteQueue } from './write-queue.ts';

/** Room is asked for ahead of what has come, by an eighth of it but no more than this and a part of the size limit. */
const AHEAD_BYTES = 4 * 1024 * 1024;
const AHEAD_OF_LIMIT = 1 / 64;
const AHEAD_OF_SIZE = 1 / 8;

/** Whose room it is. */
export interface StreamedEntry {
  readonly key: Key;
  readonly file: string;
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
  /** Bytes of other files that this process is writing. */
  readonly #besides: () => number;
  #reserved = 0;

  constructor(engine: Engine, queue: WriteQueue, entry: StreamedEntry, besides: () => number) {
    this.#engine = engine;
    this.#queue = queue;
    this.#entry = entry;
    this.#besides = besides;
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

  /** Reserves room for so many bytes, evicting what has to go for it. */
  async reach(size: number, isAll: boolean): Promise<void> {
    const least = this.#space(size);
    if (least <= this.#reserved) return;
    const { settings } = this.#engine;
    const ahead = Math.min(AHEAD_BYTES, settings.sizeLimit * AHEAD_OF_LIMIT, size * AHEAD_OF_SIZE);
    const wished = isAll ? least : Math.min(this.#space(Math.floor(size + ahead)), settings.sizeLimit);
    this.#reserved = await whileRoomIsTaken(settings, this.#queue, () => {
      const { signal } = this.#entry;
      if (signal?.aborted) throw new ThrownByBody(signal.reason);
      return this.#reserve(least, wished);
    });
    await freeOnDisk(this.#engine);
  }

  /** Gives it back under the lock, for the entry that takes its place. @returns what was reserved */
  release(): number {
    return this.#engine.storage.reservations.release(this.#entry.file);
  }

  /** Takes it again under the lock, when the entry could not be written yet. */
  restore(space: number): void {
    this.#engine.storage.reservations.set(this.#entry.file, space);
  }

  /** Gives back what is reserved, if there is something. */
  async giveBack(): Promise<void> {
    if (this.#reserved > 0) await this.#queue.run([], () => void this.release());
  }

  #reserve(least: number, wished: number): number | typeof AGAIN {
    if (wished > least) {
      try {
        return this.#reserveJust(wished, false);
      } catch (error) {
        if (!(error instanceof DiskCacheError)) throw error;
      }
    }
    return this.#reserveJust(least, true);
  }

  /** @param maySpend whether even the entry goes for it that the stream will replace, when it is the last */
  #reserveJust(space: number, maySpend: boolean): number | typeof AGAIN {
    const { evictor, sliceEnd, storage } = this.#engine;
    const reserved = storage.reservations.of(this.#entry.file);
    const others = this.#besides();
    const room = {
      bytes: space - reserved + others,
      entries: 0,
      spare: storage.sql.findReplaced.get(this.#entry.key)?.id,
      file: { reserved, others, maySpend },
    };
    if (!evictor.makeRoom(room, sliceEnd)) return AGAIN;
    storage.reservations.set(this.#entry.file, space);
    return space;
  }

  #space(size: number): number {
    const { key, file, tags } = this.#entry;
    return spaceOf(key, { size, file }, tags);
  }
}
