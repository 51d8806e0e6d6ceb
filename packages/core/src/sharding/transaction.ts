import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, sleepSync } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { Failure } from '../engine/full-disk.ts';
import { inSnapshots } from '../engine/snapshot.ts';
import { carriedOut } from '../engine/transaction-body.ts';
import type { Key } from '../entry/key.ts';
import { transactTerms } from '../entry/transact-options.ts';
import { InvalidArgumentError, TimeoutError } from '../errors.ts';
import { storageError, ThrownByBody } from '../storage/rows/sqlite-error.ts';
import { OutOfReach } from './reach.ts';
import type { Shard, Shards } from './shards.ts';

const LONGEST_PAUSE_MS = 4;
/**
 * For so long, in one go, the event loop may be kept to get one lock after the other, holding those that there are already:
 * to find all free at the same moment would be rare where others write.
 */
const SPIN_MS = 5;
const SPIN_PAUSE_MS = 0.1;

/** What transact() and snapshot() of a ShardedDiskCache may be told. */
export interface ShardedTransactOptions {
  /**
   * The keys that the body is about: then only the shards of these are locked, and only earlier calls of this process on
   * these shards are waited for. When the body uses another shard all the same, or all of them, as clear() or count() do, it
   * is taken back and called again with all of them locked: it must do nothing but through what it is given. Prepared
   * `values`, as DiskCache.transact() has them, there are none. @default every key
   */
  keys?: Iterable<Key> | undefined;
}

/** What is done with the locks of these. */
type Work<Result> = (engines: readonly Engine[]) => Result;

/**
 * A transaction of several shards: all of their locks, in the order of the shards, then one body, then a commit in each. Who
 * has one of the locks waits for the next only here, and always in the same order.
 *
 * It may be of those shards alone that some keys are in. A body that then reaches for another shard is taken back, and
 * called again in a transaction of all.
 */
export class Transaction {
  readonly #shards: Shards;
  /** Undefined for all. */
  readonly #places: ReadonlySet<number> | undefined;

  constructor(shards: Shards, concerned: readonly Key[] | 'every key' = 'every key') {
    this.#shards = shards;
    this.#places =
      concerned === 'every key' ? undefined : new Set(concerned.map((key) => shards.placeOf(key)));
  }

  /** Waits for the locks on the caller's thread; a part of the transaction that is open, where one is. */
  run<Tx, Result>(body: (tx: Tx) => Result, tx: Tx): Result {
    return this.#now(() => carriedOut(body, tx));
  }

  /** Waits for them without keeping the event loop, after all that was called before. */
  async runInTurn<Tx, Result>(body: (tx: Tx) => Result, tx: Tx): Promise<Result> {
    return this.#inTurn(() => carriedOut(body, tx));
  }

  /**
   * Runs a body that only reads on all shards as they are at one moment, on the caller's thread. Their locks are held meanwhile:
   * without them a transaction of several shards might be seen in some and not yet in others.
   */
  read<View, Result>(body: (view: View) => Result, view: View): Result {
    const reads: Work<Result> = (engines) => inSnapshots(engines, body, view);
    return this.#isLockless ? reads(this.#all) : this.#now(reads);
  }

  /** The same without keeping the event loop until there are the locks. */
  async readInTurn<View, Result>(body: (view: View) => Result, view: View): Promise<Result> {
    const reads: Work<Result> = (engines) => inSnapshots(engines, body, view);
    if (!this.#isLockless) return this.#inTurn(reads);
    this.#shards.assertOpen();
    return reads(this.#all);
  }

  /** Who may write nothing gets no lock; who reads already, at one moment, goes on with that. */
  get #isLockless(): boolean {
    return this.#all.some(({ settings, storage }) => settings.readOnly || storage.isReading);
  }

  get #all(): Engine[] {
    return this.#shards.all.map(({ engine }) => engine);
  }

