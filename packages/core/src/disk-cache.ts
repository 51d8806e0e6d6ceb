import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheStore } from './cache-store.ts';
import { monotonicMs, nextTurn } from './clock.ts';
import { DiskCacheSync } from './disk-cache-sync.ts';
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
import { AGAIN, Engine, type Slice } from './engine/engine.ts';
import { TimeoutError } from './errors.ts';
import type { CacheEvents } from './events.ts';
import { givenKey, type Key, keyIdentity, prefixRange, validKey } from './entry/key.ts';
import { type IterationOptions, KeyPages } from './entry/key-pages.ts';
import { LargeValues, type Loaded } from './calls/large-values.ts';
import type { DiskCacheOptions } from './options.ts';
import { type CacheStats, statsOf } from './engine/stats.ts';
import { isBusy, storageError, ThrownByBody } from './storage/rows/sqlite-error.ts';
import type { EntryRow } from './storage/rows/statements.ts';
import type { CheckReport } from './upkeep/check.ts';
import { order } from './upkeep/thread.ts';
import { isFile, type PreparedValue } from './engine/value-layout.ts';
import { type Concerned, WriteQueue } from './calls/write-queue.ts';

/** Keys whose rows are read in one turn of the event loop. */
const KEYS_A_TURN = 256;

type Put = (key: Key, value: PreparedValue, terms: EntryTerms) => boolean | typeof AGAIN;

interface PreparedEntry {
  readonly key: Key;
  readonly value: PreparedValue;
  readonly terms: EntryTerms;
}

/**
 * A persistent cache in a directory, shared by all processes that open it. It never makes the event loop wait for a
 * lock, for the disk to sync, or for a large file; calls that arrive together are committed together.
 *
 * Calls on one key take effect in the order in which they were made, awaited or not. A promise that resolved is a
 * transaction that was committed. Values up to `fileThreshold` are rows of an SQLite database, larger ones are files.
 *
 * @example
 * ```ts
 * import { DiskCache } from '@diskcache/core';
 *
 * const cache = new DiskCache('./cache', { sizeLimit: 100_000_000 });
 * await cache.set('user:1', { name: 'Ada' }, { ttl: 60_000, tags: ['users'] });
 * console.log(await cache.get('user:1')); // { name: 'Ada' }
 * await cache.evict('users');
 * console.log(await cache.get('user:1', 'nobody')); // nobody
 * await cache.close();
 * ```
 */
