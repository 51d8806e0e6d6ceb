import { monotonicMs, sleepSync } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { AGAIN, SLICE_MS } from '../engine/slice.ts';
import type { Find } from '../engine/live-rows.ts';
import { fileIsGone, inSnapshot } from '../engine/snapshot.ts';
import { carriedOut } from '../engine/transaction-body.ts';
import { isFile, type PreparedFile, type PreparedValue } from '../engine/value-layout.ts';
import type { Key } from '../entry/key.ts';
import { TimeoutError } from '../errors.ts';
import { bytesOnDisk } from '../storage/files/value-files.ts';
import { type LogSync, NotSynced } from '../storage/rows/log-sync.ts';
import { isBusy, storageError, ThrownByBody } from '../storage/rows/sqlite-error.ts';
import type { EntryRow, FullEntryRow } from '../storage/rows/statements.ts';
import { freeOnDiskNow } from '../upkeep/freed-space.ts';
import type { Loaded, NextPage, Put, Stepwise, Take, Write } from './call.ts';
import { RoomLocked, RoomTaken } from '../upkeep/evictor.ts';
import { putReserved, reserveSpace } from './file-space.ts';

/** Most locks are held for less than a ms: so often it is tried again almost at once. */
const EARLY_TRIES = 4;
const EARLY_PAUSE_MS = 0.1;
const LONGEST_PAUSE_MS = 4;
const ROOM_PAUSE_MS = 10;
const LOCKED = Symbol('locked');

/** Carries out calls on the caller's thread: when they return they are done. */
export class AtOnce {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The value of a key, counted as a hit or a miss. */
  load<Row extends EntryRow>(key: Key, find: Find<Row>): Loaded<Row> | undefined {
    const loaded = this.read(() => this.#valueOf(key, find(key), find));
    this.#engine.counted(key, loaded?.row);
    return loaded;
  }

  /** The same of several: all rows from one snapshot, then their values. */
  loadMany<Row extends EntryRow>(keys: readonly Key[], find: Find<Row>): (Loaded<Row> | undefined)[] {
    const rows = this.lookMany(keys, find);
    return keys.map((key, place) => {
      const loaded = this.#readOrLeaveOut(() => this.#valueOf(key, rows[place], find));
      this.#engine.counted(key, loaded?.row);
      return loaded;
    });
  }

  /** What `look` tells of each of several keys, at one moment. */
  lookMany<T>(keys: readonly Key[], look: (key: Key) => T): T[] {
    return this.read(() => this.#engine.storage.snapshot(() => keys.map(look)));
  }

  /** The value of a row that was found, or of the one that has taken its place. Not counted. */
  valueOf<Row extends EntryRow>(key: Key, row: Row, find: Find<Row>): Loaded<Row> | undefined {
    return this.read(() => this.#valueOf(key, row, find));
  }

  /** The same of one of many, of which one that cannot be read is left out. */
  valueOfMany<Row extends EntryRow>(key: Key, row: Row, find: Find<Row>): Loaded<Row> | undefined {
    return this.#readOrLeaveOut(() => this.#valueOf(key, row, find));
  }

  /** The path of the file that a key's value is in, counted as a hit or a miss. */
  path(key: Key): string | undefined {
    const row = this.read(() => this.#engine.live.find(key));
    this.#engine.counted(key, row);
    return this.#engine.values.pathOf(row);
  }

  /** Reads; in the rare moment when another process opens or closes the database, waits. */
  read<T>(work: () => T): T {
    this.#engine.assertOpen();
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) && !this.#engine.recovery.from(error)) throw storageError(error, 'cannot read');
    }
    return this.#patiently(() => {
      try {
        return work();
      } catch (error) {
        if (isBusy(error)) return LOCKED;
        throw storageError(error, 'cannot read');
      }
    });
  }

  /** Does the work in a transaction, or in several for as long as it returns AGAIN; or in the one that is open. */
  write<T>({ work, isOnce }: Omit<Write<T>, 'concerned'>): T {
    return this.#write(work, this.#engine.log, isOnce);
  }

  /** @returns whether the row was written */
  put({ value, work, replaced }: Put<PreparedValue>): boolean {
    const putRow = () => work(value);
    if (!isFile(value)) return this.write({ work: putRow });
    const { put } = value;
    return put === undefined
      ? this.#withFile(value, putRow, replaced)
      : this.write({ work: () => put(putRow) });
  }

