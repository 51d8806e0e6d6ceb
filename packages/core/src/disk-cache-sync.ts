import { AtOnce } from './calls/at-once.ts';
import {
  type ComputeSync,
  computeSyncTerms,
  memoizeSyncTerms,
  type GetOrSetSyncOptions,
  validFunction,
} from './compute/compute-options.ts';
import { GetOrSetSync } from './compute/get-or-set-sync.ts';
import { dressed, type MemoizedSync, memoizePlan, type MemoizeSyncOptions } from './compute/memoize.ts';
import { Engine } from './engine/engine.ts';
import type { PreparedValue } from './engine/value-layout.ts';
import { type CacheStats, statsOf } from './engine/stats.ts';
import { type Entry, entryOf } from './entry/entry.ts';
import { type ExpiryOptions, given, type SetOptions } from './entry/entry-options.ts';
import { askedFor, fallbackOf, type GetOptions } from './entry/get-options.ts';
import { givenKey, type Key, validKey } from './entry/key.ts';
import type { RemovalOptions } from './entry/progress-options.ts';
import type { IterationOptions, PeekEntryOptions } from './entry/iteration-options.ts';
import type { DiskCacheOptions } from './options.ts';
import type { CheckOptions, CheckReport } from './upkeep/check.ts';
import { checkAtOnce, validCheckOptions } from './verbs/checking.ts';
import { type CounterOptions, Counters } from './verbs/counters.ts';
import { Iteration } from './verbs/iteration.ts';
import { type LeasedItemSync, leasedItemSync } from './verbs/leased-item.ts';
import { type PeekOptions, type PullOptions, type PushOptions, Queues } from './verbs/queues.ts';
import { type VacuumOptions, vacuuming } from './verbs/vacuum.ts';
import { Removals } from './verbs/removals.ts';
import { type Prepare, Writes } from './verbs/writes.ts';

