import type { CacheStore } from './cache-store.ts';
import { InTurn } from './calls/in-turn.ts';
import { DiskCacheSync } from './disk-cache-sync.ts';
import { Engine } from './engine/engine.ts';
import type { PreparedValue, UnfinishedValue } from './engine/value-layout.ts';
import { type CacheStats, statsOf, totalsOf } from './engine/stats.ts';
import { type Entry, entryOf } from './entry/entry.ts';
import { type ExpiryOptions, given, type SetOptions } from './entry/entry-options.ts';
import { askedFor, fallbackOf, type GetOptions } from './entry/get-options.ts';
import { givenKey, type Key, validKey } from './entry/key.ts';
import { type IterationOptions, KeyPages } from './entry/key-pages.ts';
import type { CacheEvents } from './events.ts';
import type { DiskCacheOptions } from './options.ts';
import { destroy } from './storage/destruction.ts';
import { ThrownByBody } from './storage/rows/sqlite-error.ts';
import type { CheckReport } from './upkeep/check.ts';
import { order } from './upkeep/thread.ts';
import { type CounterOptions, Counters } from './verbs/counters.ts';
import { type LeasedItem, leasedItem } from './verbs/leased-item.ts';
import { type PeekOptions, type PullOptions, type PushOptions, Queues } from './verbs/queues.ts';
import { Removals } from './verbs/removals.ts';
import { type Prepare, Writes } from './verbs/writes.ts';

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
  readonly #calls: InTurn;
  readonly #writes: Writes<PreparedValue | UnfinishedValue>;
  readonly #removals: Removals;
  readonly #counters: Counters;
  readonly #queues: Queues<PreparedValue | UnfinishedValue>;
  #closing: Promise<void> | undefined;

  /**
   * Opens the cache in a directory, or makes one. Opening one that exists writes nothing. All options are this
   * process's own: none is stored.
   *
   * Without a directory the cache is a temporary one, in a new folder below the system's own for such. It is removed by
   * close(), and at the latest when the process ends, unless that is killed.
   *
   * @throws InvalidArgumentError when an option is wrong, DiskCacheError `ERR_DISKCACHE_FORMAT` when a newer version has
   *   made the cache, `ERR_DISKCACHE_STORAGE` when the system refuses; what else can be wrong, see `onCorrupt`
   */
  constructor(directory?: string, options?: DiskCacheOptions) {
    this.#engine = new Engine(directory, options);
    this.#calls = new InTurn(this.#engine);
    const prepare: Prepare<PreparedValue | UnfinishedValue> = (...given) =>
      this.#engine.values.prepareLater(...given);
    this.#writes = new Writes(this.#engine, prepare);
    this.#removals = new Removals(this.#engine);
    this.#counters = new Counters(this.#engine);
    this.#queues = new Queues(this.#engine, prepare);
    this.sync = new DiskCacheSync(this.#engine);
  }

  /** The folder the cache is in, as an absolute path. */
  get directory(): string {
    return this.#engine.directory;
  }

  /**
   * The value of a key, or `fallback` when there is no live entry. Costs one SELECT, and a file's reading where the
   * value is in one.
   *
   * @param options a fallback; or, as a plain object, `{ fallback, maxAge }`
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` for a plain object with other names, SerializerError when the entry was
   *   written by what this cache does not have, or is damaged
   */
  async get<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | GetOptions<Fallback>,
  ): Promise<Value | Fallback> {
    const { fallback, maxAgeMs } = askedFor(options as Fallback | GetOptions<Fallback>);
    const loading = this.#calls.load(validKey(key), this.#engine.live.findYoung(maxAgeMs));
    const found = loading instanceof Promise ? await loading : loading;
    return found === undefined ? fallback : (found.value as Value);
  }

  /**
   * The values of several keys, in their order; undefined where there is no live entry. Cheaper than as many get(). One
   * that cannot be read (a SerializerError) is undefined too, and an 'error' event.
   */
  async getMany<Value = unknown>(keys: Iterable<Key>): Promise<(Value | undefined)[]> {
    const found = await this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.find);
    return found.map((one) => one?.value as Value | undefined);
  }

  /** Whether there is a live entry. Does not read its value, and is no use of it. */
  async has(key: Key): Promise<boolean> {
    const checked = validKey(key);
    return this.#calls.read([checked], () => this.#engine.live.has(checked));
  }

  /**
   * An entry with its value and what is recorded about it, or undefined when there is no live one.
   *
   * @throws SerializerError as get() does
   */
  async entry<Value = unknown>(key: Key): Promise<Entry<Value> | undefined> {
    const found = await this.#calls.load(validKey(key), this.#engine.live.findFull);
    return found && (entryOf(found.row, found.value) as Entry<Value>);
  }

  /** The entries of several keys, in their order; undefined where there is no live one, or none that can be read. */
  async entryMany<Value = unknown>(keys: Iterable<Key>): Promise<(Entry<Value> | undefined)[]> {
    const found = await this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.findFull);
    return found.map((one) => one && (entryOf(one.row, one.value) as Entry<Value>));
  }

  /**
   * Stores a value, in place of the one there was and of its deadline and tags. When it resolves the entry is
   * committed, and the cache within its limits. Bytes of `fileThreshold` and more must not change until then.
   *
   * @throws InvalidArgumentError when key, value or options are wrong, DiskCacheError `ERR_DISKCACHE_TOO_LARGE`,
   *   `ERR_DISKCACHE_FULL`, `ERR_DISKCACHE_TIMEOUT` or `ERR_DISKCACHE_STORAGE`
   */
  async set(key: Key, value: unknown, options?: SetOptions): Promise<void> {
    await this.#calls.put(this.#writes.set(key, value, options));
  }

  /**
   * Stores several entries, in as few transactions as let the event loop turn meanwhile. When one is invalid nothing is
   * stored; when one fails, the others may have been. For all or nothing use transact().
   */
  async setMany(entries: Iterable<readonly [key: Key, value: unknown]>, options?: SetOptions): Promise<void> {
    const all = given('entries', entries).map(([key, value]) => this.#writes.set(key, value, options));
    await Promise.all(all.map((one) => this.#calls.put(one)));
  }

  /** Stores a value unless there is a live entry. @returns whether it was stored */
  async add(key: Key, value: unknown, options?: SetOptions): Promise<boolean> {
    return this.#calls.put(this.#writes.add(key, value, options));
  }

  /**
   * Renews the deadline of a live entry, as set() would do it; without ttl, expires or a ttl of the cache it keeps its
   * own. Counts as a use. @returns whether there was one
   */
  async touch(key: Key, options?: ExpiryOptions): Promise<boolean> {
    return this.#calls.write(this.#writes.touch(key, options));
  }

  /** Removes an entry. @returns whether there was a live one */
  async delete(key: Key): Promise<boolean> {
    return this.#calls.write(this.#writes.delete(key));
  }

  /**
   * Takes a value out: returns it and removes its entry, so that of several callers one gets it. When the process dies
   * in between, the value is lost; pull() with a lease is for what must not be.
   *
   * @param options a fallback for when there is no live entry; one that is a plain object as `{ fallback }`
   */
  async pop<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | { fallback?: Fallback },
  ): Promise<Value | Fallback> {
    const fallback = fallbackOf(options as Fallback | { fallback?: Fallback });
    const taken = await this.#calls.take(this.#writes.pop(key));
    return taken === undefined ? fallback : (taken.value as Value);
  }

  /**
   * Adds to a number, in one step that no other process comes between, and returns the sum. An entry that is there keeps
   * its deadline and tags; one that is made gets those of `options`. Whole numbers are exact: a sum beyond the safe
   * integers is an error, and with bigints there is no end.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_NUMBER` when the entry is no number or the sum would not be exact,
   *   InvalidArgumentError when something given is wrong
   */
  incr(key: Key, delta?: number, options?: CounterOptions<number>): Promise<number>;
  incr(key: Key, delta: bigint, options?: CounterOptions<bigint>): Promise<bigint>;
  async incr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): Promise<N> {
    return this.#calls.write(this.#counters.incr(key, delta, options)) as Promise<N>;
  }

  /** Subtracts from a number, as incr() adds. */
  decr(key: Key, delta?: number, options?: CounterOptions<number>): Promise<number>;
  decr(key: Key, delta: bigint, options?: CounterOptions<bigint>): Promise<bigint>;
  async decr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): Promise<N> {
    return this.#calls.write(this.#counters.decr(key, delta, options)) as Promise<N>;
  }

  /**
   * Adds an item to the queue of a prefix and returns the key it got. Items are entries like others, with keys
   * `prefix#…` in their order, but they are never evicted.
   */
  async push(prefix: string, value: unknown, options?: PushOptions): Promise<string> {
    const pushed = this.#queues.push(prefix, value, options);
    await this.#calls.put(pushed);
    return pushed.key();
  }

  /** The item at one end of a queue that pull() would take, or undefined when there is none. */
  async peek<Value = unknown>(prefix: string, options?: PeekOptions): Promise<Entry<Value> | undefined> {
    const { concerned, find } = this.#queues.peek(prefix, options);
    for (;;) {
      const row = await this.#calls.read(concerned, find);
      if (row === undefined) return undefined;
      const found = await this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
      if (found !== undefined) return entryOf(found.row, found.value) as Entry<Value>;
    }
  }

  /**
   * Takes the item at one end of a queue, or returns undefined when there is none that is free. Of several processes one
   * gets it. Without `lease` it is removed at once, and lost when the process dies. With `lease` it is handed out for so
   * many ms, in which no other pull() or peek() meets it, and comes back to its place unless ack() is called.
   */
  pull<Value = unknown>(
    prefix: string,
    options: PullOptions & { lease: number },
  ): Promise<LeasedItem<Value> | undefined>;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Promise<Entry<Value> | undefined>;
  async pull<Value = unknown>(prefix: string, options: PullOptions = {}): Promise<Entry<Value> | undefined> {
    if (options?.lease !== undefined) return this.#pullLeased<Value>(prefix, options);
    const taken = await this.#calls.take(this.#queues.pull(prefix, options));
    return taken && (entryOf(taken.row, taken.value) as Entry<Value>);
  }

  /** Removes several entries. @returns how many of them were live */
  async deleteMany(keys: Iterable<Key>): Promise<number> {
    const all = given('keys', keys).map((key) => this.#writes.delete(key));
    const removed = await Promise.all(all.map((one) => this.#calls.write(one)));
    return removed.filter(Boolean).length;
  }

  /** Removes all entries. @returns how many live ones */
  async clear(): Promise<number> {
    return this.#calls.remove(this.#removals.clear());
  }

  /** Removes all entries that have a tag. @returns how many live ones */
  async evict(tag: string): Promise<number> {
    return this.#calls.remove(this.#removals.evict(tag));
  }

  /** Removes all entries whose key is a string that starts with `prefix`. @returns how many live ones */
  async deletePrefix(prefix: string): Promise<number> {
    return this.#calls.remove(this.#removals.deletePrefix(prefix));
  }

  /** Removes the entries whose time has passed; upkeep does so too, a little later. @returns how many */
  async expire(): Promise<number> {
    return this.#calls.remove(this.#removals.expire());
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. @returns how many */
  async cull(): Promise<number> {
    return this.#calls.remove(this.#removals.cull());
  }

  /** The keys of the live entries, in order. Others may write meanwhile. */
  async *keys(options?: IterationOptions): AsyncGenerator<Key, void> {
    const pages = new KeyPages(this.#engine.storage.sql.keys, options);
    const page = () => this.#calls.read('every key', () => pages.next(this.#engine.now()));
    for (let rows = await page(); rows.length > 0; rows = await page()) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /**
   * The live entries, in the order of their keys. Others may write meanwhile. Going through them is no use of them. One
   * that cannot be read (a SerializerError) is left out, and an 'error' event.
   */
  async *entries<Value = unknown>(options?: IterationOptions): AsyncGenerator<Entry<Value>, void> {
    const pages = new KeyPages(this.#engine.storage.sql.entries, options);
    const page = () => this.#calls.read('every key', () => pages.next(this.#engine.now()));
    for (let rows = await page(); rows.length > 0; rows = await page()) {
      for (const row of rows) {
        const found = await this.#calls.valueOfMany(row.key, row, this.#engine.live.findFull);
        if (found !== undefined) yield entryOf(found.row, found.value) as Entry<Value>;
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
    const work = () => {
      try {
        return this.#engine.unsliced(() => this.sync.transact(body));
      } catch (error) {
        throw new ThrownByBody(error);
      }
    };
    return this.#calls.write({ concerned: 'every key', work, isOnce: true });
  }

  /** Compares all that is kept twice: the database's own structure, totals, files. Done by a thread of its own. */
  async check(): Promise<CheckReport> {
    await this.#calls.read('every key', () => undefined);
    await this.#engine.removals.settled();
    const { storage, settings } = this.#engine;
    const readOnlyPath = settings.readOnly ? storage.databasePath : undefined;
    return order('check', this.directory, this.#engine.now(), readOnlyPath);
  }

  /** What the cache holds, and what this process did with it. */
  async stats(): Promise<CacheStats> {
    return this.#calls.read('every key', () => statsOf(this.#engine));
  }

  /** Bytes that the entries take on disk, as they count against `sizeLimit`. */
  async size(): Promise<number> {
    return this.#calls.read('every key', () => totalsOf(this.#engine).size);
  }

  /** How many live entries there are. */
  async count(): Promise<number> {
    return this.#calls.read('every key', () => totalsOf(this.#engine).count);
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

  /**
   * Closes the cache and removes it from the disk: all that DiskCache has made in the folder, and the folder itself when
   * nothing else is in it. What is still open elsewhere goes on as a new, empty cache.
   */
  async destroy(): Promise<void> {
    this.#engine.assertDestroyable();
    await this.close();
    await destroy(this.directory, this.#engine.settings.timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#engine.refuseCalls();
    await this.#calls.ended();
    await this.#engine.close();
  }

  async #pullLeased<Value>(prefix: string, options: PullOptions): Promise<LeasedItem<Value> | undefined> {
    for (;;) {
      const leased = await this.#calls.write(this.#queues.lease(prefix, options));
      if (leased === undefined) return undefined;
      const { row } = leased;
      const found = await this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
      if (found === undefined) continue;
      const entry = entryOf(found.row, found.value) as Entry<Value>;
      return leasedItem(entry, leased, this.#queues, (work) => this.#calls.write(work));
    }
  }
}
