import { AtOnce } from './calls/at-once.ts';
import type { DequeOptions } from './collections/deque-options.ts';
import { DequeSync } from './collections/deque-sync.ts';
import { IndexSync } from './collections/ordered-index-sync.ts';
import {
  type ComputeSync,
  computeSyncTerms,
  memoizeSyncTerms,
  type GetOrSetSyncOptions,
} from './compute/compute-options.ts';
import { GetOrSetSync } from './compute/get-or-set-sync.ts';
import { dressed, type MemoizedSync, memoizePlan, type MemoizeSyncOptions } from './compute/memoize.ts';
import { Engine } from './engine/engine.ts';
import type { PreparedValue } from './engine/value-layout.ts';
import { type CacheStats, statsOf, totalsOf } from './engine/stats.ts';
import type { Entry } from './entry/entry.ts';
import {
  type ExpiryOptions,
  given,
  givenPairs,
  type SetOptions,
  validFunction,
} from './entry/entry-options.ts';
import { askedFor, fallbackOf, type GetOptions } from './entry/get-options.ts';
import { givenKey, type Key, validKey } from './entry/key.ts';
import type { RemovalOptions } from './entry/progress-options.ts';
import type { IterationOptions, PeekEntryOptions } from './entry/iteration-options.ts';
import { type CacheEvents, Events } from './events.ts';
import type { DiskCacheOptions } from './options.ts';
import { destroySync } from './storage/destruction.ts';
import { AveragerSync } from './recipes/averager-sync.ts';
import type { CheckOptions, CheckReport } from './upkeep/findings.ts';
import { checkAtOnce, validCheckOptions } from './verbs/checking.ts';
import { type CounterOptions, Counters } from './verbs/counters.ts';
import { Iteration } from './verbs/iteration.ts';
import { type LeasedItemSync, pullLeasedSync } from './verbs/leased-item.ts';
import { type PeekOptions, type PullOptions, type PushOptions, Queues } from './verbs/queues.ts';
import { type VacuumOptions, vacuuming } from './verbs/vacuum.ts';
import { Removals } from './verbs/removals.ts';
import { type Prepare, Writes } from './verbs/writes.ts';

/** What the body of snapshot() reads with: the verbs of DiskCacheSync that change nothing. */
export type CacheView = Pick<
  DiskCacheSync,
  | 'get'
  | 'getMany'
  | 'has'
  | 'entry'
  | 'entryMany'
  | 'path'
  | 'peek'
  | 'peekEntry'
  | 'keys'
  | 'values'
  | 'entries'
  | 'size'
  | 'count'
  | 'stats'
>;

