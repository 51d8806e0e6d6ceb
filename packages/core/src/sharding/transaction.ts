import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, sleepSync } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { Failure } from '../engine/full-disk.ts';
import { inSnapshot } from '../engine/snapshot.ts';
import { carriedOut } from '../engine/transaction-body.ts';
import { TimeoutError } from '../errors.ts';
import { storageError, ThrownByBody } from '../storage/rows/sqlite-error.ts';
import type { Shard } from './shards.ts';

const LONGEST_PAUSE_MS = 4;
/**
 * For so long, in one go, the event loop may be kept to get one lock after the other, holding those that there are already:
 * to find all free at the same moment would be rare where others write.
 */
const SPIN_MS = 5;
const SPIN_PAUSE_MS = 0.1;

/**
 * A transaction of several shards: all of their locks, in the order of the shards, then one body, then a commit in each. Who
 * has one of the locks waits for the next only here, and always in the same order.
 */
export class Transaction {
  readonly #shards: readonly Shard[];

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  get #engines(): readonly Engine[] {
    return this.#shards.map(({ engine }) => engine);
  }

  /** Waits for the locks on the caller's thread; a part of the transaction that is open, where one is. */
  run<Tx, Result>(body: (tx: Tx) => Result, tx: Tx): Result {
    const engines = this.#engines;
    for (const engine of engines) engine.assertWritable();
    const work = () => carriedOut(body, tx);
    try {
      if (engines.every(({ storage }) => storage.transaction.isWriting)) return nested(engines, work);
      for (const { checkpoints } of engines) if (checkpoints.isBehind) checkpoints.catchUpSync();
      const { timeoutMs, random } = (engines[0] as Engine).settings;
      const begun = began(engines, monotonicMs() + timeoutMs, () => sleepSync(LONGEST_PAUSE_MS * random()));
      if (!begun) throw new TimeoutError(timeoutMs);
      const { result, replaced } = committed(engines, work, removeNow);
      try {
        for (const engine of engines) engine.log?.syncNow();
      } finally {
        for (const [engine, files] of replaced) removeNow(engine, files);
      }
      return result;
    } catch (error) {
      for (const engine of engines)
        if (!engine.recovery.from(error)) engine.fullDisk.makeRoomSync(failure(error));
      throw storageError(error, 'cannot write');
    }
  }

  /** Waits for them without keeping the event loop, after all that was called before. */
  async runInTurn<Tx, Result>(body: (tx: Tx) => Result, tx: Tx): Promise<Result> {
    let goOn = () => {};
    const ended = new Promise<void>((resolve) => (goOn = resolve));
    try {
      await Promise.all(this.#shards.map(({ calls }) => calls.standStill(ended)));
      return await this.#runSoon(() => carriedOut(body, tx));
    } catch (error) {
      for (const engine of this.#engines)
        if (!engine.recovery.from(error)) await engine.fullDisk.makeRoom(failure(error));
      throw storageError(error, 'cannot write');
    } finally {
      goOn();
    }
  }

  /**
   * Runs a body that only reads on all shards as they are at one moment, on the caller's thread. Their locks are held meanwhile:
   * without them a transaction of several shards might be seen in some and not yet in others.
   */
  read<View, Result>(body: (view: View) => Result, view: View): Result {
    const work = () => inSnapshots(this.#engines, body, view);
    return this.#isLockless ? work() : this.run(work, undefined);
  }

  /** The same without keeping the event loop until there are the locks. */
  async readInTurn<View, Result>(body: (view: View) => Result, view: View): Promise<Result> {
    const work = () => inSnapshots(this.#engines, body, view);
    if (!this.#isLockless) return this.runInTurn(work, undefined);
    for (const engine of this.#engines) engine.assertOpen();
    return work();
  }

  /** Who may write nothing gets no lock; who reads already, at one moment, goes on with that. */
  get #isLockless(): boolean {
    return this.#engines.some(({ settings, storage }) => settings.readOnly || storage.isReading);
  }

  async #runSoon<Result>(work: () => Result): Promise<Result> {
    const engines = this.#engines;
    const { timeoutMs, random } = (engines[0] as Engine).settings;
    const end = monotonicMs() + timeoutMs;
    const spin = () => sleepSync(SPIN_PAUSE_MS);
    for (let pause = LONGEST_PAUSE_MS; ; pause = Math.max(1, pause * 0.8)) {
      const behind = engines.filter(({ checkpoints }) => checkpoints.isBehind);
      await Promise.all(behind.map(({ checkpoints }) => checkpoints.caughtUp()));
      if (began(engines, monotonicMs() + SPIN_MS, spin)) break;
      if (monotonicMs() > end) throw new TimeoutError(timeoutMs);
      await sleep(pause * (0.5 + random()));
    }
    const { result, replaced } = committed(engines, work, discard);
    try {
      await Promise.all(engines.map(async (engine) => engine.log?.synced()));
    } finally {
      for (const [engine, files] of replaced) discard(engine, files);
    }
    return result;
  }
}

/** Takes the locks one after the other. @returns false when one was not free in time, and then there are none */
function began(engines: readonly Engine[], end: number, pause: () => void): boolean {
  const begun: Engine[] = [];
  try {
    for (const engine of engines) {
      const since = monotonicMs();
      let isBegun = engine.begin();
      while (!isBegun && monotonicMs() < end) {
        pause();
        isBegun = engine.begin();
        if (isBegun) engine.tally.waitedForLock(monotonicMs() - since);
      }
      if (!isBegun) {
        for (const one of begun) one.rollback();
        return false;
      }
      begun.push(engine);
    }
    return true;
  } catch (error) {
    for (const one of begun) one.rollback();
    throw error;
  }
}

/**
 * Does the work, and commits in each shard, in those first that gave others of their share; what fails is taken back in all
 * that are not committed by then.
 */
function committed<Result>(
  engines: readonly Engine[],
  work: () => Result,
  remove: (engine: Engine, files: readonly string[]) => void,
): { result: Result; replaced: ReadonlyMap<Engine, readonly string[]> } {
  const open = new Set(engines);
  const shares = new Map(engines.map((engine) => [engine, shareOf(engine)]));
  const gained = (engine: Engine) => shareOf(engine) - (shares.get(engine) as number);
  const replaced = new Map<Engine, readonly string[]>();
  try {
    const result = work();
    for (const engine of engines.toSorted((a, b) => gained(a) - gained(b))) {
      replaced.set(engine, engine.commit());
      open.delete(engine);
    }
    return { result, replaced };
  } catch (error) {
    for (const engine of open) remove(engine, engine.rollback());
    for (const [engine, files] of replaced) remove(engine, files);
    throw error;
  }
}

function inSnapshots<View, Result>(
  engines: readonly Engine[],
  body: (view: View) => Result,
  view: View,
): Result {
  const [engine, ...others] = engines;
  if (engine === undefined) return carriedOut(body, view);
  return inSnapshot(engine, () => inSnapshots(others, body, view), undefined);
}

function shareOf({ storage }: Engine): number {
  const { sizeShare = 0, entryShare = 0 } = storage.transaction.totals;
  return sizeShare + entryShare;
}

function nested<Result>(engines: readonly Engine[], work: () => Result, place = 0): Result {
  const engine = engines[place];
  return engine === undefined ? work() : engine.nested(() => nested(engines, work, place + 1));
}

/** What is put right for the next call: this one is not repeated, since its body may not be. */
function failure(error: unknown): Failure {
  return { error: error instanceof ThrownByBody ? error.error : error, tries: 0 };
}

function discard(engine: Engine, files: readonly string[]): void {
  engine.removals.discard(files);
}

function removeNow(engine: Engine, files: readonly string[]): void {
  for (const name of files) engine.storage.files.removeSync(name);
}
