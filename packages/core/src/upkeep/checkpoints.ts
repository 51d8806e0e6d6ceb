import { statSync } from 'node:fs';
import { monotonicMs } from '../clock.ts';
import type { SqliteDatabase } from '../storage/rows/open-database.ts';
import { order } from './thread.ts';

/** The log is looked at each time about this much was committed. */
const LOOK_EVERY_BYTES = 256 * 1024;
/** From here on the thread moves the log into the database while others go on. */
const START_BYTES = 4 * 1024 * 1024;
/** From here on writers wait until the log is empty. */
const LIMIT_BYTES = 8 * 1024 * 1024;
/** When a reader keeps the log from being emptied, writers go on for so long before the next attempt. */
const PAUSE_MS = 1000;

/** What became of a checkpoint that concerns others. */
export interface CheckpointListener {
  /** A reader outside of DiskCache keeps the log from being emptied. */
  onPinned(walBytes: number): void;
  onError(error: unknown): void;
}

/**
 * Keeps the write-ahead log short without an fsync on the caller's thread: a thread of its own does the checkpoints, and
 * when it falls behind, writers wait for it. A log that never gets long never starts the thread.
 */
export class Checkpoints {
  readonly #directory: string;
  readonly #walPath: string;
  readonly #listener: CheckpointListener;
  #committed = 0;
  #walBytes = 0;
  #running: Promise<void> | undefined;
  #threadUsed = false;
  #pinnedUntil = 0;

  constructor(directory: string, databasePath: string, listener: CheckpointListener) {
    this.#directory = directory;
    this.#walPath = `${databasePath}-wal`;
    this.#listener = listener;
  }

  /** Counts what a transaction wrote, about, and has the log moved when it has grown. */
  committed(bytes: number): void {
    this.#committed += bytes;
    if (this.#committed < LOOK_EVERY_BYTES) return;
    this.#committed = 0;
    this.#look();
    if (this.#walBytes > START_BYTES && this.#running === undefined) void this.#order('checkpoint');
  }

  /** Whether a writer has to wait for caughtUp(), or call catchUpSync(). */
  get isBehind(): boolean {
    return this.#walBytes > LIMIT_BYTES && monotonicMs() >= this.#pinnedUntil;
  }

  /** Resolves when the log is short again, or when a reader of another program prevents it for now. */
  async caughtUp(): Promise<void> {
    while (this.isBehind) {
      await this.#running;
      await this.#order('truncate');
    }
  }

  /** The same on the caller's thread. */
  catchUpSync(db: SqliteDatabase): void {
    const [row] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    this.#finished('truncate', row?.busy !== 0);
  }

  /** Lets go of the thread, having it empty a log so long that closing the database would have to wait for the disk. */
  async close(): Promise<void> {
    await this.#running;
    this.#look();
    if (this.#walBytes > LOOK_EVERY_BYTES) await this.#order('truncate');
    await this.letGo();
  }

  /** Lets go of the thread only. */
  async letGo(): Promise<void> {
    if (this.#threadUsed)
      await order('close', this.#directory, 0).catch((error) => this.#listener.onError(error));
  }

  #order(name: 'checkpoint' | 'truncate'): Promise<void> {
    this.#threadUsed = true;
    this.#running = order(name, this.#directory, 0)
      .then(({ busy }) => this.#finished(name, busy))
      .catch((error: unknown) => {
        this.#pinnedUntil = monotonicMs() + PAUSE_MS;
        this.#listener.onError(error);
      })
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  #finished(name: 'checkpoint' | 'truncate', busy: boolean): void {
    this.#look();
    if (name === 'checkpoint' || !busy) return;
    this.#pinnedUntil = monotonicMs() + PAUSE_MS;
    this.#listener.onPinned(this.#walBytes);
  }

  #look(): void {
    this.#walBytes = statSync(this.#walPath, { throwIfNoEntry: false })?.size ?? 0;
  }
}
