import { AtOnce } from './calls/at-once.ts';
import { Engine } from './engine/engine.ts';
import type { PreparedValue } from './engine/value-layout.ts';
import { type CacheStats, statsOf, totalsOf } from './engine/stats.ts';
import { type Entry, entryOf } from './entry/entry.ts';
import { type ExpiryOptions, given, type SetOptions } from './entry/entry-options.ts';
import { askedFor, fallbackOf, type GetOptions } from './entry/get-options.ts';
import { givenKey, type Key, validKey } from './entry/key.ts';
import { type IterationOptions, KeyPages } from './entry/key-pages.ts';
import type { DiskCacheOptions } from './options.ts';
import { destroySync } from './storage/destruction.ts';
import { type CheckReport, checkCache } from './upkeep/check.ts';
import { type CounterOptions, Counters } from './verbs/counters.ts';
import { type LeasedItemSync, leasedItemSync } from './verbs/leased-item.ts';
import { type PeekOptions, type PullOptions, type PushOptions, Queues } from './verbs/queues.ts';
import { Removals } from './verbs/removals.ts';
import { type Prepare, Writes } from './verbs/writes.ts';

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
  readonly #calls: AtOnce;
  readonly #writes: Writes<PreparedValue>;
  readonly #removals: Removals;
  readonly #counters: Counters;
  readonly #queues: Queues<PreparedValue>;

  /**
   * Opens the cache in a directory, or makes one. Opening one that exists writes nothing. Without a directory the cache
   * is a temporary one, see DiskCache.
   *
   * @throws InvalidArgumentError when an option is wrong, DiskCacheError `ERR_DISKCACHE_FORMAT` when a newer version has
   *   made the cache, `ERR_DISKCACHE_STORAGE` when the system refuses; what else can be wrong, see `onCorrupt`
   */
  constructor(directory?: string, options?: DiskCacheOptions);
  /** @internal */
  constructor(engine: Engine);
  constructor(given?: string | Engine, options?: DiskCacheOptions) {
    this.#engine = given instanceof Engine ? given : new Engine(given, options);
    this.#calls = new AtOnce(this.#engine);
    const prepare: Prepare<PreparedValue> = (...given) => this.#engine.values.prepare(...given);
    this.#writes = new Writes(this.#engine, prepare);
    this.#removals = new Removals(this.#engine);
    this.#counters = new Counters(this.#engine);
    this.#queues = new Queues(this.#engine, prepare);
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
  get<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | GetOptions<Fallback>,
  ): Value | Fallback {
    const { fallback, maxAgeMs } = askedFor(options as Fallback | GetOptions<Fallback>);
    const found = this.#calls.load(validKey(key), this.#engine.live.findYoung(maxAgeMs));
    return found === undefined ? fallback : (found.value as Value);
  }

  /**
   * The values of several keys, in their order; undefined where there is no live entry. One that cannot be read (a
   * SerializerError) is undefined too, and an 'error' event.
   */
  getMany<Value = unknown>(keys: Iterable<Key>): (Value | undefined)[] {
    const found = this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.find);
    return found.map((one) => one?.value as Value | undefined);
  }

  /** Whether there is a live entry. Does not read its value, and is no use of it. */
  has(key: Key): boolean {
    const checked = validKey(key);
    return this.#calls.read(() => this.#engine.live.has(checked));
  }

  /**
   * An entry with its value and what is recorded about it, or undefined when there is no live one.
   *
   * @throws SerializerError as get() does
   */
  entry<Value = unknown>(key: Key): Entry<Value> | undefined {
    const found = this.#calls.load(validKey(key), this.#engine.live.findFull);
    return found && (entryOf(found.row, found.value) as Entry<Value>);
  }

  /** The entries of several keys, in their order; undefined where there is no live one, or none that can be read. */
  entryMany<Value = unknown>(keys: Iterable<Key>): (Entry<Value> | undefined)[] {
    const found = this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.findFull);
    return found.map((one) => one && (entryOf(one.row, one.value) as Entry<Value>));
  }

  /**
   * Stores a value, in place of the one there was and of its deadline and tags.
   *
   * @throws InvalidArgumentError when key, value or options are wrong, DiskCacheError `ERR_DISKCACHE_TOO_LARGE`,
   *   `ERR_DISKCACHE_FULL`, `ERR_DISKCACHE_TIMEOUT` or `ERR_DISKCACHE_STORAGE`
   */
  set(key: Key, value: unknown, options?: SetOptions): void {
    this.#calls.put(this.#writes.set(key, value, options));
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
    return this.#calls.put(this.#writes.add(key, value, options));
  }

  /**
   * Renews the deadline of a live entry, as set() would do it; without ttl, expires or a ttl of the cache it keeps its
   * own. Counts as a use. @returns whether there was one
   */
  touch(key: Key, options?: ExpiryOptions): boolean {
    return this.#calls.write(this.#writes.touch(key, options));
  }

  /** Removes an entry. @returns whether there was a live one */
  delete(key: Key): boolean {
    return this.#calls.write(this.#writes.delete(key));
  }

  /**
   * Takes a value out: returns it and removes its entry, so that of several callers one gets it. When the process dies
   * in between, the value is lost; pull() with a lease is for what must not be.
   *
   * @param options a fallback for when there is no live entry; one that is a plain object as `{ fallback }`
   */
  pop<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | { fallback?: Fallback },
  ): Value | Fallback {
    const fallback = fallbackOf(options as Fallback | { fallback?: Fallback });
    const taken = this.#calls.take(this.#writes.pop(key));
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
  incr(key: Key, delta?: number, options?: CounterOptions<number>): number;
  incr(key: Key, delta: bigint, options?: CounterOptions<bigint>): bigint;
  incr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): N {
    return this.#calls.write(this.#counters.incr(key, delta, options)) as N;
  }

  /** Subtracts from a number, as incr() adds. */
  decr(key: Key, delta?: number, options?: CounterOptions<number>): number;
  decr(key: Key, delta: bigint, options?: CounterOptions<bigint>): bigint;
  decr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): N {
    return this.#calls.write(this.#counters.decr(key, delta, options)) as N;
  }

  /**
   * Adds an item to the queue of a prefix and returns the key it got. Items are entries like others, with keys
   * `prefix#…` in their order, but they are never evicted.
   */
  push(prefix: string, value: unknown, options?: PushOptions): string {
    const pushed = this.#queues.push(prefix, value, options);
    this.#calls.put(pushed);
    return pushed.key();
  }

  /** The item at one end of a queue that pull() would take, or undefined when there is none. */
  peek<Value = unknown>(prefix: string, options?: PeekOptions): Entry<Value> | undefined {
    const { find } = this.#queues.peek(prefix, options);
    for (;;) {
      const row = this.#calls.read(find);
      if (row === undefined) return undefined;
      const found = this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
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
  ): LeasedItemSync<Value> | undefined;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Entry<Value> | undefined;
  pull<Value = unknown>(prefix: string, options: PullOptions = {}): Entry<Value> | undefined {
    if (options?.lease !== undefined) return this.#pullLeased<Value>(prefix, options);
    const taken = this.#calls.take(this.#queues.pull(prefix, options));
    return taken && (entryOf(taken.row, taken.value) as Entry<Value>);
  }

  /** Removes several entries in one transaction. @returns how many of them were live */
  deleteMany(keys: Iterable<Key>): number {
    const all = given('keys', keys).map((key) => this.#writes.delete(key));
    return this.#calls.write({ work: () => all.filter(({ work }) => work() === true).length });
  }

  /** Removes all entries. @returns how many live ones */
  clear(): number {
    return this.#calls.remove(this.#removals.clear());
  }

  /** Removes all entries that have a tag. @returns how many live ones */
  evict(tag: string): number {
    return this.#calls.remove(this.#removals.evict(tag));
  }

  /** Removes all entries whose key is a string that starts with `prefix`. @returns how many live ones */
  deletePrefix(prefix: string): number {
    return this.#calls.remove(this.#removals.deletePrefix(prefix));
  }

  /** Removes the entries whose time has passed; upkeep does so too, a little later. @returns how many */
  expire(): number {
    return this.#calls.remove(this.#removals.expire());
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. @returns how many */
  cull(): number {
    return this.#calls.remove(this.#removals.cull());
  }

  /** The keys of the live entries, in order. Others may write meanwhile. */
  *keys(options?: IterationOptions): Generator<Key, void> {
    const pages = new KeyPages(this.#engine.storage.sql.keys, options);
    const page = () => this.#calls.read(() => pages.next(this.#engine.now()));
    for (let rows = page(); rows.length > 0; rows = page()) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /**
   * The live entries, in the order of their keys. Others may write meanwhile. Going through them is no use of them. One
   * that cannot be read (a SerializerError) is left out, and an 'error' event.
   */
  *entries<Value = unknown>(options?: IterationOptions): Generator<Entry<Value>, void> {
    const pages = new KeyPages(this.#engine.storage.sql.entries, options);
    const page = () => this.#calls.read(() => pages.next(this.#engine.now()));
    for (let rows = page(); rows.length > 0; rows = page()) {
      for (const row of rows) {
        const found = this.#calls.valueOfMany(row.key, row, this.#engine.live.findFull);
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
    return this.#calls.transact(body, this);
  }

  /** Compares all that is kept twice: the database's own structure, totals, files. Takes long in a large cache. */
  check(): CheckReport {
    const { storage, directory, removals } = this.#engine;
    return this.#calls.read(() =>
      checkCache(storage.db, directory, this.#engine.now(), (file) => removals.has(file)),
    );
  }

  /** What the cache holds, and what this process did with it. */
  stats(): CacheStats {
    return this.#calls.read(() => statsOf(this.#engine));
  }

  /** Bytes that the entries take on disk, as they count against `sizeLimit`. */
  size(): number {
    return this.#calls.read(() => totalsOf(this.#engine).size);
  }

  /** How many live entries there are. */
  count(): number {
    return this.#calls.read(() => totalsOf(this.#engine).count);
  }

  /** Ends the use of the cache; calling it again does nothing. Other verbs throw `ERR_DISKCACHE_CLOSED` from then on. */
  close(): void {
    this.#engine.closeSync();
  }

  /** Closes the cache and removes it from the disk, see DiskCache. */
  destroy(): void {
    this.#engine.assertDestroyable();
    this.close();
    destroySync(this.directory, this.#engine.settings.timeoutMs);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #pullLeased<Value>(prefix: string, options: PullOptions): LeasedItemSync<Value> | undefined {
    for (;;) {
      const leased = this.#calls.write(this.#queues.lease(prefix, options));
      if (leased === undefined) return undefined;
      const { row } = leased;
      const found = this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
      if (found === undefined) continue;
      const entry = entryOf(found.row, found.value) as Entry<Value>;
      return leasedItemSync(entry, leased, this.#queues, (work) => this.#calls.write(work));
    }
  }
}
