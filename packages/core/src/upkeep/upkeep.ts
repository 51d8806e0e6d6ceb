import { setImmediate } from 'node:timers';
import { type Clock, monotonicMs } from '../clock.ts';
import type { Uses } from '../policy/uses.ts';
import { isBusy } from '../storage/rows/sqlite-error.ts';
import type { UseRow } from '../storage/rows/statements.ts';
import type { FoundFile } from '../storage/files/value-files.ts';
import type { Storage } from '../storage/storage.ts';
import type { AbandonedFiles } from './abandoned-files.ts';
import { orphanAge } from './check.ts';
import { Sweep } from './sweep.ts';

/** What upkeep needs of the cache that it keeps. */
export interface UpkeepHost {
  readonly storage: Storage;
  readonly uses: Uses;
  readonly abandoned: AbandonedFiles;
  readonly clock: Clock;
  readonly random: () => number;
  /** How long a write may wait for its lock after its file was begun. */
  readonly timeoutMs: number;
  /** Runs `work` in a transaction, or returns false at once while another process writes. */
  tryWrite(work: () => void): boolean;
  /** Removes some expired entries. @returns whether there are no more */
  purge(): boolean;
  writeUses(rows: readonly UseRow[]): void;
  /** Whether there is room on the disk for the notes of uses. */
  mayWriteUses(): boolean;
  /** How often notes of uses are written at least, in ms, where the time at which entries expire hangs on them. */
  readonly usesAreUrgentMs: number | undefined;
  /** Shortens the log where it has grown. */
  tidyLog(): void;
  report(error: unknown): void;
}

const TICK_MS = 10_000;
/** Between two looks for files that no row points to: so many times as long as a look takes, within limits. */
const SWEEP_PAUSE = 1000;
const LEAST_SWEEP_TICKS = 3;
const MOST_SWEEP_TICKS = 60;
/** How long one step may keep the event loop, about. */
const STEP_MS = 5;
const USES_A_STEP = 512;
/** Notes of uses are written when there are as many; what cannot be written by four times that is forgotten. */
const USES_FULL = 4096;

/** Work that no call asks for, done in short steps, and given up until the next tick where another process writes. */
export class Upkeep {
  readonly #host: UpkeepHost;
  readonly #stopTicking: () => void;
  readonly #stopHurrying: () => void = () => undefined;
  #isWritingUses = false;
  /** When that was last begun, by monotonicMs(). */
  #wroteUses = monotonicMs();
  #ticksToSweep: number;
  #lastSweep: Sweep | undefined;
  #isStopped = false;

  constructor(host: UpkeepHost) {
    this.#host = host;
    this.#stopTicking = host.clock.every(TICK_MS, () => this.#tick());
    const urgentMs = host.usesAreUrgentMs;
    if (urgentMs !== undefined && urgentMs < TICK_MS)
      this.#stopHurrying = host.clock.every(Math.ceil(urgentMs), () => this.#writeUsesSoon());
    // Processes that start together should not all look at the same time.
    this.#ticksToSweep = 1 + Math.floor(host.random() * 6);
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTicking();
    this.#stopHurrying();
  }

  /** Forgets what was to be written to the database that was open before, whose value files are orphans now. */
  databaseReplaced(): void {
    this.#host.uses.clear();
    this.#ticksToSweep = 1;
  }

  /** Sees to it that notes are written when there are many. To be called after each. */
  usesNoted(): void {
    const { uses, usesAreUrgentMs } = this.#host;
    const { size } = uses;
    // A loop that never lets the timer come round.
    if (usesAreUrgentMs !== undefined && monotonicMs() - this.#wroteUses > 2 * usesAreUrgentMs)
      this.writeAllUses();
    if (size < USES_FULL) return;
    if (!this.#isWritingUses) this.#writeUsesSoon();
    // A script that never lets the event loop turn.
    if (size >= 2 * USES_FULL && size % USES_FULL === 0) this.writeAllUses();
    if (size >= 4 * USES_FULL) uses.clear();
  }

  writeAllUses(): void {
    this.#wroteUses = monotonicMs();
    while (this.#writeSomeUses());
  }

  #tick(): void {
    this.#purge();
    this.#writeUsesSoon();
    this.#tidyLog();
    this.#removeAbandoned();
    if (--this.#ticksToSweep > 0) return;
    this.#ticksToSweep = Infinity;
    const { storage, clock, timeoutMs } = this.#host;
    this.#lastSweep = new Sweep(clock.now(), orphanAge(timeoutMs), this.#lastSweep);
    this.#sweep(storage.files.list(), this.#lastSweep, 0);
  }

  #purge(): void {
    let isDone = true;
    const isWritten = this.#try(() => (isDone = this.#host.purge()));
    if (isWritten && !isDone) this.#later(() => this.#purge());
  }

  #removeAbandoned(): void {
    const { abandoned } = this.#host;
    try {
      if (abandoned.areThere) this.#host.tryWrite(() => void abandoned.release());
    } catch (error) {
      // Somebody else is at it: the next tick will do.
      if (!isBusy(error)) this.#host.report(error);
    }
  }

  #tidyLog(): void {
    try {
      this.#host.tidyLog();
    } catch (error) {
      this.#host.report(error);
    }
  }

  #writeUsesSoon(): void {
    this.#isWritingUses = true;
    this.#later(() => {
      this.#isWritingUses = false;
      this.#wroteUses = monotonicMs();
      if (this.#writeSomeUses() && this.#host.uses.areLeaving) this.#writeUsesSoon();
    });
  }

  /** @returns false when there are none, or they could not be written */
  #writeSomeUses(): boolean {
    const { uses } = this.#host;
    const rows = uses.next(USES_A_STEP);
    if (rows.length === 0 || !this.#host.mayWriteUses()) return false;
    const isWritten = this.#try(() => this.#host.writeUses(rows));
    if (isWritten) uses.written(rows);
    return isWritten;
  }

  /** @param spentMs what the steps before this one took */
  #sweep(all: Iterator<FoundFile>, sweep: Sweep, spentMs: number): void {
    const { files, sql } = this.#host.storage;
    const since = monotonicMs();
    const spent = () => spentMs + monotonicMs() - since;
    try {
      for (let next = all.next(); !next.done; next = all.next()) {
        if (sweep.finds(next.value, sql)) files.removeSync(next.value.name);
        if (monotonicMs() > since + STEP_MS) return this.#later(() => this.#sweep(all, sweep, spent()));
      }
    } catch (error) {
      this.#host.report(error);
    }
    const ticks = Math.ceil((spent() * SWEEP_PAUSE) / TICK_MS);
    this.#ticksToSweep = Math.min(Math.max(ticks, LEAST_SWEEP_TICKS), MOST_SWEEP_TICKS);
  }

  #try(work: () => void): boolean {
    try {
      return this.#host.tryWrite(work);
    } catch (error) {
      this.#host.report(error);
      return false;
    }
  }

  #later(step: () => void): void {
    setImmediate(() => {
      if (!this.#isStopped) step();
    }).unref();
  }
}