  /** Takes an entry out; one whose value cannot be read any more is removed, and the next one taken. */
  take({ pick }: Take): Loaded<FullEntryRow> | undefined {
    const engine = this.#engine;
    const { values, storage } = engine;
    const work = () => {
      for (let row = pick(); row !== undefined; row = pick()) {
        const { key, file, size } = row;
        const content = file === null ? undefined : values.verified(row, storage.files.readSync(file, size));
        if (typeof content === 'string') engine.broken.removeEntry(key, file as string, content);
        else {
          const value = values.decode(key, row, content);
          engine.changes.delete(key);
          return { row, value };
        }
      }
      return undefined;
    };
    return this.write({ work });
  }

  /** @returns what all steps came to */
  inSteps(change: Stepwise): number {
    for (let isLast = false; !isLast;) {
      try {
        isLast = this.write({ work: () => change.step(true) });
      } catch (error) {
        throw storageError(error, 'cannot write');
      }
      change.stepped();
    }
    return change.result;
  }

  /** The pages of what is gone through, empty ones left out. */
  *pages<Row>(next: NextPage<Row>): Generator<Row[], void> {
    for (let rows = this.read(next); rows !== undefined; rows = this.read(next)) {
      if (rows.length > 0) yield rows;
    }
  }

  /** Runs `body` in one transaction, or as a part of the one that is open. */
  transact<Tx, Result>(body: (tx: Tx) => Result, tx: Tx): Result {
    const engine = this.#engine;
    engine.assertWritable();
    const run = () => carriedOut(body, tx);
    if (!engine.storage.transaction.isOpen)
      return this.write({ work: () => engine.unsliced(run), isOnce: true });
    try {
      return engine.nested(run);
    } catch (error) {
      throw storageError(error, 'cannot write');
    }
  }

  /** Runs `body`, which only reads, on the cache as it is at one moment. */
  snapshot<View, Result>(body: (view: View) => Result, view: View): Result {
    return this.read(() => inSnapshot(this.#engine, body, view));
  }

  /** The file is written before the row, and goes again unless the row came to be. */
  #withFile(value: PreparedFile, putRow: () => boolean | typeof AGAIN, replaced: Key | undefined): boolean {
    const engine = this.#engine;
    const { files, reservations, transaction } = engine.storage;
    const { file } = value;
    let isStored = false;
    try {
      this.#writeFile(value, replaced);
      isStored = this.write({ work: () => putReserved(engine, file, putRow) });
      if (isStored && transaction.isOpen) {
        transaction.fileWritten(file);
        for (const name of transaction.takeObsolete()) files.removeSync(name);
      }
      return isStored;
    } catch (error) {
      isStored = error instanceof NotSynced;
      throw storageError(error, 'cannot write a value file');
    } finally {
      if (!isStored) this.#giveUp(file);
      reservations.disown(file);
    }
  }

  #writeFile({ file, bytes, size }: PreparedFile, replaced: Key | undefined): void {
    const engine = this.#engine;
    for (let failures = 0; ;) {
      this.#reserve(file, bytesOnDisk(size), replaced);
      freeOnDiskNow(engine);
      try {
        return engine.storage.files.writeSync(file, bytes);
      } catch (error) {
        if (!this.#mayTryAgain(error, failures++, size)) throw error;
      }
    }
  }

  /** Waits for the room that other processes take, and gives up at once where only this one could give it back. */
  #reserve(file: string, space: number, replaced: Key | undefined): void {
    const engine = this.#engine;
    const { timeoutMs, random } = engine.settings;
    const { reservations, transaction } = engine.storage;
    for (const end = monotonicMs() + timeoutMs; ; sleepSync(ROOM_PAUSE_MS * (0.5 + random()))) {
      try {
        return this.#write(() => reserveSpace(engine, file, space, { replaced }), undefined);
      } catch (error) {
        const mayEnd = error instanceof RoomLocked || (error instanceof RoomTaken && reservations.hasOthers);
        if (!mayEnd || transaction.isOpen || monotonicMs() > end) throw error;
      }
    }
  }

