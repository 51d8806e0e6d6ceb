import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, nextTurn } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { AGAIN, SLICE_MS } from '../engine/slice.ts';
import { TimeoutError } from '../errors.ts';
import type { LogSync } from '../storage/rows/log-sync.ts';
import { storageError, ThrownByBody } from '../storage/rows/sqlite-error.ts';
import { type ConcernedKeys, PendingWrites, type Placed } from './pending-writes.ts';

/** What is done before and after the work of a write. */
export interface Around {
  /**
   * What has to be done first, off the event loop, while others may go ahead. It is not begun as long as a write on the
   * same key is pending that may take long, nor is anything else that stands behind that one; and what may take long
   * itself is not begun as long as one on the same key is not ready.
   */
  readonly before?: (() => Promise<void>) | undefined;
  /** Called after each transaction with a part of the work in it. What it throws ends the write. */
  readonly committed?: (() => void) | undefined;
  /** Whether the work must not be called again when its transaction failed. */
  readonly isOnce?: boolean | undefined;
}

interface PendingWrite extends Placed {
  readonly work: () => unknown;
  /** Whether it only waits for its turn, and needs no lock. */
  readonly isRead: boolean;
  readonly committed: Around['committed'];
  readonly isOnce: boolean;
  /** By monotonicMs(), from when it could be committed but for others' locks. */
  deadline: number;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
  /** What has to be done first, as long as that is not begun. */
  before: Around['before'];
  isReady: boolean;
  isAlone: boolean;
  /** How often in a row its transaction failed for want of room on the disk. */
  failures: number;
  isSettled: boolean;
  stopListening: () => void;
}

/** Most locks are held for less than a ms: so often it is tried again in the next turn before anybody sleeps. */
const TURNS = 4;
const PAUSE_MS = 1;
const LEAST_SLICE_MS = 0.5;

/**
 * Commits the writes of one process in groups: those that are waiting when the event loop comes round share one
 * transaction. Writes on the same key keep their order; nothing here ever waits for a lock on the event loop.
 */
export class WriteQueue {
  readonly #engine: Engine;
  readonly #finish: (replacedFiles: readonly string[]) => void;
  /** The queues of all shards have their slices in one turn of the event loop. */
  readonly #sliceMs: number;
  readonly #pending = new PendingWrites<PendingWrite>();
  #draining: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  /** Groups that are committed, but perhaps not yet on disk. */
  readonly #syncing = new Set<Promise<void>>();

  /** @param finish what to do with files that no row points to any more */
  constructor(engine: Engine, finish: (replacedFiles: readonly string[]) => void) {
    this.#engine = engine;
    this.#sliceMs = Math.max(LEAST_SLICE_MS, SLICE_MS / (engine.share?.whole.count ?? 1));
    this.#finish = finish;
  }

  /** Whether a read of this key has to wait for its turn to see what was called before it. */
  concerns(key: string | number): boolean {
    return this.#pending.concerns(key);
  }

  get isEmpty(): boolean {
    return this.#pending.isEmpty;
  }

  /**
   * Does `work` in a transaction, after all earlier calls that concern the same keys, and in those that follow for as
   * long as it returns AGAIN.
   *
   * @param concerned no key at all for what need not wait for anything
   * @returns what `work` returned, once it is committed
   */
  run<T>(concerned: ConcernedKeys, work: () => T | typeof AGAIN, around: Around = {}): Promise<T> {
    return this.#add({ concerned, work, isRead: false, isLong: false }, around);
  }

  /**
   * The same where `before` may take so long that calls that concern every key do not wait for it.
   *
   * @param signal ends it at once while it only waits for its turn; `before` has to see to itself
   */
  runLong<T>(
    concerned: ConcernedKeys,
    work: () => T | typeof AGAIN,
    before: () => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return this.#add({ concerned, work, isRead: false, isLong: true }, { before }, signal);
  }

  /** Holds up all later calls until `until` resolves. */
  holdUp(until: Promise<void>): void {
    const waiting: Pick<PendingWrite, 'concerned' | 'work' | 'isRead' | 'isLong'> = {
      concerned: 'every key',
      work: () => undefined,
      isRead: true,
      isLong: false,
    };
    void this.#add(waiting, { before: () => until });
  }

  /** Does `work`, which only reads, after all earlier calls that concern the same keys, whatever becomes of them. */
  read<T>(concerned: ConcernedKeys, work: () => T): Promise<T> {
    return this.#add({ concerned, work, isRead: true, isLong: false }, {});
  }

