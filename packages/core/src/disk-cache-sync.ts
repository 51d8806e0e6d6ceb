import { monotonicMs, sleepSync } from './clock.ts';
import { type Entry, entryOf } from './entry/entry.ts';
import {
  type EntryTerms,
  given,
  entryTerms,
  type ExpiryOptions,
  expiryDeadline,
  type SetOptions,
  validTag,
} from './entry/entry-options.ts';
import { AGAIN, Engine, type Slice, SLICE_MS } from './engine/engine.ts';
import { TimeoutError } from './errors.ts';
import { givenKey, type Key, prefixRange, validKey } from './entry/key.ts';
import { type IterationOptions, KeyPages } from './entry/key-pages.ts';
import type { DiskCacheOptions } from './options.ts';
import { type CacheStats, statsOf } from './engine/stats.ts';
import { isBusy, storageError } from './storage/rows/sqlite-error.ts';
import type { EntryRow } from './storage/rows/statements.ts';
import { carriedOut } from './engine/transaction-body.ts';
import { type CheckReport, checkCache } from './upkeep/check.ts';
import { isFile, type PreparedFile, type PreparedValue } from './engine/value-layout.ts';

const LONGEST_PAUSE_MS = 4;
const LOCKED = Symbol('locked');

interface Loaded<Row> {
  readonly row: Row;
  readonly value: unknown;
}

/**
 * A cache whose every verb does its work at once, on the caller's thread: for scripts, build tools and the bodies of
 * transactions. A server should use DiskCache, which has the same verbs as promises, on the same directory if need be.
 *
 * @example
 * ```ts
 * import { DiskCacheSync } from '@diskcache/core';
 *
 * const cache = new DiskCacheSync('./cache', { sizeLimit: 100_000_000 });
 * cache.set('greeting', { text: 'hello' }, { ttl: 60_000, tags: ['demo'] });
 * console.log(cache.get('greeting')); // { text: 'hello' }
 * cache.close();
 * ```
 */
export class DiskCacheSync {
  readonly #engine: Engine;

  /**
   * Opens the cache in a directory, or makes one. Opening one that exists writes nothing.
   *
   * @throws InvalidArgumentError when an option is wrong, DiskCacheError `ERR_DISKCACHE_FORMAT` when the directory holds
   *   another program's database or one of a newer version, `ERR_DISKCACHE_STORAGE` when the system refuses
   */
  constructor(directory: string, options?: DiskCacheOptions);
  /** @internal */
  constructor(engine: Engine);
  constructor(given: string | Engine, options?: DiskCacheOptions) {
    this.#engine = given instanceof Engine ? given : new Engine(given, options);
  }

  /**
   * The value of a key, or `fallback` when there is no live entry. Costs one SELECT, and a file's reading where the
   * value is in one.
   */
  get<Value = unknown, Fallback = undefined>(key: Key, fallback?: Fallback): Value | Fallback {
    const checked = validKey(key);
    const find = () => this.#engine.find(checked);
    const found = this.#read(() => this.#valueOf(checked, find(), find));
    this.#engine.counted(found?.row);
    return found === undefined ? (fallback as Fallback) : (found.value as Value);
  }

  /** The values of several keys, in their order; undefined where there is no live entry. */
  getMany<Value = unknown>(keys: Iterable<Key>): (Value | undefined)[] {
    const found = this.#loadMany(keys, (key) => this.#engine.find(key));
    return found.map((one) => one?.value as Value | undefined);
  }

  /** Whether there is a live entry. Does not read its value, and is no use of it. */
  has(key: Key): boolean {
    const checked = validKey(key);
    return this.#read(() => this.#engine.has(checked));
  }

  /** An entry with its value and what is recorded about it, or undefined when there is no live one. */
  entry<Value = unknown>(key: Key): Entry<Value> | undefined {
    const checked = validKey(key);
    const find = () => this.#engine.findFull(checked);
    const found = this.#read(() => this.#valueOf(checked, find(), find));
    this.#engine.counted(found?.row);
    return found && (entryOf(found.row, found.value) as Entry<Value>);
  }

  /** The entries of several keys, in their order; undefined where there is no live one. */
  entryMany<Value = unknown>(keys: Iterable<Key>): (Entry<Value> | undefined)[] {
    const found = this.#loadMany(keys, (key) => this.#engine.findFull(key));
    return found.map((one) => one && (entryOf(one.row, one.value) as Entry<Value>));
  }

  /**
   * Stores a value, in place of the one there was and of its deadline and tags.
   *
   * @throws InvalidArgumentError when key, value or options are wrong, DiskCacheError `ERR_DISKCACHE_TOO_LARGE`,
   *   `ERR_DISKCACHE_FULL`, `ERR_DISKCACHE_TIMEOUT` or `ERR_DISKCACHE_STORAGE`
   */
  set(key: Key, value: unknown, options?: SetOptions): void {
    this.#store(key, value, options, (...entry) => this.#engine.put(...entry));
  }

