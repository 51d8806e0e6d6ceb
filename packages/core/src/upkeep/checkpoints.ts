import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, sleepSync } from '../clock.ts';
import { FRAME_BYTES, LOG_LIMIT_BYTES } from '../storage/rows/schema.ts';
import { isBusy, isLocked } from '../storage/rows/sqlite-error.ts';
import type { LogState, Statements } from '../storage/rows/statements.ts';
import { type CheckpointResult, isThreadFailure, letGo, order } from './thread.ts';

/** The log is looked at each time about this much was committed. */
const LOOK_EVERY_BYTES = 256 * 1024;
/** The log of one of several databases may be so long at the least: shorter, a sync would be due every few hundred writes. */
const LEAST_LIMIT_BYTES = 4 * 1024 * 1024;
/** With so much of what it may be that is only in the log, the thread moves it into the database while others go on. */
const START_PART = 0.8;
/** So long writers try in vain before they take it that a reader is in the way, and not each other. */
const PATIENCE_MS = 500;
const RETRY_MS = 4;
/** When a reader keeps the log from being filled anew, writers go on for so long before the next attempt. */
const PAUSE_MS = 1000;
/** A thread that there cannot be is not asked for again for so long. */
const NO_THREAD_MS = 1000;

/** What a checkpoint that failed came to. */
const IN_VAIN: CheckpointResult = { busy: true, byCheckpoint: false };

type CheckpointName = 'checkpoint' | 'restart' | 'truncate';

/** How long the log may become. */
export interface LogLimits {
  /** Whether it has to be moved into the database now. */
  readonly isUrgent: boolean;
  /** How much may be only in the log, so that there is room to move it into the database. */
  readonly room: number;
}

/** What became of a checkpoint that concerns others. */
export interface CheckpointListener {
  /** Of how many databases it is one that make up one cache. */
  readonly parts: number | undefined;
  /** A reader outside of DiskCache keeps the log from being filled anew, so that it grows. */
  onPinned(logBytes: number): void;
  onError(error: unknown): void;
  onDone(ms: number): void;
  /** The log is looked at. @returns how long it may become */
  onLook(): LogLimits;
}

/**
 * Keeps the write-ahead log short without an fsync on the caller's thread: a thread of its own does the checkpoints, and
 * when it falls behind, writers wait for it. A log that never gets long never starts the thread. Where there can be no
 * thread the caller's does what must not wait.
 */
export class Checkpoints {
  readonly #directory: string;
  /** How much may be only in the log, so that there is room on the disk to move it into the database. */
  #roomBytes = Infinity;
  readonly #limitBytes: number;
  readonly #sql: Statements;
  readonly #listener: CheckpointListener;
  #committed = 0;
  #state: LogState = { log: 0, checkpointed: 0 };
  #running: Promise<unknown> | undefined;
  #pinnedUntil = 0;
  #isPinned = false;
  /** By monotonicMs(). */
  #noThreadUntil = 0;
  /** How often another database took the place of the one that was open. */
  #replacements = 0;
  #catchingUp: Promise<void> | undefined;
  #isClosed = false;

  constructor(directory: string, sql: Statements, listener: CheckpointListener) {
    const { parts = 1 } = listener;
    this.#directory = directory;
    this.#sql = sql;
    this.#listener = listener;
    this.#limitBytes = parts === 1 ? LOG_LIMIT_BYTES : Math.max(LEAST_LIMIT_BYTES, LOG_LIMIT_BYTES / parts);
  }