/**
 * A cache whose every verb does its work at once, on the caller's thread: for scripts, build tools and the bodies of
 * transactions. A server should use DiskCache, which has the same verbs as promises, and streams, on the same directory if
 * need be.
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
  readonly #iteration: Iteration;
  readonly #counters: Counters;
  readonly #queues: Queues<PreparedValue>;
  readonly #computing: GetOrSetSync;

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
    this.#calls = new AtOnce(this.#engine);
    const prepare: Prepare<PreparedValue> = (...given) => this.#engine.values.prepare(...given);
    this.#writes = new Writes(this.#engine, prepare);
    this.#removals = new Removals(this.#engine);
    this.#iteration = new Iteration(this.#engine);
    this.#counters = new Counters(this.#engine);
    this.#queues = new Queues(this.#engine, prepare);
    this.#computing = new GetOrSetSync(this.#engine, this.#calls);
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
   * The absolute path of the file that an entry's value is in, for programs that read files; undefined when there is no
   * live entry, or when its value is in the database, as small ones are that setStream() did not store. Counts as a use.
   * The file holds bytes as they are, text as UTF-8, other values as they were serialized. It must not be changed, and is
   * there only until the entry is replaced, removed or evicted.
   *
   * @example
   * ```ts
   * cache.set('page', 'x'.repeat(100_000));
   * console.log(cache.path('page')?.endsWith('.val')); // true
   * ```
   */
  path(key: Key): string | undefined {
    return this.#calls.path(validKey(key));
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
   * The value of a key; where there is no live entry, what `compute` makes, which is stored. When another process is
   * computing it this one waits for that; others wait for this one, for up to `lease`. See DiskCache.getOrSet(). `compute`
   * has to be synchronous, and there is no `signal`, `timeout` or `staleWhileRevalidate`.
   *
   * Inside transact() it computes under the lock that is held: nobody else can, and a failure is not kept for others.
   *
   * @throws what `compute` threw, InvalidArgumentError when an argument or the value is wrong, DiskCacheError
   *   `ERR_DISKCACHE_KEPT_FAILURE`, and what get() throws
   * @example
   * ```ts
   * import { DiskCacheSync } from '@diskcache/core';
   *
   * const cache = new DiskCacheSync('./cache');
   * console.log(cache.getOrSet('answer', () => 6 * 7, { ttl: 60_000 })); // 42
   * cache.close();
   * ```
   */
  getOrSet<Value>(key: Key, compute: ComputeSync<Value>, options?: GetOrSetSyncOptions<Value>): Value {
    const terms = computeSyncTerms(options);
    return this.#computing.call({
      key: validKey(key),
      compute: validFunction('compute', compute),
      terms,
    }) as Value;
  }

  /**
   * A function that gives what `fn`, which has to be synchronous, gives for the same arguments, from the cache where it is
   * there. See DiskCache.memoize().
   *
   * @throws InvalidArgumentError when an option is wrong, or a function without a name is given none; from the memoized
   *   function also `ERR_DISKCACHE_KEY`, for arguments of which cacheKey() makes no key
   * @example
   * ```ts
   * import { DiskCacheSync } from '@diskcache/core';
   *
   * const cache = new DiskCacheSync('./cache');
   * const double = cache.memoize((n: number) => 2 * n, { name: 'double' });
   * console.log(double(4), double.key(4)); // 8 double:4
   * cache.close();
   * ```
   */
  memoize<Wrapped extends (...args: never[]) => unknown>(
    fn: Wrapped,
    options?: MemoizeSyncOptions<Parameters<Wrapped>, ReturnType<Wrapped>>,
  ): MemoizedSync<Wrapped> {
    const plan = memoizePlan(fn, options, memoizeSyncTerms);
    const { key, terms } = plan;
    const computing = this.#computing;
    function call(this: unknown, ...args: unknown[]): unknown {
      return computing.call({ key: key(...args), compute: () => plan.fn.apply(this, args), terms });
    }
    return dressed(call, plan, (...args) => this.delete(key(...args))) as MemoizedSync<Wrapped>;
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
  clear(options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.clear(options));
  }

  /** Removes all entries that have a tag. @returns how many live ones */
  evict(tag: string, options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.evict(tag, options));
  }

  /** Removes all entries whose key is a string that starts with `prefix`. @returns how many live ones */
  deletePrefix(prefix: string, options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.deletePrefix(prefix, options));
  }

  /** Removes the entries whose time has passed; upkeep does so too, a little later. @returns how many */
  expire(options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.expire(options));
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. @returns how many */
  cull(options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.cull(options));
  }

  /**
   * The keys of the live entries, in their order or that of insertion. Others may write meanwhile: what is there all the
   * time comes once, what comes or goes may or may not. Costs the same for each key however many there are; with both
   * `tag` and order 'insertion', 8 bytes of memory for each entry of the tag.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_ABSENT` when `after` in the order of insertion is not in the cache
   */
  *keys(options?: IterationOptions): Generator<Key, void> {
    for (const rows of this.#calls.pages(this.#iteration.keys(options))) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /** The values of the live entries, as keys() goes through them. That is no use of them. */
  *values<Value = unknown>(options?: IterationOptions): Generator<Value, void> {
    for (const { value } of this.entries<Value>(options)) yield value;
  }

  /** The live entries, as keys() goes through them. That is no use of them. */
  *entries<Value = unknown>(options?: IterationOptions): Generator<Entry<Value>, void> {
    for (const rows of this.#calls.pages(this.#iteration.entries(options))) {
      for (const row of rows) {
        const found = this.#calls.valueOfMany(row.key, row, this.#engine.live.findFull);
        if (found !== undefined) yield entryOf(found.row, found.value) as Entry<Value>;
      }
    }
  }

  /**
   * The first or the last live entry of those that keys() with these options would go through, or undefined when there is
   * none. That is no use of it.
   */
  peekEntry<Value = unknown>(edge: 'first' | 'last', options?: PeekEntryOptions): Entry<Value> | undefined {
    for (const [row] of this.#calls.pages(this.#iteration.edge(edge, options))) {
      const found = row && this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
      if (found !== undefined) return entryOf(found.row, found.value) as Entry<Value>;
    }
    return undefined;
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

  /**
   * Gives the pages of the database that hold nothing back to the file system, some at a time, and then empties the log
   * (not in a transaction). The next writes have to ask for that space again: only for a cache that has
   * shrunk and is to stay small. While a reader is in the way the files keep their size for a while longer.
   *
   * @returns how many bytes
   */
  vacuum(options?: VacuumOptions): number {
    const freed = this.#calls.inSteps(vacuuming(this.#engine, options));
    const { checkpoints, storage } = this.#engine;
    return storage.transaction.isOpen ? freed : freed + this.#calls.read(() => checkpoints.emptySync());
  }

  /**
   * Compares all that is kept twice: the database's own structure, the totals, tags and the order of insertion with the
   * entries, and the entries with their files. With `fix` it repairs what is not right, a little at a time with other
   * writers in between; an entry whose file is missing or damaged is removed. A damaged database is only reported.
   * Takes long in a large cache.
   *
   * @throws the reason of a signal that is aborted; InvalidArgumentError `ERR_DISKCACHE_OPTION`
   */
  check(options?: CheckOptions): CheckReport {
    return checkAtOnce(this.#engine, this.#calls, validCheckOptions(options));
  }

  /** What the cache holds, and what this process did with it. */
  stats(): CacheStats {
    return this.#calls.read(() => statsOf(this.#engine));
  }

  /** Bytes that the entries take on disk, as they count against `sizeLimit`. */
  size(): number {
    return this.#calls.read(() => this.#engine.totals().size);
  }

  /** How many live entries there are. */
  count(): number {
    return this.#calls.read(() => this.#engine.totals().count);
  }

  /** Ends the use of the cache; calling it again does nothing. Other verbs throw `ERR_DISKCACHE_CLOSED` from then on. */
  close(): void {
    this.#engine.closeSync();
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