/**
 * A cache whose every verb does its work at once, on the caller's thread: for scripts, build tools and the bodies of
 * transactions. When a verb returns, what it did is committed.
 *
 * A server should use DiskCache, which has the same verbs as promises, and streams, on the same directory if need be.
 * While another process holds the lock, the thread waits for it, blocked.
 *
 * Beside what is said there, each verb can throw a DiskCacheError: `ERR_DISKCACHE_CLOSED` after close(),
 * `ERR_DISKCACHE_STORAGE` when the system or SQLite fails, and a TimeoutError (`ERR_DISKCACHE_TIMEOUT`) when others
 * hold the lock for longer than `timeout`, which only verbs that write have to wait for.
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
    this.#iteration = new Iteration(this.#engine);
    this.#counters = new Counters(this.#engine);
    this.#queues = new Queues(this.#engine, prepare);
    this.#computing = new GetOrSetSync(this.#engine, this.#calls);
  }

  /** The folder the cache is in, as an absolute path. */
  get directory(): string {
    return this.#engine.directory;
  }

  /**
   * Returns the value of a key, or `fallback` where there is no live entry.
   *
   * A hit is noted as a use. An entry whose file is gone or damaged is a miss: it is removed, and an 'error' event
   * tells of it. The type is yours to know: nothing compares the value with `Value`. Costs one SELECT at most, none
   * where the row is in memory, and the reading of a file where the value is in one. It never writes.
   *
   * @param options a fallback; or, as a plain object, `{ fallback, maxAge }` with `maxAge` in ms
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`; `ERR_DISKCACHE_OPTION` for a plain object with other names, or
   *   none; `ERR_DISKCACHE_TTL` for a wrong `maxAge`
   * @throws SerializerError when the entry was written by what this cache does not have, or cannot be decoded
   * @example
   * ```ts
   * cache.set('color', 'blue');
   * console.log(cache.get('color'), cache.get('size', 'unknown')); // blue unknown
   * ```
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
   * Returns the values of several keys, in their order, with undefined where there is no live entry.
   *
   * One that cannot be read (a SerializerError) is undefined too, and an 'error' event tells of it. All rows are read
   * at one moment, in one read transaction. Each key counts as in get().
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` when `keys` is not iterable
   * @example
   * ```ts
   * cache.set('a', 1);
   * console.log(cache.getMany(['a', 'x'])); // [ 1, undefined ]
   * ```
   */
  getMany<Value = unknown>(keys: Iterable<Key>): (Value | undefined)[] {
    const found = this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.find);
    return found.map((one) => one?.value as Value | undefined);
  }

  /**
   * Tells whether there is a live entry. It is no use of it, and neither a hit nor a miss. Costs one SELECT, which does
   * not read the value.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
   * @example
   * ```ts
   * cache.set('empty', null);
   * console.log(cache.has('empty'), cache.has('absent')); // true false
   * ```
   */
  has(key: Key): boolean {
    const checked = validKey(key);
    return this.#calls.read(() => this.#engine.live.has(checked));
  }

  /**
   * Tells of each of several keys, in their order, whether there is a live entry. It is no use of them. Costs one SELECT each,
   * in one read transaction.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` when `keys` is not iterable
   * @example
   * ```ts
   * cache.set('a', 1);
   * console.log(cache.hasMany(['a', 'b'])); // [ true, false ]
   * ```
   */
  hasMany(keys: Iterable<Key>): boolean[] {
    return this.#calls.lookMany(given('keys', keys).map(validKey), this.#engine.live.has);
  }

  /**
   * Returns an entry, with its value and what is recorded about it, or undefined when there is no live one. Counts,
   * costs and throws as get() does.
   *
   * @example
   * ```ts
   * cache.set('user:1', 'Ada', { tags: ['users'] });
   * console.log(cache.entry('user:1')?.tags); // [ 'users' ]
   * ```
   */
  entry<Value = unknown>(key: Key): Entry<Value> | undefined {
    const found = this.#calls.load(validKey(key), this.#engine.live.findFull);
    return found && (this.#engine.live.entryOf(found.row, found.value) as Entry<Value>);
  }

  /**
   * Returns the entries of several keys, in their order, with undefined where there is no live one, or none that can be
   * read. Counts, costs and throws as getMany() does.
   *
   * @example
   * ```ts
   * cache.set('a', 'text');
   * console.log(cache.entryMany(['a', 'b']).map((entry) => entry?.size)); // [ 4, undefined ]
   * ```
   */
  entryMany<Value = unknown>(keys: Iterable<Key>): (Entry<Value> | undefined)[] {
    const found = this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.findFull);
    return found.map((one) => one && (this.#engine.live.entryOf(one.row, one.value) as Entry<Value>));
  }

  /**
   * Returns the absolute path of the file that an entry's value is in, for programs that read files; undefined when
   * there is no live entry, or when its value is in the database, as small ones are that setStream() did not store.
   *
   * Counts as a use, and costs one SELECT; the file is not looked at. It holds bytes as they are, text as UTF-8, other
   * values as they were serialized. It must not be changed, and is there only until the entry is replaced, removed or
   * evicted.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
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
   * When it returns the entry is committed, and the cache within its limits. An entry whose deadline has passed already
   * is removed, and none is stored. Costs one transaction, or a part of the one that is open; a file is written before
   * it. A full cache evicts as much as is needed; while files that other processes are just writing take all of the room,
   * it waits for them, on the thread, up to `timeout`. What is committed outlives a crash; a power cut only with
   * `durability: 'full'`, which waits for the disk here.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`; `ERR_DISKCACHE_VALUE` for a value that would not come back as it
   *   is, undefined among them; `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_TTL` or `ERR_DISKCACHE_TAG` for wrong options
   * @throws DiskCacheError `ERR_DISKCACHE_TOO_LARGE` or `ERR_DISKCACHE_FULL`; the entry that there was stays
   * @example
   * ```ts
   * cache.set('session', { user: 7 }, { ttl: 60_000, tags: ['user:7'] });
   * console.log(cache.get('session')); // { user: 7 }
   * ```
   */
  set(key: Key, value: unknown, options?: SetOptions): void {
    this.#calls.put(this.#writes.set(key, value, options));
  }

  /**
   * Stores several entries in one transaction, with the options that one has of its own, or else those for all: all of
   * them or, when one is refused, none.
   *
   * All other writers wait meanwhile. Of entries with one key the last counts.
   *
   * @throws as set(), and InvalidArgumentError `ERR_DISKCACHE_OPTION` when `entries` is no iterable of pairs
   * @example
   * ```ts
   * cache.setMany(new Map([['apple', 3], ['pear', 4]]));
   * console.log(cache.count()); // 2
   * ```
   */
  setMany(
    entries: Iterable<readonly [key: Key, value: unknown, options?: SetOptions | undefined]>,
    options?: SetOptions,
  ): void {
    const all = givenPairs('entries', entries);
    this.transact(() => {
      for (const [key, value, own = options] of all) this.set(key, value, own);
    });
  }

  /**
   * Stores a value unless there is a live entry, and tells whether it did. Of several processes that add one key, one
   * gets true. Costs what set() does.
   *
   * @throws as set(), also where there is an entry
   * @example
   * ```ts
   * console.log(cache.add('leader', 'first'), cache.add('leader', 'second')); // true false
   * ```
   */
  add(key: Key, value: unknown, options?: SetOptions): boolean {
    return this.#calls.put(this.#writes.add(key, value, options));
  }

  /**
   * Returns the value of a key; where there is no live entry, what `compute` makes, which is stored.
   *
   * When another process is computing it this one waits for that, its thread blocked; others wait for this one, for up
   * to `lease`. The rest is as in DiskCache.getOrSet(), but `compute` has to be synchronous, and there is no `signal`,
   * `timeout` or `staleWhileRevalidate`. Inside transact() it computes under the lock that is held: nobody else can,
   * and a failure is not kept for others.
   *
   * Where there is a live entry it costs, and counts, what get() does. One that computes makes two small transactions.
   * One that waits for another process looks again after 1 ms at first and 100 ms at most, with two SELECTs.
   *
   * @throws what `compute` threw; what get() throws
   * @throws InvalidArgumentError when an argument or the value is wrong
   * @throws DiskCacheError `ERR_DISKCACHE_KEPT_FAILURE` while `errorTtl` keeps a failure, and `ERR_DISKCACHE_TOO_LARGE`
   * @example
   * ```ts
   * console.log(cache.getOrSet('answer', () => 6 * 7, { ttl: 60_000 })); // 42
   * console.log(cache.getOrSet('answer', () => 0)); // 42
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
   * Returns a function that gives what `fn`, which has to be synchronous, gives for the same arguments, from the cache
   * where it is there: getOrSet() under a key made of the function's name and the cacheKey() of the arguments. See
   * DiskCache.memoize().
   *
   * @throws InvalidArgumentError when an option is wrong, or a function without a name is given none; from the memoized
   *   function as getOrSet() does, and `ERR_DISKCACHE_KEY` for arguments of which cacheKey() makes no key
   * @example
   * ```ts
   * const double = cache.memoize((n: number) => 2 * n, { name: 'double' });
   * console.log(double(4), double.key(4)); // 8 double:4
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
   * Renews the deadline of a live entry, as set() would do it, and tells whether there was one.
   *
   * Without `ttl`, `expires` or a `ttl` of the cache the entry keeps its deadline. Value and tags stay. Counts as a
   * use. Costs one transaction; a file stays as it is.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, `ERR_DISKCACHE_OPTION` or `ERR_DISKCACHE_TTL`
   * @example
   * ```ts
   * cache.set('session', 'Ada', { ttl: 1_000 });
   * console.log(cache.touch('session', { ttl: 60_000 }), cache.touch('nobody')); // true false
   * ```
   */
  touch(key: Key, options?: ExpiryOptions): boolean {
    return this.#calls.write(this.#writes.touch(key, options));
  }

  /**
   * Removes an entry, and tells whether there was a live one. What getOrSet() is just computing for the key elsewhere
   * is not stored. Costs one transaction, and the removal of a file.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
   * @example
   * ```ts
   * cache.set('a', 1);
   * console.log(cache.delete('a'), cache.delete('a')); // true false
   * ```
   */
  delete(key: Key): boolean {
    return this.#calls.write(this.#writes.delete(key));
  }

  /**
   * Takes a value out: returns it and removes its entry, so that of several callers one gets it; `fallback` when there
   * is no live entry.
   *
   * When the process dies in between, the value is lost; pull() with a lease is for what must not be. Costs one
   * transaction, in which a file is read.
   *
   * @param options a fallback; one that is a plain object as `{ fallback }`
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` for a plain object with other names, or
   *   none
   * @throws SerializerError when the entry was written by what this cache does not have, and stays; or cannot be
   *   decoded
   * @example
   * ```ts
   * cache.set('token', 'abc');
   * console.log(cache.pop('token'), cache.pop('token', 'used')); // abc used
   * ```
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
   * Adds to a number, in one step that no other process comes between, and returns the sum.
   *
   * An entry that is there keeps its deadline (but for `maxIdle`, which begins anew) and tags; where there is none it
   * counts from `default`, and the entry gets the options. Whole numbers are exact: a sum beyond the safe integers is
   * an error, and with bigints there is no end. Fractions are added as JavaScript adds them. It is neither a hit nor a
   * miss. Costs one transaction.
   *
   * @param delta a number, or a bigint for an entry that is one @default 1
   * @throws DiskCacheError `ERR_DISKCACHE_NUMBER` when the entry is no number of delta's type, or the sum would not be
   *   exact
   * @throws InvalidArgumentError when key, delta or an option is wrong
   * @example
   * ```ts
   * cache.incr('visits');
   * console.log(cache.incr('visits', 2)); // 3
   * ```
   */
  incr(key: Key, delta?: number, options?: CounterOptions<number>): number;
  incr(key: Key, delta: bigint, options?: CounterOptions<bigint>): bigint;
  incr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): N {
    return this.#calls.write(this.#counters.incr(key, delta, options)) as N;
  }

  /**
   * Subtracts from a number, as incr() adds, and returns the difference. It may fall below 0.
   *
   * @param delta a number, or a bigint for an entry that is one @default 1
   * @throws as incr()
   * @example
   * ```ts
   * console.log(cache.decr('tickets', 1, { default: 100 })); // 99
   * ```
   */
  decr(key: Key, delta?: number, options?: CounterOptions<number>): number;
  decr(key: Key, delta: bigint, options?: CounterOptions<bigint>): bigint;
  decr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): N {
    return this.#calls.write(this.#counters.decr(key, delta, options)) as N;
  }

  /**
   * Adds an item to the queue of a prefix, and returns the key it got.
   *
   * Items are entries like others, with keys `prefix#…` in their order, but they are never evicted; what no limit has
   * room for is refused. They go by their `ttl` (or that of the cache), by evict(), clear() and the like. Costs one
   * transaction.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` when the prefix is empty or no string; as set() otherwise
   * @throws DiskCacheError `ERR_DISKCACHE_FULL` or `ERR_DISKCACHE_TOO_LARGE`
   * @example
   * ```ts
   * cache.push('jobs', { id: 1 });
   * cache.push('jobs', { id: 0 }, { side: 'front' });
   * console.log(cache.pull('jobs')?.value); // { id: 0 }
   * ```
   */
  push(prefix: string, value: unknown, options?: PushOptions): string {
    const pushed = this.#queues.push(prefix, value, options);
    this.#calls.put(pushed);
    return pushed.key();
  }

  /**
   * Returns the item at one end of a queue that pull() would take, or undefined when there is none that is free.
   *
   * Nothing is reserved: another may take it next. It is no use of the item. Costs one SELECT, which passes over those
   * that are handed out.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` or `ERR_DISKCACHE_OPTION`; SerializerError
   * @example
   * ```ts
   * cache.push('jobs', 'first');
   * cache.push('jobs', 'last');
   * console.log(cache.peek('jobs', { side: 'back' })?.value); // last
   * ```
   */
  peek<Value = unknown>(prefix: string, options?: PeekOptions): Entry<Value> | undefined {
    const { find } = this.#queues.peek(prefix, options);
    for (;;) {
      const row = this.#calls.read(find);
      if (row === undefined) return undefined;
      const found = this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
      if (found !== undefined) return this.#engine.live.entryOf(found.row, found.value) as Entry<Value>;
    }
  }

  /**
   * Takes the item at one end of a queue, or returns undefined when there is none that is free; it does not wait for
   * one.
   *
   * Of several processes one gets it. Without `lease` it is removed at once, and lost when the process dies. With
   * `lease` it is handed out for so many ms, in which no other pull() or peek() meets it, and comes back to its place
   * unless ack() is called. So each item is handed out at least once; who is later than the lease may be at it together
   * with the next.
   *
   * Costs one transaction; ack(), release() and extend() one each.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, `ERR_DISKCACHE_OPTION`, or `ERR_DISKCACHE_TTL` for a wrong
   *   `lease`
   * @throws SerializerError when the item was written by what this cache does not have, and stays where it is; or
   *   cannot be decoded
   * @example
   * ```ts
   * cache.push('jobs', 'resize');
   * const job = cache.pull('jobs', { lease: 30_000 });
   * console.log(job?.value, cache.peek('jobs'), job?.ack()); // resize undefined true
   * ```
   */
  pull<Value = unknown>(
    prefix: string,
    options: PullOptions & { lease: number },
  ): LeasedItemSync<Value> | undefined;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Entry<Value> | undefined;
  pull<Value = unknown>(prefix: string, options: PullOptions = {}): Entry<Value> | undefined {
    if (options?.lease !== undefined)
      return pullLeasedSync<Value>(this.#engine, this.#calls, this.#queues, prefix, options);
    const taken = this.#calls.take(this.#queues.pull(prefix, options));
    return taken && (this.#engine.live.entryOf(taken.row, taken.value) as Entry<Value>);
  }

  /**
   * Removes several entries in one transaction, and returns how many of them were live.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` when `keys` is not iterable
   * @example
   * ```ts
   * cache.set('a', 1);
   * console.log(cache.deleteMany(['a', 'b'])); // 1
   * ```
   */
  deleteMany(keys: Iterable<Key>): number {
    const all = given('keys', keys).map((key) => this.#writes.delete(key));
    return this.#calls.write({ work: () => all.filter(({ work }) => work() === true).length });
  }

  /**
   * Removes all entries, pinned ones and queues included, and returns how many of them were live.
   *
   * Up to 256 MiB of rows go in one transaction, which takes up to some 200 ms; more go in steps of about 5 ms until
   * there are no more than that, with other processes in between. What others add meanwhile may stay.
   *
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * cache.set('a', 1);
   * console.log(cache.clear(), cache.count()); // 1 0
   * ```
   */
  clear(options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.clear(options));
  }

  /**
   * Removes all entries that have a tag, and returns how many of them were live.
   *
   * Costs steps of about 5 ms, each a transaction, with other processes in between; inside transact() all is a part of
   * that. Entries without the tag are not looked at. What getOrSet() is computing elsewhere is not stored when it gets
   * the tag.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_TAG` or `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * cache.set('post:1', 'Hello', { tags: ['posts', 'author:7'] });
   * console.log(cache.evict('author:7')); // 1
   * ```
   */
  evict(tag: string, options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.evict(tag, options));
  }

  /**
   * Removes all entries whose key is a string that starts with `prefix`, and returns how many of them were live. The
   * empty prefix means all strings. Takes effect, and costs, as evict() does.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` or `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * cache.setMany([['user:1', 'Ada'], ['team:1', 'A']]);
   * console.log(cache.deletePrefix('user:')); // 1
   * ```
   */
  deletePrefix(prefix: string, options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.deletePrefix(prefix, options));
  }

  /**
   * Removes the entries whose time has passed, and returns how many went.
   *
   * They are not given out anyway; upkeep removes them within about 10 seconds as long as the event loop turns. Values
   * that may still stand in for getOrSet() (`staleIfError`, `staleWhileRevalidate`) stay until that is over. Costs
   * steps of about 5 ms, each a transaction.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * import { DiskCacheSync } from '@diskcache/core';
   *
   * let now = 0;
   * using cache = new DiskCacheSync('./cache', { clock: { now: () => now, every: () => () => undefined } });
   * cache.set('short', 'lived', { ttl: 10 });
   * now = 10;
   * console.log(cache.expire()); // 1
   * ```
   */
  expire(options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.expire(options));
  }

  /**
   * Evicts what is over the limits, as after opening a cache with lower ones, and returns how many entries went. The
   * next write does so too. Costs steps of about 5 ms, each a transaction.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_FULL` when `eviction: 'none'`, or that the rest is pinned, forbids it
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * import { DiskCacheSync } from '@diskcache/core';
   *
   * using large = new DiskCacheSync('./cache');
   * large.setMany([['a', 1], ['b', 2], ['c', 3]]);
   * using small = new DiskCacheSync('./cache', { entryLimit: 2 });
   * console.log(small.cull(), small.count()); // 1 2
   * ```
   */
  cull(options?: RemovalOptions): number {
    return this.#calls.inSteps(this.#removals.cull(options));
  }

  /**
   * Goes through the keys of the live entries, in their order or that of insertion.
   *
   * Others may write meanwhile: what is there all the time comes once, what comes or goes may or may not. It is no use
   * of the entries. Nothing is held open between two steps: to stop early costs nothing.
   *
   * Costs one SELECT for 256 keys, and the same for each key however many there are; with both `tag` and order
   * 'insertion', 8 bytes of memory for each entry of the tag.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_KEY` or `ERR_DISKCACHE_TAG`, at the first step
   * @throws DiskCacheError `ERR_DISKCACHE_ABSENT` when `after` in the order of insertion is not in the cache
   * @example
   * ```ts
   * cache.setMany([['b', 2], ['a', 1], [7, 'seven']]);
   * console.log([...cache.keys()], [...cache.keys({ order: 'insertion', limit: 1 })]); // [ 7, 'a', 'b' ] [ 'b' ]
   * ```
   */
  *keys(options?: IterationOptions): Generator<Key, void> {
    for (const rows of this.#calls.pages(this.#iteration.keys(options))) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /**
   * Goes through the values of the live entries, as entries() does.
   *
   * @throws as keys()
   * @example
   * ```ts
   * cache.setMany([['a:1', 'one'], ['b:1', 'two']]);
   * console.log([...cache.values({ prefix: 'a:' })]); // [ 'one' ]
   * ```
   */
  *values<Value = unknown>(options?: IterationOptions): Generator<Value, void> {
    for (const { value } of this.entries<Value>(options)) yield value;
  }

  /**
   * Goes through the live entries, as keys() goes through their keys.
   *
   * An entry that cannot be read (a SerializerError) is left out, and an 'error' event tells of it. It is no use of the
   * entries, and neither hit nor miss. Costs what keys() does, and the reading of each file.
   *
   * @throws as keys()
   * @example
   * ```ts
   * cache.set('user:1', 'Ada', { tags: ['users'] });
   * for (const { key, value } of cache.entries({ tag: 'users' })) console.log(key, value); // user:1 Ada
   * ```
   */
  *entries<Value = unknown>(options?: IterationOptions): Generator<Entry<Value>, void> {
    for (const rows of this.#calls.pages(this.#iteration.entries(options))) {
      for (const row of rows) {
        const found = this.#calls.valueOfMany(row.key, row, this.#engine.live.findFull);
        if (found !== undefined) yield this.#engine.live.entryOf(found.row, found.value) as Entry<Value>;
      }
    }
  }

  /**
   * Returns the first or the last live entry of those that keys() with these options would go through, or undefined
   * when there is none. That is no use of it. Costs one SELECT, and another for each entry that turns out to have
   * expired.
   *
   * @throws as keys(); InvalidArgumentError `ERR_DISKCACHE_OPTION` for another `edge`; SerializerError
   * @example
   * ```ts
   * cache.setMany([['b', 2], ['a', 1]]);
   * console.log(cache.peekEntry('last', { order: 'insertion' })?.key); // a
   * ```
   */
  peekEntry<Value = unknown>(edge: 'first' | 'last', options?: PeekEntryOptions): Entry<Value> | undefined {
    for (const [row] of this.#calls.pages(this.#iteration.edge(edge, options))) {
      const found = row && this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
      if (found !== undefined) return this.#engine.live.entryOf(found.row, found.value) as Entry<Value>;
    }
    return undefined;
  }

  /**
   * Runs `body` in one transaction, and returns what it returned: other processes see all of its changes or, when it
   * throws, none.
   *
   * Inside another transact() only its own changes are taken back. All other writers wait for as long as it takes.
   *
   * @throws what `body` threw, and then nothing has changed
   * @throws InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise
   * @throws TimeoutError when the lock was not free within `timeout`: the body has not run
   * @example
   * ```ts
   * cache.setMany([['from', 10], ['to', 0]]);
   * cache.transact((tx) => {
   *   tx.decr('from', 3);
   *   tx.incr('to', 3);
   * });
   * console.log(cache.getMany(['from', 'to'])); // [ 7, 3 ]
   * ```
   */
  transact<Result>(body: (tx: DiskCacheSync) => Result): Result {
    return this.#calls.transact(body, this);
  }

  /**
   * Runs `body`, which only reads, on the cache as it is at one moment, and returns what it returned: nothing that
   * others write meanwhile is seen by one of its reads and not by another.
   *
   * It waits for no lock, and nobody waits for it. In a transaction it sees that one's changes. It may be called again,
   * when an entry was replaced whose file it was about to read.
   *
   * @throws what `body` threw; InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise, or writes
   * @example
   * ```ts
   * cache.setMany([['from', 10], ['to', 0]]);
   * console.log(cache.snapshot((view) => [view.get('from'), view.get('to')])); // [ 10, 0 ]
   * ```
   */
  snapshot<Result>(body: (view: CacheView) => Result): Result {
    return this.#calls.snapshot(body, this as CacheView);
  }

  /**
   * Returns the persistent double-ended queue of a name, as DiskCache.deque() does, for scripts and bodies of
   * transactions, see DequeSync.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none, `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * cache.deque('jobs').append('resize');
   * const job = cache.transact((tx) => tx.deque<string>('jobs').popLeft());
   * console.log(job); // resize
   * ```
   */
  deque<T = unknown>(name: string, options?: DequeOptions): DequeSync<T> {
    return new DequeSync<T>(this, name, options);
  }

  /**
   * Returns the persistent ordered map of a name, as DiskCache.index() does, for scripts and bodies of transactions, see
   * IndexSync.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none
   * @example
   * ```ts
   * const results = cache.index<string, number>('results');
   * results.set('a', 1);
   * console.log(results.last()); // [ 'a', 1 ]
   * ```
   */
  index<K extends Key = Key, V = unknown>(name: string): IndexSync<K, V> {
    return new IndexSync<K, V>(this, name);
  }

  /**
   * Returns the average of a name, as DiskCache.averager() does, for scripts and bodies of transactions, see
   * AveragerSync. (Of the other recipes, which wait, there are none here: in a transaction nobody else can be at work.)
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none
   * @example
   * ```ts
   * cache.averager('latency').add(20);
   * console.log(cache.averager('latency').add(40)); // 30
   * ```
   */
  averager(name: string): AveragerSync {
    return new AveragerSync(this, name);
  }

  /**
   * Gives back to the file system what the cache's database does not need any more, and returns how many bytes that is:
   * the pages that hold nothing, and the write-ahead log.
   *
   * The next writes have to ask for that space again: it is for a cache that has shrunk and is to stay small. Costs steps
   * of about 5 ms, each a transaction, with other processes in between, and then a checkpoint.
   * While a reader is in the way the files keep their size for a while longer.
   * In a transaction only pages are given back.
   *
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * cache.setMany(Array.from({ length: 100 }, (_, key) => [key, 'x'.repeat(10_000)]));
   * cache.clear();
   * console.log((cache.vacuum()) > 1_000_000); // true
   * ```
   */
  vacuum(options?: VacuumOptions): number {
    const freed = this.#calls.inSteps(vacuuming(this.#engine, options));
    const { checkpoints, storage } = this.#engine;
    return storage.transaction.isOpen ? freed : freed + this.#calls.read(() => checkpoints.emptySync());
  }

  /**
   * Compares all that is kept twice, and returns what it found: the database's own structure, the totals, tags and the
   * order of insertion with the entries, and the entries with their files, by whether each is there and as long as it
   * should be. What is in the files is not read.
   *
   * With `fix` it also repairs what it can, a little at a time, so that nobody waits for it long: an entry whose file is
   * missing or damaged is removed, and a file that belongs to no entry once it is over a minute old. A damaged database is
   * only reported, and nothing in it is changed. Without `fix` it changes nothing. Others go on meanwhile; the caller's
   * thread is busy for as long as reading the whole database takes.
   *
   * @throws the reason of `signal`, or what `onProgress` throws: what was repaired stays so
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, DiskCacheError `ERR_DISKCACHE_STORAGE`
   * @example
   * ```ts
   * cache.set('a', 'x'.repeat(100_000));
   * console.log(cache.check()); // { ok: true, problems: [], entries: 1, files: 1 }
   * ```
   */
  check(options?: CheckOptions): CheckReport {
    return checkAtOnce(this.#engine, this.#calls, validCheckOptions(options));
  }

  /**
   * Returns what the cache holds, by all processes, and what this process did with it since it opened it. Costs what
   * size() and count() do together; the rest is counted in memory.
   *
   * @example
   * ```ts
   * cache.set('a', 1);
   * cache.getMany(['a', 'b']);
   * const { hits, misses, sets } = cache.stats();
   * console.log(hits, misses, sets); // 1 1 1
   * ```
   */
  stats(): CacheStats {
    return this.#calls.read(() => statsOf(this.#engine));
  }

  /**
   * Returns the bytes that the entries take on disk, as they count against `sizeLimit`. Expired entries that were not
   * removed yet are part of it, as are files that are being written; free pages and the write-ahead log are not. Costs two SELECTs.
   *
   * @example
   * ```ts
   * cache.set('page', 'x'.repeat(100_000));
   * console.log(cache.size() > 100_000); // true
   * ```
   */
  size(): number {
    return this.#calls.read(() => totalsOf(this.#engine).size);
  }

  /**
   * Returns how many live entries there are. Costs two SELECTs, one of which counts those that have expired and were
   * not removed yet.
   *
   * @example
   * ```ts
   * cache.set('a', 1);
   * console.log(cache.count()); // 1
   * ```
   */
  count(): number {
    return this.#calls.read(() => totalsOf(this.#engine).count);
  }

  /**
   * Calls `listener` at each event of that name, see CacheEvents, and returns the cache.
   *
   * Events are of this process, and are told when the call that they come from has returned; those of a change once it
   * is committed. What a listener throws is an uncaught exception of the process. Where nobody listens to 'evict' and
   * 'expire' they cost nothing.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when there is no such event, or `listener` is no function
   * @example
   * ```ts
   * import { DiskCacheSync } from '@diskcache/core';
   *
   * using cache = new DiskCacheSync('./cache', { entryLimit: 1 });
   * cache.on('evict', ({ key, reason }) => console.log('evicted', key, 'for', reason)); // evicted a for entries
   * cache.set('a', 1);
   * cache.set('b', 2);
   * ```
   */
  on<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    this.#engine.events.on(Events.validName(name), validFunction('listener', listener) as never);
    return this;
  }

  /**
   * Stops calling `listener`, and returns the cache. One that was not listening is passed over.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when there is no such event, or `listener` is no function
   * @example
   * ```ts
   * const complain = (error: Error) => console.error(error.message);
   * cache.on('error', complain);
   * cache.off('error', complain);
   * ```
   */
  off<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    this.#engine.events.off(Events.validName(name), validFunction('listener', listener) as never);
    return this;
  }

  /**
   * Ends the use of the cache; calling it again does nothing. Other verbs throw `ERR_DISKCACHE_CLOSED` from then on.
   * Notes of uses are written, unless another process has the lock. The last process to close a cache puts the log in
   * order, which waits for the disk.
   *
   * @example
   * ```ts
   * import { DiskCacheSync } from '@diskcache/core';
   *
   * const cache = new DiskCacheSync('./cache');
   * cache.set('a', 1);
   * cache.close();
   * ```
   */
  close(): void {
    this.#engine.closeSync();
  }

  /** Closes the cache and removes it from the disk, see DiskCache. */
  destroy(): void {
    this.#engine.assertDestroyable();
    this.close();
    destroySync({ directory: this.directory, ...this.#engine.settings });
  }

  /**
   * Closes the cache at the end of the block of a `using`, see close().
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
