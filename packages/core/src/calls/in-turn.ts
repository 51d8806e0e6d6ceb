import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, nextTurn } from '../clock.ts';
import { AGAIN, type Engine } from '../engine/engine.ts';
import type { Find } from '../engine/live-rows.ts';
import { isRow, type PreparedValue, type UnfinishedValue } from '../engine/value-layout.ts';
import { type Key, keyIdentity } from '../entry/key.ts';
import { TimeoutError } from '../errors.ts';
import { isBusy, storageError } from '../storage/rows/sqlite-error.ts';
import type { EntryRow, FullEntryRow } from '../storage/rows/statements.ts';
import type { Concerned, Loaded, Put, Removal, Take, Write } from './call.ts';
import { LargeValues } from './large-values.ts';
import { WriteQueue } from './write-queue.ts';

/** Keys whose rows are read in one turn of the event loop. */
const KEYS_A_TURN = 256;

/**
 * Carries out calls without making the event loop wait for a lock, for the disk to sync, or for a large file. Calls on
 * one key take effect in the order in which they were made.
 */
export class InTurn {
  readonly #engine: Engine;
  readonly #queue: WriteQueue;
  readonly #large: LargeValues;
  /** Reads that take more than one turn of the event loop: close() waits for them. */
  readonly #underway = new Set<Promise<unknown>>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#queue = new WriteQueue(engine, (files) => engine.removals.discard(files));
    this.#large = new LargeValues(engine, this.#queue, (work) => this.#readNow(work));
  }

  /** The value of a key, counted as a hit or a miss. No promise where no turn had to be waited for. */
  load<Row extends EntryRow>(
    key: Key,
    find: Find<Row>,
  ): Loaded<Row> | undefined | Promise<Loaded<Row> | undefined> {
    this.#engine.assertOpen();
    const row = this.#read(key, find);
    if (row instanceof Promise)
      return row.then((found) => this.#counted(key, this.#valueOf(key, found, find)));
    return this.#counted(key, this.#valueOf(key, row, find));
  }

  /** The same of several. */
  loadMany<Row extends EntryRow>(
    keys: readonly Key[],
    find: Find<Row>,
  ): Promise<(Loaded<Row> | undefined)[]> {
    this.#engine.assertOpen();
    return this.#withTurns(this.#loadInTurns(keys, find));
  }

  /** The value of a row that was found, or of the one that has taken its place. Not counted. */
  async valueOf<Row extends EntryRow>(key: Key, row: Row, find: Find<Row>): Promise<Loaded<Row> | undefined> {
    return this.#valueOf(key, row, find);
  }

  /** The same of one of many, of which one that cannot be read is left out. */
  async valueOfMany<Row extends EntryRow>(
    key: Key,
    row: Row,
    find: Find<Row>,
  ): Promise<Loaded<Row> | undefined> {
    return this.valueOf(key, row, find).catch(this.#engine.events.leftOut);
  }

  /** Reads once all is done that was called before and concerns the same keys. */
  read<T>(concerned: Concerned, work: () => T): T | Promise<T> {
    this.#engine.assertOpen();
    if (concerned !== 'every key' && concerned.length === 1) return this.#read(concerned[0] as Key, work);
    return this.#queue.isEmpty ? this.#readNow(work) : this.#queue.read(identities(concerned), work);
  }

  /** Does the work in a transaction, or in several for as long as it returns AGAIN. */
  write<T>({ concerned, work, isOnce }: Write<T>): Promise<T> {
    this.#engine.assertWritable();
    return this.#queue.run(identities(concerned), work, { isOnce });
  }

  /** @returns whether the row was written */
  put({ concerned, value, work, isInVain }: Put<PreparedValue | UnfinishedValue>): Promise<boolean> {
    this.#engine.assertWritable();
    const keys = identities(concerned);
    if (isRow(value)) return this.#queue.run(keys, () => work(value));
    if (isInVain !== undefined && this.#isCertain(keys, isInVain)) return Promise.resolve(false);
    return this.#large.write(keys, value, work);
  }

  /** Takes an entry out; one whose value cannot be read any more is removed, and the next one taken. */
  take(take: Take): Promise<Loaded<FullEntryRow> | undefined> {
    this.#engine.assertWritable();
    return this.#withTurns(this.#large.take(identities(take.concerned), take.pick));
  }

  /** @returns how many live entries were removed */
  remove(slice: Removal): Promise<number> {
    let removed = 0;
    return this.write({
      concerned: 'every key',
      work: () => {
        const done = slice();
        removed += done.removed;
        return done.isLast ? removed : AGAIN;
      },
    });
  }

  /** Resolves when all is done that was called before. The engine has to refuse calls by now. */
  async ended(): Promise<void> {
    while (!this.#queue.isEmpty || this.#underway.size > 0 || !this.#large.isIdle) {
      await this.#queue.idle();
      await Promise.allSettled(this.#underway);
      await this.#large.idle();
    }
  }

  #withTurns<T>(reading: Promise<T>): Promise<T> {
    const ended = reading.finally(() => this.#underway.delete(ended));
    this.#underway.add(ended);
    return ended;
  }

  /** Some keys a turn: the rows of one turn from one snapshot, then their values. */
  async #loadInTurns<Row extends EntryRow>(
    keys: readonly Key[],
    find: Find<Row>,
  ): Promise<(Loaded<Row> | undefined)[]> {
    const all: (Loaded<Row> | undefined)[] = [];
    for (let start = 0; start < keys.length; start += KEYS_A_TURN) {
      if (start > 0) await nextTurn();
      const some = keys.slice(start, start + KEYS_A_TURN);
      const rows = await this.#readNow(() =>
        this.#engine.storage.snapshot(() => some.map((key) => this.#read(key, find))),
      );
      const values = some.map(async (key, place) => this.#loadOne(key, await rows[place], find));
      for (const [place, loaded] of (await Promise.all(values)).entries()) {
        this.#engine.counted(some[place] as Key, loaded?.row);
        all.push(loaded);
      }
    }
    return all;
  }

  async #loadOne<Row extends EntryRow>(
    key: Key,
    row: Row | undefined,
    find: Find<Row>,
  ): Promise<Loaded<Row> | undefined> {
    return row && this.valueOfMany(key, row, find);
  }

  #counted<Row extends EntryRow>(
    key: Key,
    loading: Loaded<Row> | undefined | Promise<Loaded<Row> | undefined>,
  ): Loaded<Row> | undefined | Promise<Loaded<Row> | undefined> {
    if (loading instanceof Promise) {
      return loading.then((loaded) => {
        this.#engine.counted(key, loaded?.row);
        return loaded;
      });
    }
    this.#engine.counted(key, loading?.row);
    return loading;
  }

  /** A row's value, and the row that it is from; no promise where the value is in the row. */
  #valueOf<Row extends EntryRow>(
    key: Key,
    row: Row | undefined,
    find: Find<Row>,
  ): Loaded<Row> | undefined | Promise<Loaded<Row> | undefined> {
    if (row === undefined) return undefined;
    if (row.file !== null) return this.#large.read(key, row, find);
    const value = this.#engine.values.decodeLater(key, row);
    return value instanceof Promise ? value.then((decoded) => ({ row, value: decoded })) : { row, value };
  }

  #isCertain(keys: ReturnType<typeof identities>, look: () => boolean): boolean {
    if (keys === 'every key' || keys.some((key) => this.#queue.concerns(key))) return false;
    try {
      return look();
    } catch (error) {
      if (isBusy(error)) return false;
      throw storageError(error, 'cannot read');
    }
  }

  /** In its turn when something is pending on the key, else at once; the result is no promise then. */
  #read<T>(key: Key, work: (key: Key) => T): T | Promise<T> {
    if (!this.#queue.isEmpty && this.#queue.concerns(keyIdentity(key))) {
      return this.#queue.read([keyIdentity(key)], () => work(key));
    }
    return this.#readNow(work, key);
  }

  #readNow<T>(work: (key: Key) => T, key?: Key): T | Promise<T> {
    try {
      return work(key as Key);
    } catch (error) {
      if (isBusy(error) || this.#engine.recovery.from(error))
        return this.#readWhenFree(() => work(key as Key));
      throw storageError(error, 'cannot read');
    }
  }

  /** A read only has to wait in the rare moment when another process opens or closes the database. */
  async #readWhenFree<T>(work: () => T): Promise<T> {
    const { timeoutMs, random } = this.#engine.settings;
    for (const end = monotonicMs() + timeoutMs; monotonicMs() < end;) {
      await sleep(1 + 4 * random());
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw storageError(error, 'cannot read');
      }
    }
    throw new TimeoutError(timeoutMs);
  }
}

function identities(concerned: Concerned): readonly (string | number)[] | 'every key' {
  return concerned === 'every key' ? concerned : concerned.map(keyIdentity);
}
