import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, nextTurn } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { AGAIN } from '../engine/slice.ts';
import type { Find } from '../engine/live-rows.ts';
import { isFile, isRow, type PreparedValue, type UnfinishedValue } from '../engine/value-layout.ts';
import { type Key, keyIdentity } from '../entry/key.ts';
import { TimeoutError } from '../errors.ts';
import { isBusy, storageError } from '../storage/rows/sqlite-error.ts';
import type { EntryRow, FullEntryRow } from '../storage/rows/statements.ts';
import type { CheckedRange } from '../streams/stream-options.ts';
import type { Concerned, Loaded, NextPage, Put, StagedPut, Stepwise, Take, Write } from './call.ts';
import { FileRoom } from './file-room.ts';
import { IncomingValues, type StreamPut } from './incoming-values.ts';
import { LargeValues } from './large-values.ts';
import { OutgoingValues } from './outgoing-values.ts';
import { WriteQueue } from './write-queue.ts';

/** What no key is identified by. */
const NO_KEY = '\0none';
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
  readonly #incoming: IncomingValues;
  readonly #outgoing: OutgoingValues;
  /** Calls that take more than one turn of the event loop. */
  readonly #underway = new Set<Promise<unknown>>();
  /** The same for what a call goes on with that close() waits for: carried out also when that was called meanwhile. */
  readonly goOn: Pick<InTurn, 'read' | 'write' | 'put'> = {
    read: (concerned, work) => this.#readOf(concerned, work),
    write: (write) => this.#writeOf(write),
    put: (put) => this.#putOf(put),
  };

  /** @param room of all caches that write files within one limit */
  constructor(engine: Engine, room = new FileRoom(engine.settings)) {
    this.#engine = engine;
    this.#queue = new WriteQueue(engine, (files) => engine.removals.discard(files));
    this.#large = new LargeValues(engine, this.#queue, room, (work) => this.#readNow(work));
    this.#incoming = new IncomingValues(engine, this.#queue);
    this.#outgoing = new OutgoingValues(engine, this.#large);
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
    return this.underway(this.#someATurn(keys, (some) => this.#loadSome(some, find)));
  }

  /** What `look` tells of each of several keys, as loadMany() finds their rows. */
  lookMany<T>(keys: readonly Key[], look: (key: Key) => T): Promise<T[]> {
    this.#engine.assertOpen();
    return this.underway(
      this.#someATurn(keys, async (some) => Promise.all(await this.#snapshot(some, look))),
    );
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
    return this.#readOf(concerned, work);
  }

  /** Does the work in a transaction, or in several for as long as it returns AGAIN. */
  write<T>(write: Write<T>): Promise<T> {
    this.#engine.assertWritable();
    return this.#writeOf(write);
  }

  /** @returns whether the row was written */
  put(put: Put<PreparedValue | UnfinishedValue>): Promise<boolean> {
    this.#engine.assertWritable();
    return this.#putOf(put);
  }

  /** Does the work in one transaction. */
  putStaged<T>({ concerned, values, work, isOnce }: StagedPut<T>): Promise<T> {
    this.#engine.assertWritable();
    const keys = identities(concerned);
    return values.every(isRow)
      ? this.#queue.run(keys, () => work(values), { isOnce })
      : this.underway(this.#large.write(keys, values, { work, isOnce }));
  }

  /** Takes an entry out; one whose value cannot be read any more is removed, and the next one taken. */
  take(take: Take): Promise<Loaded<FullEntryRow> | undefined> {
    this.#engine.assertWritable();
    return this.underway(this.#large.take(identities(take.concerned), take.pick));
  }

  /** Stores what a stream gives once it has ended; on failure the stream is ended. */
  putStream(put: StreamPut): Promise<void> {
    try {
      this.#engine.assertWritable();
    } catch (error) {
      put.source.cancel(error);
      throw error;
    }
    return this.underway(this.#incoming.write(put));
  }

  /** The bytes of a key's value as a stream, counted as a hit or a miss. */
  openStream(key: Key, range: CheckedRange): Promise<Readable | undefined> {
    this.#engine.assertOpen();
    return this.underway(this.#openStream(key, range));
  }

  /** The path of the file that a key's value is in, counted as a hit or a miss. */
  async path(key: Key): Promise<string | undefined> {
    const row = await this.read([key], () => this.#engine.live.find(key));
    this.#engine.counted(key, row);
    return this.#engine.values.pathOf(row);
  }

  /** @returns what all steps came to, which are done before any later call */
  inSteps(change: Stepwise): Promise<number> {
    this.#engine.assertWritable();
    const { elsewhere, step, stepped } = change;
    const work = () => (step(false) ? change.result : AGAIN);
    if (elsewhere === undefined) return this.#queue.run('every key', work, { committed: stepped });
    const turn = this.#queue.read('every key', () => undefined);
    const before = async () => {
      await turn;
      await elsewhere({
        step: () => this.#queue.run([], () => step(false), { committed: stepped }),
        read: (look) => this.#readNow(look),
      });
    };
    return this.#queue.run('every key', work, { before, committed: stepped });
  }

  /**
   * The same with any other call in between two steps, of a change that concerns no entry, and `after` at its end.
   *
   * @param first what it waits for before it begins
   */
  async amongOthers(
    change: Stepwise,
    after: () => Promise<number>,
    first?: Promise<unknown>,
  ): Promise<number> {
    this.#engine.assertWritable();
    const { step, stepped } = change;
    const oneStep = () => this.#queue.run([NO_KEY], () => step(false), { committed: stepped });
    const all = async () => {
      await first;
      while (!(await oneStep()));
      return change.result + (await after());
    };
    return this.underway(all());
  }

  /** Resolves when all is done that was called before; what is called later is held up until `until` resolves. */
  async standStill(until: Promise<void>): Promise<void> {
    this.#engine.assertWritable();
    const ended = this.#queue.read('every key', () => undefined);
    this.#queue.holdUp(until);
    await this.underway(ended);
  }

  /** The pages of what is gone through, empty ones left out. The event loop turns after each. */
  async *pages<Row>(next: NextPage<Row>): AsyncGenerator<Row[], void> {
    const page = () => this.read('every key', next);
    for (let rows = await page(); rows !== undefined; rows = await page()) {
      if (rows.length > 0) yield rows;
      await nextTurn();
    }
  }

  /** Resolves when all is done that was called before. The engine has to refuse calls by now. */
  async ended(): Promise<void> {
    do {
      await this.#queue.idle();
      await Promise.allSettled(this.#underway);
      await this.#large.idle();
    } while (!this.#queue.isEmpty || this.#underway.size > 0 || !this.#large.isIdle);
  }

  /** Has close() wait for a call. @returns what it comes to */
  underway<T>(call: Promise<T>): Promise<T> {
    const ended = call.finally(() => this.#underway.delete(ended));
    this.#underway.add(ended);
    return ended;
  }

  #readOf<T>(concerned: Concerned, work: () => T): T | Promise<T> {
    if (concerned !== 'every key' && concerned.length === 1) return this.#read(concerned[0] as Key, work);
    return this.#queue.isEmpty ? this.#readNow(work) : this.#queue.read(identities(concerned), work);
  }

  #writeOf<T>({ concerned, work, isOnce }: Write<T>): Promise<T> {
    return this.#queue.run(identities(concerned), work, { isOnce });
  }

  #putOf(put: Put<PreparedValue | UnfinishedValue>): Promise<boolean> {
    const { concerned, value, work, isInVain } = put;
    const keys = identities(concerned);
    if (isRow(value)) return this.#queue.run(keys, () => work(value));
    if (isInVain !== undefined && this.#isCertain(keys, isInVain)) return Promise.resolve(false);
    const putRow = ([ready]: readonly PreparedValue[]) => putReady(ready as PreparedValue, work);
    return this.underway(this.#large.write(keys, [value], { work: putRow, replaced: put.replaced }));
  }

  async #openStream(key: Key, range: CheckedRange): Promise<Readable | undefined> {
    const { find } = this.#engine.live;
    const row = await this.#read(key, find);
    const opened = row && (await this.#outgoing.open(key, row, find, range));
    this.#engine.counted(key, opened?.row);
    return opened?.stream;
  }

  /** The rows of some keys, then their values. */
  async #loadSome<Row extends EntryRow>(
    keys: readonly Key[],
    find: Find<Row>,
  ): Promise<(Loaded<Row> | undefined)[]> {
    const rows = await this.#snapshot(keys, find);
    const values = keys.map(async (key, place) => this.#loadOne(key, await rows[place], find));
    const all = await Promise.all(values);
    for (const [place, loaded] of all.entries()) this.#engine.counted(keys[place] as Key, loaded?.row);
    return all;
  }

  /** Does the work for some keys a turn of the event loop. */
  async #someATurn<T>(keys: readonly Key[], work: (some: readonly Key[]) => Promise<T[]>): Promise<T[]> {
    const all: T[] = [];
    for (let start = 0; start < keys.length; start += KEYS_A_TURN) {
      if (start > 0) await nextTurn();
      all.push(...(await work(keys.slice(start, start + KEYS_A_TURN))));
    }
    return all;
  }

  /** What is told of several keys at one moment, but for those on which something is pending. */
  #snapshot<T>(
    keys: readonly Key[],
    look: (key: Key) => T,
  ): (T | Promise<T>)[] | Promise<(T | Promise<T>)[]> {
    return this.#readNow(() => this.#engine.storage.snapshot(() => keys.map((key) => this.#read(key, look))));
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

function putReady<T>(
  value: PreparedValue,
  work: (value: PreparedValue) => T | typeof AGAIN,
): T | typeof AGAIN {
  const putRow = () => work(value);
  return isFile(value) && value.put !== undefined ? value.put(putRow) : putRow();
}