  /** Stores several entries in one transaction: all of them or, when one is refused, none. */
  setMany(entries: Iterable<readonly [key: Key, value: unknown]>, options?: SetOptions): void {
    const all = given('entries', entries);
    this.transact(() => {
      for (const [key, value] of all) this.set(key, value, options);
    });
  }

  /** Stores a value unless there is a live entry. @returns whether it was stored */
  add(key: Key, value: unknown, options?: SetOptions): boolean {
    return this.#store(key, value, options, (...entry) => this.#engine.add(...entry));
  }

  /**
   * Renews the deadline of a live entry, as set() would do it; without ttl, expires or a ttl of the cache it keeps its
   * own. Counts as a use. @returns whether there was one
   */
  touch(key: Key, options?: ExpiryOptions): boolean {
    const checked = validKey(key);
    const expires = expiryDeadline(options, this.#engine.settings.ttlMs, this.#engine.now());
    return this.#write(() => this.#engine.touch(checked, expires ?? undefined));
  }

  /** Removes an entry. @returns whether there was a live one */
  delete(key: Key): boolean {
    const checked = validKey(key);
    return this.#write(() => this.#engine.delete(checked));
  }

  /** Removes several entries in one transaction. @returns how many of them were live */
  deleteMany(keys: Iterable<Key>): number {
    const checked = given('keys', keys).map(validKey);
    return this.#write(() => checked.filter((key) => this.#engine.delete(key)).length);
  }

  /** Removes all entries. @returns how many live ones */
  clear(): number {
    return this.#inSlices(() => this.#engine.clear());
  }

  /** Removes all entries that have a tag. @returns how many live ones */
  evict(tag: string): number {
    const checked = validTag(tag);
    return this.#inSlices(() => this.#engine.evict(checked));
  }

  /** Removes all entries whose key is a string that starts with `prefix`. @returns how many live ones */
  deletePrefix(prefix: string): number {
    const range = prefixRange(prefix);
    return this.#inSlices(() => this.#engine.deleteRange(range));
  }

  /** Removes the entries whose time has passed; upkeep does so too, a little later. @returns how many */
  expire(): number {
    return this.#inSlices(() => this.#engine.expire());
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. @returns how many */
  cull(): number {
    return this.#inSlices(() => this.#engine.cull());
  }

  /** The keys of the live entries, in order. Others may write meanwhile. */
  *keys(options?: IterationOptions): Generator<Key, void> {
    const pages = new KeyPages(this.#engine.storage.sql.keys, options);
    for (let rows = this.#page(pages); rows.length > 0; rows = this.#page(pages)) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /** The live entries, in the order of their keys. Others may write meanwhile. Going through them is no use of them. */
  *entries<Value = unknown>(options?: IterationOptions): Generator<Entry<Value>, void> {
    const { sql } = this.#engine.storage;
    const pages = new KeyPages(sql.entries, options);
    for (let rows = this.#page(pages); rows.length > 0; rows = this.#page(pages)) {
      for (const row of rows) {
        const found = this.#read(() => this.#valueOf(row.key, row, () => this.#engine.findFull(row.key)));
        if (found !== undefined) yield entryOf(found.row, found.value) as Entry<Value>;
      }
    }
  }

  /**
   * Runs `body` in one transaction: other processes see all of its changes or, when it throws, none. Inside another
   * transact() only its own changes are taken back. A body that takes long makes every other writer wait.
   *
   * @returns what `body` returned
   * @throws what `body` threw, InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise
   */
  transact<Result>(body: (tx: DiskCacheSync) => Result): Result {
    const engine = this.#engine;
    engine.assertOpen();
    const run = () => carriedOut(body, this);
    if (!engine.storage.transaction.isOpen) return this.#write(() => engine.unsliced(run));
    try {
      return engine.nested(run);
    } catch (error) {
      throw storageError(error, 'cannot write');
    }
  }

  /** Compares all that is kept twice: the database's own structure, totals, files. Takes long in a large cache. */
  check(): CheckReport {
    const { storage, directory, removals } = this.#engine;
    return this.#read(() =>
      checkCache(storage.db, directory, this.#engine.now(), (file) => removals.has(file)),
    );
  }

  /** What the cache holds, and what this process did with it. */
  stats(): CacheStats {
    return this.#read(() => statsOf(this.#engine));
  }

  /** Bytes that the entries take on disk, as they count against `sizeLimit`. */
  size(): number {
    return this.#read(() => this.#engine.totals().size);
  }

  /** How many live entries there are. */
  count(): number {
    return this.#read(() => this.#engine.totals().count);
  }

  /** Ends the use of the cache; calling it again does nothing. Other verbs throw `ERR_DISKCACHE_CLOSED` from then on. */
  close(): void {
    this.#engine.closeSync();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #page<Row extends { readonly key: Key }>(pages: KeyPages<Row>): Row[] {
    return this.#read(() => pages.next(this.#engine.now()));
  }

  #store(
    key: Key,
    value: unknown,
    options: SetOptions | undefined,
    put: (key: Key, value: PreparedValue, terms: EntryTerms) => boolean | typeof AGAIN,
  ): boolean {
    const engine = this.#engine;
    const checked = validKey(key);
    const terms = entryTerms(options, engine.settings.ttlMs, engine.now());
    const prepared = engine.values.prepare(checked, value, terms.tags);
    const putRow = () => this.#write(() => put(checked, prepared, terms));
    return isFile(prepared) ? this.#withFile(prepared, putRow) : putRow();
  }

  /** The file is written before the row, and goes again unless the row came to be. */
  #withFile({ file, bytes, size }: PreparedFile, putRow: () => boolean): boolean {
    const { files, transaction } = this.#engine.storage;
    this.#write(() => this.#engine.makeRoom(size));
    let isStored = false;
    try {
      files.writeSync(file, bytes);
      isStored = putRow();
      if (isStored && transaction.isOpen) transaction.fileWritten(file);
      return isStored;
    } catch (error) {
      throw storageError(error, 'cannot write a value file');
    } finally {
      if (!isStored) files.removeSync(file);
    }
  }

  /** All rows from one snapshot, then their values. */
  #loadMany<Row extends EntryRow>(
    keys: Iterable<Key>,
    find: (key: Key) => Row | undefined,
  ): (Loaded<Row> | undefined)[] {
    const checked = given('keys', keys).map(validKey);
    const rows = this.#read(() => this.#engine.storage.snapshot(() => checked.map(find)));
    return checked.map((key, place) => {
      const found = this.#read(() => this.#valueOf(key, rows[place], () => find(key)));
      this.#engine.counted(found?.row);
      return found;
    });
  }

  /** A row's value, and the row that it is from: another process may have replaced the one that was found. */
  #valueOf<Row extends EntryRow>(
    key: Key,
    found: Row | undefined,
    again: () => Row | undefined,
  ): Loaded<Row> | undefined {
    const engine = this.#engine;
    for (let row = found; row !== undefined;) {
      if (row.file === null) return { row, value: engine.values.decode(row) };
      const content = engine.values.verified(row, engine.storage.files.readSync(row.file, row.size));
      if (Buffer.isBuffer(content)) return { row, value: engine.values.decode(row, content) };
      const broken: string = row.file;
      row = again();
      if (row?.file === broken) {
        this.#write(() => engine.deleteBroken(key, broken, content));
        return undefined;
      }
    }
    return undefined;
  }

  #inSlices(slice: () => Slice): number {
    let removed = 0;
    for (let isLast = false; !isLast;) {
      const done = this.#write(slice);
      removed += done.removed;
      isLast = done.isLast;
    }
    return removed;
  }

