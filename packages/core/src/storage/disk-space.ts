import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, statfsSync, statSync, truncateSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What is kept back in any case: for SQLite's files beside a database, and for what is written between two looks. */
const LEAST_RESERVE_BYTES = 256 * 1024;
/** Most that is kept back: the log, when all of it makes the database grow; less in a cache that is small itself. */
const MOST_RESERVE_BYTES = 10 * 1024 * 1024;
const SMALL_RESERVE_BYTES = 3 * 1024 * 1024;
const PART_OF_LIMIT = 0.05;
/** More than is needed is given back from this on. */
const SPARE_BYTES = 256 * 1024;
/** No more is kept back where less than this would be left beside it. */
const AMPLE_BYTES = 2 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Random, since a file system that compresses would keep nothing back for zeros. */
let chunk: Buffer | undefined;

/**
 * What is left on the disk that a cache is on, and what is kept back there: a file that is given up when the disk is
 * full, so that what is in the log can be moved into the database, and entries be removed.
 */
export class DiskSpace {
  readonly #directory: string;
  readonly #reservePath: string;
  readonly #mostBytes: number;

  /** @param sizeLimit of the cache, in bytes */
  constructor(directory: string, sizeLimit: number) {
    this.#directory = directory;
    this.#mostBytes = Math.min(MOST_RESERVE_BYTES, SMALL_RESERVE_BYTES + PART_OF_LIMIT * sizeLimit);
    this.#reservePath = join(directory, 'cache.db.reserve');
  }

  /** Bytes that are left, the reserve not counted; Infinity where the system does not tell. */
  available(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#directory);
      return bavail * bsize;
    } catch {
      return Infinity;
    }
  }

  /** Bytes that are kept back. */
  get reserved(): number {
    return statSync(this.#reservePath, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** How much the log may add to the database with as much being kept back. */
  get mostGrowth(): number {
    return this.#mostBytes - LEAST_RESERVE_BYTES;
  }

  /** Keeps back just enough for `growth` bytes that the log will add to the database, where there is room for it. */
  keepBack(growth: number, available = this.available()): void {
    const { reserved } = this;
    const wanted = Math.min(LEAST_RESERVE_BYTES + growth, this.#mostBytes);
    try {
      if (reserved > wanted + SPARE_BYTES) truncateSync(this.#reservePath, wanted);
      else if (reserved < wanted && available - (wanted - reserved) >= AMPLE_BYTES)
        this.#extend(wanted - reserved);
    } catch {
      // Then it is more or less: a disk that is full is told of by the write that needs it.
    }
  }

  /** Gives up what is kept back. @returns whether there was something */
  release(): boolean {
    try {
      unlinkSync(this.#reservePath);
      return true;
    } catch {
      return false;
    }
  }

  #extend(bytes: number): void {
    chunk ??= randomFillSync(Buffer.allocUnsafe(CHUNK_BYTES));
    const file = openSync(this.#reservePath, 'a', 0o600);
    try {
      for (let missing = bytes; missing > 0; missing -= CHUNK_BYTES)
        writeSync(file, chunk, 0, Math.min(missing, CHUNK_BYTES));
    } finally {
      closeSync(file);
    }
  }
}
