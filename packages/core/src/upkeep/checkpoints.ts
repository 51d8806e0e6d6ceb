import { monotonicMs } from '../clock.ts';
import { FRAME_BYTES, LOG_LIMIT_BYTES } from '../storage/rows/schema.ts';
import { isBusy } from '../storage/rows/sqlite-error.ts';
import type { LogState, Statements } from '../storage/rows/statements.ts';
import { order } from './thread.ts';

/** The log is looked at each time about this much was committed. */
const LOOK_EVERY_BYTES = 256 * 1024;
/** With so much that is only in the log, the thread moves it into the database while others go on. */
const START_BYTES = 4 * 1024 * 1024;
/** When a reader keeps the log from being filled anew, writers go on for so long before the next attempt. */
const PAUSE_MS = 1000;

type CheckpointName = 'checkpoint' | 'restart' | 'truncate';

/** What became of a checkpoint that concerns others. */
export interface CheckpointListener {
  /** A reader outside of DiskCache keeps the log from being filled anew, so that it grows. */
  onPinned(logBytes: number): void;
  onError(error: unknown): void;
}

/**
 * Keeps the write-ahead log short without an fsync on the caller's thread: a thread of its own does the checkpoints, and
 * when it falls behind, writers wait for it. A log that never gets long never starts the thread.
 */
export class Checkpoints {
  readonly #directory: string;
  readonly #sql: Statements;
  readonly #listener: CheckpointListener;
  #committed = 0;
  #state: LogState = { log: 0, checkpointed: 0 };
  #running: Promise<void> | undefined;
  #threadUsed = false;
  #pinnedUntil = 0;
  #isClosed = false;

  constructor(directory: string, sql: Statements, listener: CheckpointListener) {
    this.#directory = directory;
    this.#sql = sql;
    this.#listener = listener;
  }

  /** Counts what a transaction wrote, about, and has the log moved when it has grown. */
  committed(bytes: number): void {
    this.#committed += bytes;
    if (this.#committed >= LOOK_EVERY_BYTES) this.#look();
  }

  /** Whether a writer has to wait for caughtUp(), or call catchUpSync(). */
  get isBehind(): boolean {
    const { log, checkpointed } = this.#state;
    return log * FRAME_BYTES > LOG_LIMIT_BYTES && checkpointed < log && monotonicMs() >= this.#pinnedUntil;
  }

  /** Resolves when the log is short again, or when a reader of another program prevents it for now. */
  async caughtUp(): Promise<void> {
    while (this.isBehind) {
      await this.#running;
      await this.#order('restart');
    }
  }

  /** The same on the caller's thread. */
  catchUpSync(): void {
    this.#finished('restart', this.#sql.restartLog.get()?.busy !== 0);
  }

  /** Shortens a log that grew while a reader pinned it, also when nobody writes any more. */
  tidy(): void {
    this.#look();
    if (this.#state.log * FRAME_BYTES > 2 * LOG_LIMIT_BYTES && this.#running === undefined) {
      void this.#order('truncate');
    }
  }

  /** Lets go of the thread, having it empty a log so long that closing the database would have to wait for the disk. */
  async close(): Promise<void> {
    await this.#running;
    const { log, checkpointed } = this.#look();
    if ((log - checkpointed) * FRAME_BYTES > LOOK_EVERY_BYTES) await this.#order('truncate');
    await this.letGo();
  }

  /** Lets go of the thread, and of the database, only. */
  async letGo(): Promise<void> {
    this.#isClosed = true;
    if (this.#threadUsed)
      await order('close', this.#directory, 0).catch((error) => this.#listener.onError(error));
  }

  #order(name: CheckpointName): Promise<void> {
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

  #finished(name: CheckpointName, busy: boolean): void {
    const { log } = this.#look();
    if (name === 'checkpoint' || !busy) return;
    this.#pinnedUntil = monotonicMs() + PAUSE_MS;
    this.#listener.onPinned(log * FRAME_BYTES);
  }

  #look(): LogState {
    this.#committed = 0;
    if (this.#isClosed) return this.#state;
    try {
      this.#state = this.#sql.log.get() ?? this.#state;
    } catch (error) {
      // Somebody else is at it: the next look tells.
      if (!isBusy(error)) throw error;
    }
    const { log, checkpointed } = this.#state;
    if ((log - checkpointed) * FRAME_BYTES > START_BYTES && this.#running === undefined)
      void this.#order('checkpoint');
    return this.#state;
  }
}