  /** Reads; in the rare moment when another process opens or closes the database, waits. */
  #read<T>(work: () => T): T {
    this.#engine.assertOpen();
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw storageError(error, 'cannot read');
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

  /** Does `work` in a transaction, or in several for as long as it returns AGAIN; or in the one that is open. */
  #write<T>(work: () => T | typeof AGAIN): T {
    const engine = this.#engine;
    engine.assertOpen();
    const step = engine.storage.transaction.isOpen ? work : () => this.#slice(work);
    for (;;) {
      const result = step();
      if (result !== AGAIN) return result;
    }
  }

  #slice<T>(work: () => T): T {
    const engine = this.#engine;
    if (engine.checkpoints.isBehind) engine.checkpoints.catchUpSync();
    this.#patiently(() => this.#begin() || LOCKED);
    engine.sliceEnd = monotonicMs() + SLICE_MS;
    try {
      const result = work();
      this.#remove(engine.commit());
      return result;
    } catch (error) {
      this.#remove(engine.rollback());
      throw storageError(error, 'cannot write');
    } finally {
      engine.sliceEnd = Infinity;
    }
  }

  #begin(): boolean {
    try {
      return this.#engine.begin();
    } catch (error) {
      throw storageError(error, 'cannot begin to write');
    }
  }

  #remove(files: readonly string[]): void {
    for (const name of files) this.#engine.storage.files.removeSync(name);
  }

  #patiently<T>(attempt: () => T | typeof LOCKED): T {
    const { timeoutMs, random } = this.#engine.settings;
    const end = monotonicMs() + timeoutMs;
    for (let pause = LONGEST_PAUSE_MS; ; pause = Math.max(0.5, pause * 0.8)) {
      const result = attempt();
      if (result !== LOCKED) return result;
      if (monotonicMs() > end) throw new TimeoutError(timeoutMs);
      sleepSync(pause * (0.5 + random()));
    }
  }
}