  #add<T>(
    { concerned, work, isRead, isLong }: Pick<PendingWrite, 'concerned' | 'work' | 'isRead' | 'isLong'>,
    { before, committed, isOnce = false }: Around,
    signal?: AbortSignal,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const write: PendingWrite = {
        concerned,
        work,
        isRead,
        committed,
        isOnce,
        resolve,
        reject,
        deadline: monotonicMs() + this.#engine.settings.timeoutMs,
        before,
        isReady: before === undefined,
        isLong,
        isAlone: concerned === 'every key',
        failures: 0,
        isSettled: false,
        stopListening: () => signal?.removeEventListener('abort', giveUp),
      };
      const giveUp = () => this.#giveUp(write, signal?.reason);
      signal?.addEventListener('abort', giveUp);
      this.#pending.add(write);
      if (before !== undefined) this.#prepareNext(write);
      if (signal?.aborted) giveUp();
      this.#draining ??= this.#drain();
      this.#wake?.();
    });
  }

  /** Resolves when nothing is pending, and all that was committed is on disk where that is asked for. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
    await Promise.allSettled(this.#syncing);
  }

  /** @param added the only one that has come since the last call; without it one that held up others has gone or is ready */
  #prepareNext(added?: PendingWrite): void {
    for (const write of this.#pending.notBehindLong(added)) {
      if (write.before !== undefined) void this.#prepare(write, write.before);
    }
  }

  async #prepare(write: PendingWrite, before: () => Promise<void>): Promise<void> {
    write.before = undefined;
    try {
      await before();
      write.isReady = true;
      write.deadline = monotonicMs() + this.#engine.settings.timeoutMs;
    } catch (error) {
      this.#fail([write], error);
      this.#pending.dropSettled();
    }
    if (write.isLong) this.#restartWaiting(write);
    else if (this.#pending.hasLong) this.#prepareNext();
    this.#wake?.();
  }

  #giveUp(write: PendingWrite, reason: unknown): void {
    const isBeingPrepared = write.before === undefined && !write.isReady;
    if (isBeingPrepared) return;
    this.#fail([write], reason);
    this.#pending.dropSettled();
    this.#wake?.();
  }

  /** Those that had to wait for a write that took long have not waited for others' locks so far. */
  #restartWaiting({ concerned }: PendingWrite): void {
    const deadline = monotonicMs() + this.#engine.settings.timeoutMs;
    for (const write of this.#pending.sharing(concerned)) write.deadline = deadline;
  }

  async #drain(): Promise<void> {
    while (!this.#pending.isEmpty) {
      // What is called during this turn of the event loop joins the group.
      await nextTurn();
      const batch = this.#pending.nextBatch();
      if (batch.length > 0) await this.#commit(batch);
      else if (!this.#pending.isEmpty) await this.#untilWoken();
      this.#pending.dropSettled();
    }
    this.#draining = undefined;
  }

  async #commit(batch: readonly PendingWrite[]): Promise<void> {
    if (batch.every((write) => write.isRead)) return this.#readAll(batch);
    const results = new Map<PendingWrite, unknown>();
    try {
      if (this.#engine.checkpoints.isBehind) await this.#caughtUp();
      const pauseMs = this.#engine.share?.takePause() ?? 0;
      if (pauseMs > 0) await sleep(pauseMs);
      // The longer a process has waited the more often it asks, so that the lock goes round. Once it has it, the event
      // loop does not turn before the transaction has ended.
      if (!this.#engine.begin() && !(await this.#untilBegun(batch))) return;
    } catch (error) {
      this.#fail(batch, storageError(error, 'cannot begin to write'));
      return;
    }
    let replaced: readonly string[];
    try {
      replaced = this.#slice((end) => {
        for (const write of batch) {
          if (write.isSettled) continue;
          const result = write.work();
          results.set(write, result);
          // What comes after it may concern the same keys.
          if (result === AGAIN) break;
          if (monotonicMs() > end) break;
        }
      });
    } catch (error) {
      const isPutRight = await this.#isPutRight(error, batch);
      if (isPutRight && !batch.some(({ isOnce }) => isOnce)) return;
      // A write that fails takes nothing with it: each of its group gets a transaction of its own.
      if (batch.length === 1) this.#fail(batch, storageError(error, 'cannot write'));
      else for (const write of batch) write.isAlone = true;
      return;
    }
    for (const write of batch) write.failures = 0;
    // Those that the slice had no time for stay pending.
    const { log } = this.#engine;
    const waitsForDisk = (write: PendingWrite) => !write.isRead && write.concerned.length > 0;
    if (log === undefined || ![...results.keys()].some(waitsForDisk)) {
      this.#finish(replaced);
      for (const [write, result] of results) this.#committed(write, result);
      return;
    }
    const synced = this.#whenSynced(log, replaced);
    for (const [write, result] of results) {
      if (result === AGAIN || !waitsForDisk(write)) this.#committed(write, result);
      else this.#settle(write, () => void synced.then(() => this.#end(write, result), write.reject));
    }
  }

  /** Whether what failed can be done again with the next group. */
  async #isPutRight(error: unknown, batch: readonly PendingWrite[]): Promise<boolean> {
    const { recovery, fullDisk } = this.#engine;
    if (recovery.from(error)) return true;
    const cause = error instanceof ThrownByBody ? error.error : error;
    const tries = Math.max(...batch.map(({ failures }) => failures));
    for (const write of batch) write.failures++;
    return fullDisk.makeRoom({ error: cause, tries });
  }

  #committed(write: PendingWrite, result: unknown): void {
    if (result !== AGAIN) return this.#settle(write, () => this.#end(write, result));
    try {
      write.committed?.();
    } catch (error) {
      this.#fail([write], error);
    }
  }

  #end(write: PendingWrite, result: unknown): void {
    try {
      write.committed?.();
      write.resolve(result as never);
    } catch (error) {
      write.reject(error);
    }
  }

  /** What is committed is on disk before anybody hears of it, and before a file goes that it has replaced. */
  #whenSynced(log: LogSync, replaced: readonly string[]): Promise<void> {
    const synced = log.synced().finally(() => {
      this.#finish(replaced);
      this.#syncing.delete(synced);
    });
    this.#syncing.add(synced);
    return synced;
  }

  #readAll(batch: readonly PendingWrite[]): void {
    for (const write of batch) {
      try {
        const result = write.work();
        this.#settle(write, () => write.resolve(result as never));
      } catch (error) {
        if (!this.#engine.recovery.from(error)) this.#fail([write], storageError(error, 'cannot read'));
      }
    }
  }

  /** Waiting for the log is no waiting for others' locks. */
  async #caughtUp(): Promise<void> {
    const { checkpoints } = this.#engine;
    const since = monotonicMs();
    await checkpoints.caughtUp();
    for (const write of this.#pending) write.deadline += monotonicMs() - since;
  }

  /**
   * One transaction, whose lock is held already, with a time to end for what can go on in the next.
   *
   * @returns the files that no row points to any more
   */
  #slice(work: (end: number) => void): readonly string[] {
    const engine = this.#engine;
    engine.sliceEnd = monotonicMs() + this.#sliceMs;
    try {
      work(engine.sliceEnd);
      return engine.commit();
    } catch (error) {
      this.#finish(engine.rollback());
      throw error;
    } finally {
      engine.sliceEnd = Infinity;
    }
  }

  /** @returns false when the time of all writes was up before the lock was free */
  async #untilBegun(batch: readonly PendingWrite[]): Promise<boolean> {
    const since = monotonicMs();
    try {
      for (let turn = 0; ; turn++) {
        if (turn < TURNS) await nextTurn();
        else await this.#pause(batch);
        if (batch.every((write) => write.isSettled || write.isRead)) return false;
        if (this.#engine.begin()) return true;
      }
    } finally {
      this.#engine.tally.waitedForLock(monotonicMs() - since);
    }
  }

  /** Pauses between two attempts to take the lock, and ends the waiting of those whose time is up. */
  async #pause(batch: readonly PendingWrite[]): Promise<void> {
    const { timeoutMs, random } = this.#engine.settings;
    await sleep(PAUSE_MS * (0.5 + random()));
    const now = monotonicMs();
    const late = batch.filter((write) => now > write.deadline && !write.isRead);
    if (late.length > 0) this.#fail(late, new TimeoutError(timeoutMs));
  }

  async #untilWoken(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  #fail(writes: readonly PendingWrite[], error: unknown): void {
    for (const write of writes) if (!write.isSettled) this.#settle(write, () => write.reject(error));
  }

  #settle(write: PendingWrite, tell: () => void): void {
    write.isSettled = true;
    write.stopListening();
    this.#pending.settled(write);
    tell();
    if (write.isLong) this.#prepareNext();
  }
}