export class DiskCache implements CacheStore {
  /**
   * The same cache for code that cannot wait, on the caller's thread. It does not see calls of this DiskCache that are
   * still pending.
   */
  readonly sync: DiskCacheSync;
  readonly #engine: Engine;
  readonly #queue: WriteQueue;
  readonly #large: LargeValues;
  /** Reads that take more than one turn of the event loop: close() waits for them. */
  readonly #underway = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /**
   * Opens the cache in a directory, or makes one. Opening one that exists writes nothing. All options are this
   * process's own: none is stored.
   *
   * @throws InvalidArgumentError when an option is wrong, DiskCacheError `ERR_DISKCACHE_FORMAT` when the directory holds
   *   another program's database or one of a newer version, `ERR_DISKCACHE_STORAGE` when the system refuses
   */
  constructor(directory: string, options?: DiskCacheOptions) {
    this.#engine = new Engine(directory, options);
    this.#queue = new WriteQueue(this.#engine, (files) => this.#engine.removals.discard(files));
    this.#large = new LargeValues(this.#engine, this.#queue, (work) => this.#readNow(work));
    this.sync = new DiskCacheSync(this.#engine);
  }

  /** The folder the cache is in, as an absolute path. */
  get directory(): string {
    return this.#engine.directory;
  }

  /**
   * The value of a key, or `fallback` when there is no live entry. Costs one SELECT, and a file's reading where the
   * value is in one.
   */
  async get<Value = unknown, Fallback = undefined>(key: Key, fallback?: Fallback): Promise<Value | Fallback> {
    this.#engine.assertOpen();
    const checked = validKey(key);
    const find = () => this.#engine.find(checked);
    const reading = this.#read(checked, find);
    const row = reading instanceof Promise ? await reading : reading;
    if (row?.file === null) {
      this.#engine.counted(row);
      return this.#engine.values.decode(row) as Value;
    }
    const loaded = row && (await this.#large.read(checked, row, find));
    this.#engine.counted(loaded?.row);
    return loaded === undefined ? (fallback as Fallback) : (loaded.value as Value);
  }

  /** The values of several keys, in their order; undefined where there is no live entry. Cheaper than as many get(). */
  async getMany<Value = unknown>(keys: Iterable<Key>): Promise<(Value | undefined)[]> {
    const loaded = await this.#loadMany(keys, (key) => this.#engine.find(key));
    return loaded.map((one) => one?.value as Value | undefined);
  }

  /** Whether there is a live entry. Does not read its value, and is no use of it. */
  async has(key: Key): Promise<boolean> {
    this.#engine.assertOpen();
    const checked = validKey(key);
    return this.#read(checked, () => this.#engine.has(checked));
  }

  /** An entry with its value and what is recorded about it, or undefined when there is no live one. */
  async entry<Value = unknown>(key: Key): Promise<Entry<Value> | undefined> {
    this.#engine.assertOpen();
    const checked = validKey(key);
    const find = () => this.#engine.findFull(checked);
    const loaded = await this.#valueOf(checked, await this.#read(checked, find), find);
    this.#engine.counted(loaded?.row);
    return loaded && (entryOf(loaded.row, loaded.value) as Entry<Value>);
  }

  /** The entries of several keys, in their order; undefined where there is no live one. */
  async entryMany<Value = unknown>(keys: Iterable<Key>): Promise<(Entry<Value> | undefined)[]> {
    const loaded = await this.#loadMany(keys, (key) => this.#engine.findFull(key));
    return loaded.map((one) => one && (entryOf(one.row, one.value) as Entry<Value>));
  }

  /**
   * Stores a value, in place of the one there was and of its deadline and tags. When it resolves the entry is
   * committed, and the cache within its limits. Bytes of `fileThreshold` and more must not change until then.
   *
   * @throws InvalidArgumentError when key, value or options are wrong, DiskCacheError `ERR_DISKCACHE_TOO_LARGE`,
   *   `ERR_DISKCACHE_FULL`, `ERR_DISKCACHE_TIMEOUT` or `ERR_DISKCACHE_STORAGE`
   */
  async set(key: Key, value: unknown, options?: SetOptions): Promise<void> {
    await this.#put(this.#prepared(key, value, options));
  }

  /**
   * Stores several entries, in as few transactions as let the event loop turn meanwhile. When one is invalid nothing is
   * stored; when one fails, the others may have been. For all or nothing use transact().
   */
  async setMany(entries: Iterable<readonly [key: Key, value: unknown]>, options?: SetOptions): Promise<void> {
    const prepared = given('entries', entries).map(([key, value]) => this.#prepared(key, value, options));
    await Promise.all(prepared.map((one) => this.#put(one)));
  }

  /** Stores a value unless there is a live entry. @returns whether it was stored */
  async add(key: Key, value: unknown, options?: SetOptions): Promise<boolean> {
    const prepared = this.#prepared(key, value, options);
    if (isFile(prepared.value) && this.#isThereNow(prepared.key)) return false;
    return this.#put(prepared, (...entry) => this.#engine.add(...entry));
  }

  /**
   * Renews the deadline of a live entry, as set() would do it; without ttl, expires or a ttl of the cache it keeps its
   * own. Counts as a use. @returns whether there was one
   */
  async touch(key: Key, options?: ExpiryOptions): Promise<boolean> {
    const checked = validKey(key);
    const expires = expiryDeadline(options, this.#engine.settings.ttlMs, this.#engine.now());
    return this.#write([keyIdentity(checked)], () => this.#engine.touch(checked, expires ?? undefined));
  }

  /** Removes an entry. @returns whether there was a live one */
  async delete(key: Key): Promise<boolean> {
    const checked = validKey(key);
    return this.#write([keyIdentity(checked)], () => this.#engine.delete(checked));
  }

  /** Removes several entries. @returns how many of them were live */
  async deleteMany(keys: Iterable<Key>): Promise<number> {
    const checked = given('keys', keys).map(validKey);
    const removed = await Promise.all(checked.map((key) => this.delete(key)));
    return removed.filter(Boolean).length;
  }

  /** Removes all entries. @returns how many live ones */
  async clear(): Promise<number> {
    return this.#inSlices(() => this.#engine.clear());
  }

  /** Removes all entries that have a tag. @returns how many live ones */
  async evict(tag: string): Promise<number> {
    const checked = validTag(tag);
    return this.#inSlices(() => this.#engine.evict(checked));
  }

  /** Removes all entries whose key is a string that starts with `prefix`. @returns how many live ones */
  async deletePrefix(prefix: string): Promise<number> {
    const range = prefixRange(prefix);
    return this.#inSlices(() => this.#engine.deleteRange(range));
  }

  /** Removes the entries whose time has passed; upkeep does so too, a little later. @returns how many */
  async expire(): Promise<number> {
    return this.#inSlices(() => this.#engine.expire());
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. @returns how many */
  async cull(): Promise<number> {
    return this.#inSlices(() => this.#engine.cull());
  }

  /** The keys of the live entries, in order. Others may write meanwhile. */
  async *keys(options?: IterationOptions): AsyncGenerator<Key, void> {
    const pages = new KeyPages(this.#engine.storage.sql.keys, options);
    for (let rows = await this.#page(pages); rows.length > 0; rows = await this.#page(pages)) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /** The live entries, in the order of their keys. Others may write meanwhile. Going through them is no use of them. */
  async *entries<Value = unknown>(options?: IterationOptions): AsyncGenerator<Entry<Value>, void> {
    const pages = new KeyPages(this.#engine.storage.sql.entries, options);
    for (let rows = await this.#page(pages); rows.length > 0; rows = await this.#page(pages)) {
      for (const row of rows) {
        const loaded = await this.#valueOf(row.key, row, () => this.#engine.findFull(row.key));
        if (loaded !== undefined) yield entryOf(loaded.row, loaded.value) as Entry<Value>;
      }
    }
  }

  /**
   * Runs `body` in one transaction: other processes see all of its changes or, when it throws, none. The lock is waited
   * for without blocking; then the body runs at once, with the cache's synchronous verbs, and keeps the event loop for
   * as long as it takes.
   *
   * @returns what `body` returned, when it is committed
   * @throws what `body` threw, InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise
   */
  async transact<Result>(body: (tx: DiskCacheSync) => Result): Promise<Result> {
    return this.#write('every key', () => {
      try {
        return this.#engine.unsliced(() => this.sync.transact(body));
      } catch (error) {
        throw new ThrownByBody(error);
      }
    });
  }

  /** Compares all that is kept twice: the database's own structure, totals, files. Done by a thread of its own. */
  async check(): Promise<CheckReport> {
    await this.#readAll(() => undefined);
    await this.#engine.removals.settled();
    return order('check', this.directory, this.#engine.now());
  }

  /** What the cache holds, and what this process did with it. */
  async stats(): Promise<CacheStats> {
    return this.#readAll(() => statsOf(this.#engine));
  }

  /** Bytes that the entries take on disk, as they count against `sizeLimit`. */
  async size(): Promise<number> {
    return this.#readAll(() => this.#engine.totals().size);
  }

  /** How many live entries there are. */
  async count(): Promise<number> {
    return this.#readAll(() => this.#engine.totals().count);
  }

  /** Calls `listener` at each event of that name, see CacheEvents. */
  on<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    this.#engine.events.on(name, listener as never);
    return this;
  }

  /** Stops calling `listener`. */
  off<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    this.#engine.events.off(name, listener as never);
    return this;
  }

  /**
   * Waits for what was called before, and ends the use of the cache; calling it again does nothing more. Other verbs
   * fail with `ERR_DISKCACHE_CLOSED` from the call on. A log of more than 256 KiB is put in order by a thread.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#engine.refuseCalls();
    while (!this.#queue.isEmpty || this.#underway.size > 0 || !this.#large.isIdle) {
      await this.#queue.idle();
      await Promise.allSettled(this.#underway);
      await this.#large.idle();
    }
    await this.#engine.close();
  }

  /** Whether it is certain already that there is a live entry: spares the writing of a file that would go again. */
  #isThereNow(key: Key): boolean {
    if (this.#queue.concerns(keyIdentity(key))) return false;
    try {
      return this.#engine.has(key);
    } catch (error) {
      if (isBusy(error)) return false;
      throw storageError(error, 'cannot read');
    }
  }

  /** In its turn when something is pending on the key, else at once; the result is no promise then. */
  #read<T>(key: Key, work: () => T): T | Promise<T> {
    if (!this.#queue.isEmpty && this.#queue.concerns(keyIdentity(key))) {
      return this.#queue.read([keyIdentity(key)], work);
    }
    return this.#readNow(work);
  }

  async #loadMany<Row extends EntryRow>(
    keys: Iterable<Key>,
    find: (key: Key) => Row | undefined,
  ): Promise<(Loaded<Row> | undefined)[]> {
    this.#engine.assertOpen();
    const checked = given('keys', keys).map(validKey);
    const loading = this.#loadInTurns(checked, find).finally(() => this.#underway.delete(loading));
    this.#underway.add(loading);
    return loading;
  }

  /** Some keys a turn: the rows of one turn from one snapshot, then their values. */
  async #loadInTurns<Row extends EntryRow>(
    keys: readonly Key[],
    find: (key: Key) => Row | undefined,
  ): Promise<(Loaded<Row> | undefined)[]> {
    const all: (Loaded<Row> | undefined)[] = [];
    for (let start = 0; start < keys.length; start += KEYS_A_TURN) {
      if (start > 0) await nextTurn();
      const some = keys.slice(start, start + KEYS_A_TURN);
      const rows = this.#engine.storage.snapshot(() => some.map((key) => this.#read(key, () => find(key))));
      const values = some.map(async (key, place) => this.#valueOf(key, await rows[place], () => find(key)));
      for (const loaded of await Promise.all(values)) {
        this.#engine.counted(loaded?.row);
        all.push(loaded);
      }
    }
    return all;
  }

  #readAll<T>(work: () => T): T | Promise<T> {
    this.#engine.assertOpen();
    return this.#queue.isEmpty ? this.#readNow(work) : this.#queue.read('every key', work);
  }

  #readNow<T>(work: () => T): T | Promise<T> {
    try {
      return work();
    } catch (error) {
      if (isBusy(error)) return this.#readWhenFree(work);
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

  async #page<Row extends { readonly key: Key }>(pages: KeyPages<Row>): Promise<Row[]> {
    return this.#readAll(() => pages.next(this.#engine.now()));
  }

  #write<T>(concerned: Concerned, work: () => T | typeof AGAIN): Promise<T> {
    this.#engine.assertOpen();
    return this.#queue.run(concerned, work);
  }

  #inSlices(slice: () => Slice): Promise<number> {
    let removed = 0;
    return this.#write('every key', () => {
      const done = slice();
      removed += done.removed;
      return done.isLast ? removed : AGAIN;
    });
  }

  #prepared(key: Key, value: unknown, options: SetOptions | undefined): PreparedEntry {
    const engine = this.#engine;
    engine.assertOpen();
    const checked = validKey(key);
    const terms = entryTerms(options, engine.settings.ttlMs, engine.now());
    return { key: checked, value: engine.values.prepare(checked, value, terms.tags), terms };
  }

  #put(
    { key, value, terms }: PreparedEntry,
    put: Put = (...entry) => this.#engine.put(...entry),
  ): Promise<boolean> {
    const concerned = [keyIdentity(key)];
    const putRow = () => put(key, value, terms);
    return isFile(value) ? this.#large.write(concerned, value, putRow) : this.#queue.run(concerned, putRow);
  }

  /** A row's value, and the row that it is from. */
  async #valueOf<Row extends EntryRow>(
    key: Key,
    row: Row | undefined,
    again: () => Row | undefined,
  ): Promise<Loaded<Row> | undefined> {
    if (row === undefined) return undefined;
    return row.file === null
      ? { row, value: this.#engine.values.decode(row) }
      : this.#large.read(key, row, again);
  }
}