  /** What cannot be given back at once of the space of a file is given back by upkeep, since the file is gone. */
  #giveUp(file: string): void {
    const { files, reservations, transaction } = this.#engine.storage;
    files.removeSync(file);
    if (!reservations.isOwn(file)) return;
    const release = () => void reservations.release(file);
    if (transaction.isOpen) release();
    else this.#engine.tryWrite(release);
  }

  /** A row's value, and the row that it is from: another process may have replaced the one that was found. */
  #valueOf<Row extends EntryRow>(key: Key, found: Row | undefined, find: Find<Row>): Loaded<Row> | undefined {
    const engine = this.#engine;
    for (let row = found; row !== undefined;) {
      if (row.file === null) return { row, value: engine.values.decode(key, row) };
      const content = engine.values.verified(row, engine.storage.files.readSync(row.file, row.size));
      if (Buffer.isBuffer(content)) return { row, value: engine.values.decode(key, row, content) };
      const broken: string = row.file;
      fileIsGone(engine, broken);
      row = find(key);
      if (row?.file === broken) {
        if (engine.settings.readOnly || engine.storage.isReading)
          engine.broken.report(broken, content, 'its entry stays');
        else this.#write(() => engine.broken.removeEntry(key, broken, content), undefined);
        return undefined;
      }
    }
    return undefined;
  }

  #readOrLeaveOut<T>(work: () => T): T | undefined {
    try {
      return this.read(work);
    } catch (error) {
      return this.#engine.events.leftOut(error);
    }
  }

  /** @param log waited for, where that is asked for, before anything is given back that the last transaction replaced */
  #write<T>(work: () => T | typeof AGAIN, log: LogSync | undefined, isOnce = false): T {
    const engine = this.#engine;
    engine.assertWritable();
    const { transaction } = engine.storage;
    const part = () => engine.recovery.noting(() => transaction.part(work));
    const step = transaction.isOpen ? part : () => this.#slice(work, log);
    for (let failures = 0; ;) {
      try {
        const result = step();
        if (result !== AGAIN) return result;
        failures = 0;
      } catch (error) {
        if (transaction.isOpen || !this.#mayTryAgain(error, failures++) || isOnce)
          throw storageError(error, 'cannot write');
      }
    }
  }

  /** Whether what failed can be done again, since what made it fail is put right. */
  #mayTryAgain(error: unknown, failures: number, bytes = 0): boolean {
    if (error instanceof NotSynced) return false;
    const { recovery, fullDisk } = this.#engine;
    if (recovery.from(error)) return true;
    const cause = error instanceof ThrownByBody ? error.error : error;
    this.#engine.share?.settleSync();
    return fullDisk.makeRoomSync({ error: cause, tries: failures, bytes });
  }

  #slice<T>(work: () => T, log: LogSync | undefined): T {
    const engine = this.#engine;
    if (engine.checkpoints.isBehind) engine.checkpoints.catchUpSync();
    const pauseMs = engine.share?.takePause() ?? 0;
    if (pauseMs > 0) sleepSync(pauseMs);
    if (!this.#begin()) this.#waitForLock();
    engine.sliceEnd = monotonicMs() + SLICE_MS;
    let result: T;
    let replaced: readonly string[];
    try {
      result = work();
      replaced = engine.commit();
    } catch (error) {
      this.#removeFiles(engine.rollback());
      throw error;
    } finally {
      engine.sliceEnd = Infinity;
    }
    try {
      if (result !== AGAIN) log?.syncNow();
    } finally {
      this.#removeFiles(replaced);
    }
    return result;
  }

  #waitForLock(): void {
    const since = monotonicMs();
    try {
      this.#patiently(() => this.#begin() || LOCKED);
    } finally {
      this.#engine.tally.waitedForLock(monotonicMs() - since);
    }
  }

  #begin(): boolean {
    try {
      return this.#engine.begin();
    } catch (error) {
      throw storageError(error, 'cannot begin to write');
    }
  }

  #removeFiles(files: readonly string[]): void {
    try {
      for (const name of files) this.#engine.storage.files.removeSync(name);
    } catch (error) {
      throw storageError(error, 'cannot remove a value file');
    }
  }

  #patiently<T>(attempt: () => T | typeof LOCKED): T {
    const { timeoutMs, random } = this.#engine.settings;
    const end = monotonicMs() + timeoutMs;
    let pauseMs = LONGEST_PAUSE_MS;
    for (let tries = 0; ; tries++) {
      const result = attempt();
      if (result !== LOCKED) return result;
      if (monotonicMs() > end) throw new TimeoutError(timeoutMs);
      const isEarly = tries < EARLY_TRIES;
      sleepSync((isEarly ? EARLY_PAUSE_MS : pauseMs) * (0.5 + random()));
      if (!isEarly) pauseMs = Math.max(0.5, pauseMs * 0.8);
    }
  }
}