  get #chosen(): readonly Shard[] {
    const places = this.#places;
    return places === undefined ? this.#shards.all : this.#shards.all.filter((_, place) => places.has(place));
  }

  #within<Result>(work: Work<Result>): Work<Result> {
    const places = this.#places;
    return places === undefined ? work : (engines) => this.#shards.reach.within(places, () => work(engines));
  }

  #now<Result>(work: Work<Result>): Result {
    // As a part of a transaction it must have all that it needs from the beginning.
    for (const place of this.#places ?? [undefined]) this.#shards.reach.need(place);
    const engines = this.#chosen.map(({ engine }) => engine);
    for (const engine of engines) engine.assertWritable();
    try {
      return withLocks(engines, this.#within(work));
    } catch (error) {
      if (error instanceof OutOfReach) return new Transaction(this.#shards).#now(work);
      for (const engine of engines)
        if (!engine.recovery.from(error)) engine.fullDisk.makeRoomSync(failure(error));
      throw storageError(error, 'cannot write');
    }
  }

  async #inTurn<Result>(work: Work<Result>): Promise<Result> {
    let goOn = () => {};
    const ended = new Promise<void>((resolve) => (goOn = resolve));
    let engines = this.#chosen.map(({ engine }) => engine);
    try {
      await Promise.all(this.#chosen.map(({ calls }) => calls.standStill(ended)));
      try {
        return await withLocksSoon(engines, this.#within(work));
      } catch (error) {
        if (!(error instanceof OutOfReach)) throw error;
        // The shards of the keys stand still as before: so calls on these keep their order.
        engines = this.#all;
        return await withLocksSoon(engines, work);
      }
    } catch (error) {
      for (const engine of engines)
        if (!engine.recovery.from(error)) await engine.fullDisk.makeRoom(failure(error));
      throw storageError(error, 'cannot write');
    } finally {
      goOn();
    }
  }
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_KEY` */
export function transactionOf(shards: Shards, options: ShardedTransactOptions | undefined): Transaction {
  return new Transaction(shards, transactTerms(options, ['keys']).concerned);
}

function withLocks<Result>(engines: readonly Engine[], work: Work<Result>): Result {
  const writing = engines.filter(({ storage }) => storage.transaction.isWriting);
  if (writing.length === engines.length) return nested(engines, () => work(engines));
  if (writing.length > 0) throw withinOneShard();
  for (const { checkpoints } of engines) if (checkpoints.isBehind) checkpoints.catchUpSync();
  const { timeoutMs, random } = (engines[0] as Engine).settings;
  const begun = began(engines, monotonicMs() + timeoutMs, () => sleepSync(LONGEST_PAUSE_MS * random()));
  if (!begun) throw new TimeoutError(timeoutMs);
  const { result, replaced } = committed(engines, () => work(engines), removeNow);
  try {
    for (const engine of engines) engine.log?.syncNow();
  } finally {
    for (const [engine, files] of replaced) removeNow(engine, files);
  }
  return result;
}

async function withLocksSoon<Result>(engines: readonly Engine[], work: Work<Result>): Promise<Result> {
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
  const { result, replaced } = committed(engines, () => work(engines), discard);
  try {
    await Promise.all(engines.map(async (engine) => engine.log?.synced()));
  } finally {
    for (const [engine, files] of replaced) discard(engine, files);
  }
  return result;
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

function shareOf({ storage }: Engine): number {
  const { sizeShare = 0, entryShare = 0 } = storage.transaction.totals;
  return sizeShare + entryShare;
}

function nested<Result>(engines: readonly Engine[], work: () => Result, place = 0): Result {
  const engine = engines[place];
  return engine === undefined ? work() : engine.nested(() => nested(engines, work, place + 1));
}

/** To wait for the locks of others while holding one, out of their order, could keep all from going on for ever. */
function withinOneShard(): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_TRANSACTION',
    'what concerns several shards cannot be done inside of the transaction of one shard, as a collection has it: begin with ' +
      'cache.transact(), and use what its body is given',
  );
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