  /** Counts what a transaction wrote, about, and has the log moved when it has grown. */
  committed(bytes: number): void {
    this.#committed += bytes;
    if (this.#committed >= LOOK_EVERY_BYTES) this.#look();
  }

  /** Whether a writer has to wait for caughtUp(), or call catchUpSync(). */
  get isBehind(): boolean {
    if (this.#isClosed) return false;
    const { log, checkpointed } = this.#state;
    const limit = Math.min(this.#limitBytes, this.#roomBytes);
    return log * FRAME_BYTES > limit && checkpointed < log && monotonicMs() >= this.#pinnedUntil;
  }

  /** Resolves when the log is short again, or when a reader of another program prevents it for now. */
  caughtUp(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => (this.#catchingUp = undefined));
    return this.#catchingUp;
  }

  async #catchUp(): Promise<void> {
    for (const end = this.#patience(); this.isBehind;) {
      await this.#running;
      const isWithoutThread = monotonicMs() < this.#noThreadUntil;
      const { busy, byCheckpoint } = isWithoutThread ? this.#restartNow() : await this.#order('restart');
      if (busy && this.isBehind) {
        if (!byCheckpoint && monotonicMs() > end) this.#foundPinned();
        else await sleep(RETRY_MS * (0.5 + Math.random()));
      }
    }
  }

  /** The same on the caller's thread. */
  catchUpSync(): void {
    for (const end = this.#patience(); this.isBehind;) {
      const { byCheckpoint } = this.#restartNow();
      if (!this.isBehind) return;
      if (!byCheckpoint && monotonicMs() > end) this.#foundPinned();
      else sleepSync(RETRY_MS * (0.5 + Math.random()));
    }
  }

  /** Has the log moved however short it is, so that it can be filled anew. @returns whether that was done */
  async refill(): Promise<boolean> {
    await this.#running;
    try {
      const { busy } = await order('restart', this.#directory, 0);
      this.#finished(busy);
      return !busy;
    } catch (error) {
      return isThreadFailure(error) && this.refillSync();
    }
  }

  /** The same on the caller's thread. */
  refillSync(): boolean {
    try {
      const busy = this.#sql.restartLog.get()?.busy !== 0;
      this.#finished(busy);
      return !busy;
    } catch {
      return false;
    }
  }

  /** Shortens a log that grew while a reader pinned it, also when nobody writes any more. */
  tidy(): void {
    this.#look();
    if (this.#state.log * FRAME_BYTES > 2 * this.#limitBytes && this.#running === undefined) {
      void this.#order('truncate');
    }
  }

  /** Has the thread move the log into the database, whose file only then gets shorter, unless a reader is in the way. */
  async move(): Promise<void> {
    await this.#catchingUp;
    await this.#running;
    await this.#order('restart');
  }

  /** The same on the caller's thread. */
  moveSync(): void {
    this.#restartNow();
  }

  /** Has the thread leave the log's file empty, unless a reader is in the way. @returns how many bytes it got shorter */
  async empty(): Promise<number> {
    const before = this.#logFileBytes();
    await this.#catchingUp;
    await this.#running;
    await this.#order('truncate');
    return Math.max(0, before - this.#logFileBytes());
  }

  /** The same on the caller's thread. */
  emptySync(): number {
    const before = this.#logFileBytes();
    const row = this.#sql.truncateLog.get();
    this.#finished(row?.busy !== 0);
    return Math.max(0, before - this.#logFileBytes());
  }

  /** Lets go of the thread, having it empty a log so long that closing the database would have to wait for the disk. */
  async close(): Promise<void> {
    await this.#catchingUp;
    await this.#running;
    const { log, checkpointed } = this.#look();
    if ((log - checkpointed) * FRAME_BYTES > LOOK_EVERY_BYTES) await this.#order('truncate');
    await this.letGo();
  }

  /** Forgets what was known of the database that was open before, and has the thread let go of it. */
  databaseReplaced(): void {
    this.#replacements++;
    this.#state = { log: 0, checkpointed: 0 };
    this.#committed = 0;
    void this.#letGo();
  }

  /** Lets go of the thread, and of the database, only. */
  async letGo(): Promise<void> {
    this.#isClosed = true;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    await letGo(this.#directory).catch((error: unknown) => this.#listener.onError(error));
  }

  #restartNow(): CheckpointResult {
    const since = monotonicMs();
    try {
      const { busy, log } = this.#sql.restartLog.get() ?? { busy: 1, log: 0 };
      this.#listener.onDone(monotonicMs() - since);
      this.#finished(busy !== 0);
      return { busy: busy !== 0, byCheckpoint: log === -1 };
    } catch (error) {
      this.#failed(error);
      return IN_VAIN;
    }
  }

  /** Writers go on for a while. */
  #failed(error: unknown): void {
    this.#pinnedUntil = monotonicMs() + PAUSE_MS;
    this.#report(error);
  }

  #report(error: unknown): void {
    // Once the cache is closed, its folder may be gone; the next who opens it moves the log.
    if (!this.#isClosed) this.#listener.onError(error);
  }

  #order(name: CheckpointName): Promise<CheckpointResult> {
    const since = monotonicMs();
    const replacements = this.#replacements;
    const ordered = order(name, this.#directory, 0)
      .then((result) => {
        this.#listener.onDone(monotonicMs() - since);
        this.#finished(name !== 'checkpoint' && result.busy);
        return result;
      })
      .catch((error: unknown) => {
        // What was wrong with a database that is no longer open says nothing of the one that is.
        if (replacements !== this.#replacements) return IN_VAIN;
        if (!isThreadFailure(error)) this.#failed(error);
        else {
          this.#noThreadUntil = monotonicMs() + NO_THREAD_MS;
          this.#report(error);
          if (name === 'restart') return this.#restartNow();
        }
        return IN_VAIN;
      })
      .finally(() => (this.#running = undefined));
    this.#running = ordered;
    return ordered;
  }

  #logFileBytes(): number {
    return statSync(join(this.#directory, 'cache.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
  }

  #finished(busy: boolean): void {
    this.#look();
    if (!busy) this.#isPinned = false;
  }

  /** A reader that was there a moment ago is expected to be there still. */
  #patience(): number {
    return this.#isPinned ? 0 : monotonicMs() + PATIENCE_MS;
  }

  #foundPinned(): void {
    this.#isPinned = true;
    this.#pinnedUntil = monotonicMs() + PAUSE_MS;
    this.#listener.onPinned(this.#state.log * FRAME_BYTES);
  }

  #look(): LogState {
    this.#committed = 0;
    if (this.#isClosed) return this.#state;
    let limits: LogLimits = { isUrgent: false, room: Infinity };
    try {
      this.#state = this.#sql.log.get() ?? this.#state;
      limits = this.#listener.onLook();
    } catch (error) {
      // Somebody else is at it: the next look tells. Otherwise it is no failure of the commit that it comes after.
      if (!isBusy(error) && !isLocked(error)) this.#listener.onError(error);
    }
    const { isUrgent, room } = limits;
    this.#roomBytes = Math.max(LOOK_EVERY_BYTES, room);
    const { log, checkpointed } = this.#state;
    const start = isUrgent ? 0 : Math.min(START_PART * this.#limitBytes, this.#roomBytes);
    const mayOrder = this.#running === undefined && monotonicMs() >= this.#noThreadUntil;
    if ((log - checkpointed) * FRAME_BYTES > start && mayOrder) void this.#order('checkpoint');
    return this.#state;
  }
}
