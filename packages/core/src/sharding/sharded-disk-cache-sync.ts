import type { ComputeSync, GetOrSetSyncOptions } from '../compute/compute-options.ts';
import { memoizeSyncTerms } from '../compute/compute-options.ts';
import { dressed, type MemoizedSync, memoizePlan, type MemoizeSyncOptions } from '../compute/memoize.ts';
import type { DequeOptions } from '../collections/deque-options.ts';
import type { DequeSync } from '../collections/deque-sync.ts';
import type { IndexSync } from '../collections/ordered-index-sync.ts';
import type { CacheView, DiskCacheSync } from '../disk-cache-sync.ts';
import type { CacheStats } from '../engine/stats.ts';
import type { Entry } from '../entry/entry.ts';
import { type ExpiryOptions, given, givenPairs, type SetOptions } from '../entry/entry-options.ts';
import type { GetOptions } from '../entry/get-options.ts';
import type { IterationOptions, PeekEntryOptions } from '../entry/iteration-options.ts';
import type { Key } from '../entry/key.ts';
import { keyOfName } from '../entry/named-key.ts';
import type { RemovalOptions } from '../entry/progress-options.ts';
import type { CacheEvents } from '../events.ts';
import type { DiskCacheOptions } from '../options.ts';
import type { AveragerSync } from '../recipes/averager-sync.ts';
import type { CheckOptions, CheckReport } from '../upkeep/findings.ts';
import type { CounterOptions } from '../verbs/counters.ts';
import type { LeasedItemSync } from '../verbs/leased-item.ts';
import type { PeekOptions, PullOptions, PushOptions } from '../verbs/queues.ts';
import type { VacuumOptions } from '../verbs/vacuum.ts';
import { destroyShardsSync } from './destruction.ts';
import { Grouped } from './grouped.ts';
import { checkOfAll, progressOf, statsOfAll, sumOf } from './sums.ts';
import { ShardedIteration } from './sharded-iteration.ts';
import { type Shard, type ShardedDiskCacheOptions, Shards } from './shards.ts';
import { type ShardedTransactOptions, Transaction, transactionOf } from './transaction.ts';

/**
 * A ShardedDiskCache whose every verb does its work at once, on the caller's thread, as DiskCacheSync does: what each
 * promises, costs and throws is told there, and here where it differs.
 *
 * @example
 * ```ts
 * import { ShardedDiskCacheSync } from '@diskcache/core';
 *
 * using cache = new ShardedDiskCacheSync('./cache', { sizeLimit: 100_000_000 });
 * cache.set('greeting', { text: 'hello' }, { ttl: 60_000, tags: ['demo'] });
 * console.log(cache.get('greeting')); // { text: 'hello' }
 * ```
 */
export class ShardedDiskCacheSync {
  readonly #shards: Shards;
  readonly #iteration: ShardedIteration;

  /**
   * Opens the cache in a directory, or makes one, see ShardedDiskCache.
   *
   * @throws InvalidArgumentError, DiskCacheError as ShardedDiskCache does
   */
  constructor(directory?: string, options?: ShardedDiskCacheOptions);
  /** @internal */
  constructor(shards: Shards);
  constructor(given?: string | Shards, options?: ShardedDiskCacheOptions) {
    this.#shards = given instanceof Shards ? given : new Shards(given, options);
    this.#iteration = new ShardedIteration(this.#shards);
  }

  /** The folder that the folders of the shards are in, as an absolute path. */
  get directory(): string {
    return this.#shards.directory;
  }

  /** How many shards there are. */
  get shards(): number {
    return this.#shards.all.length;
  }

  /** Returns the value of a key, or `fallback`. Costs what it does there, and the hash of the key. */
  get<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | GetOptions<Fallback>,
  ): Value | Fallback {
    return this.#of(key).get<Value, Fallback>(key, options);
  }

  /** Returns the values of several keys, in their order: those of each shard as they are at one moment. */
  getMany<Value = unknown>(keys: Iterable<Key>): (Value | undefined)[] {
    return this.#grouped(keys).each((cache, some) => cache.getMany<Value>(some));
  }

  /** Tells whether there is a live entry. */
  has(key: Key): boolean {
    return this.#of(key).has(key);
  }

  /** Tells of several keys, in their order, whether there is a live entry. */
  hasMany(keys: Iterable<Key>): boolean[] {
    return this.#grouped(keys).each((cache, some) => cache.hasMany(some));
  }

  /** Returns an entry, with its value and what is recorded about it, or undefined. */
  entry<Value = unknown>(key: Key): Entry<Value> | undefined {
    return this.#of(key).entry<Value>(key);
  }

  /** Returns the entries of several keys, as getMany() returns their values. */
  entryMany<Value = unknown>(keys: Iterable<Key>): (Entry<Value> | undefined)[] {
    return this.#grouped(keys).each((cache, some) => cache.entryMany<Value>(some));
  }

  /** Returns the path of the file that an entry's value is in, or undefined. */
  path(key: Key): string | undefined {
    return this.#of(key).path(key);
  }

  /** Stores a value. Where it needs more room than its shard has to give, entries of other shards go too. */
  set(key: Key, value: unknown, options?: SetOptions): void {
    this.#of(key).set(key, value, options);
  }

  /** Stores several entries: all of them or, when one is refused, none, see transact(). */
  setMany(
    entries: Iterable<readonly [key: Key, value: unknown, options?: SetOptions | undefined]>,
    options?: SetOptions,
  ): void {
    const all = givenPairs('entries', entries);
    new Transaction(this.#shards, someOf(all.map(([key]) => key))).run(() => {
      for (const [key, value, own = options] of all) this.set(key, value, own);
    }, this);
  }

  /** Stores a value unless there is a live entry, and tells whether it did. */
  add(key: Key, value: unknown, options?: SetOptions): boolean {
    return this.#of(key).add(key, value, options);
  }

  /** Returns the value of a key; where there is no live entry, what `compute` makes, which is stored. */
  getOrSet<Value>(key: Key, compute: ComputeSync<Value>, options?: GetOrSetSyncOptions<Value>): Value {
    return this.#of(key).getOrSet(key, compute, options);
  }

  /** Returns a function that gives what `fn` gives for the same arguments, from the cache where it is there. */
  memoize<Wrapped extends (...args: never[]) => unknown>(
    fn: Wrapped,
    options?: MemoizeSyncOptions<Parameters<Wrapped>, ReturnType<Wrapped>>,
  ): MemoizedSync<Wrapped> {
    const plan = memoizePlan(fn, options, memoizeSyncTerms);
    const { name: _name, key: _key, ...terms } = options ?? {};
    const getOrSet = (key: Key, compute: ComputeSync<unknown>) =>
      this.getOrSet(key, compute, terms as GetOrSetSyncOptions<unknown>);
    function call(this: unknown, ...args: unknown[]): unknown {
      return getOrSet(plan.key(...args), () => plan.fn.apply(this, args));
    }
    return dressed(call, plan, (...args) => this.delete(plan.key(...args))) as MemoizedSync<Wrapped>;
  }

  /** Renews the deadline of a live entry, and tells whether there was one. */
  touch(key: Key, options?: ExpiryOptions): boolean {
    return this.#of(key).touch(key, options);
  }

  /** Removes an entry, and tells whether there was a live one. */
  delete(key: Key): boolean {
    return this.#of(key).delete(key);
  }

  /** Takes an entry out, and returns its value, or `fallback`. */
  pop<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | { fallback?: Fallback },
  ): Value | Fallback {
    return this.#of(key).pop<Value, Fallback>(key, options);
  }

  /** Adds `delta` to a number in the cache, in one step, and returns the sum. */
  incr(key: Key, delta?: number, options?: CounterOptions<number>): number;
  incr(key: Key, delta: bigint, options?: CounterOptions<bigint>): bigint;
  incr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): N {
    return this.#of(key).incr(key, delta as number, options as CounterOptions<number>) as N;
  }

  /** The same with `-delta`. */
  decr(key: Key, delta?: number, options?: CounterOptions<number>): number;
  decr(key: Key, delta: bigint, options?: CounterOptions<bigint>): bigint;
  decr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): N {
    return this.#of(key).decr(key, delta as number, options as CounterOptions<number>) as N;
  }

  /** Adds an item to a queue, and returns its key. All items of a queue are in one shard. */
  push(prefix: string, value: unknown, options?: PushOptions): string {
    return this.#ofQueue(prefix).push(prefix, value, options);
  }

  /** Returns the item at one end of a queue, or undefined. */
  peek<Value = unknown>(prefix: string, options?: PeekOptions): Entry<Value> | undefined {
    return this.#ofQueue(prefix).peek<Value>(prefix, options);
  }

  /** Takes the item at one end of a queue, or returns undefined. */
  pull<Value = unknown>(
    prefix: string,
    options: PullOptions & { lease: number },
  ): LeasedItemSync<Value> | undefined;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Entry<Value> | undefined;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Entry<Value> | undefined {
    return this.#ofQueue(prefix).pull<Value>(prefix, options);
  }

  /** Removes several entries in one transaction, see transact(), and returns how many of them were live. */
  deleteMany(keys: Iterable<Key>): number {
    const all = given('keys', keys);
    return new Transaction(this.#shards, someOf(all)).run(
      () => all.filter((key) => this.delete(key)).length,
      this,
    );
  }

  /** Removes all entries, shard by shard, and returns how many of them were live. */
  clear(options?: RemovalOptions): number {
    return this.#sum(progressOf(options, 'removed'), (cache, some) => cache.clear(some));
  }

  /** Removes all entries that have a tag, and returns how many of them were live. */
  evict(tag: string, options?: RemovalOptions): number {
    return this.#sum(progressOf(options, 'removed'), (cache, some) => cache.evict(tag, some));
  }

  /** Removes all entries whose key is a string that starts with `prefix`, and returns how many of them were live. */
  deletePrefix(prefix: string, options?: RemovalOptions): number {
    return this.#sum(progressOf(options, 'removed'), (cache, some) => cache.deletePrefix(prefix, some));
  }

  /** Removes the entries whose time has passed, and returns how many went. */
  expire(options?: RemovalOptions): number {
    return this.#sum(progressOf(options, 'removed'), (cache, some) => cache.expire(some));
  }

  /** Evicts what is over the limits, and returns how many entries went. */
  cull(options?: RemovalOptions): number {
    return this.#sum(progressOf(options, 'removed'), (cache, some) => cache.cull(some));
  }

  /** Goes through the keys of the live entries of all shards in one order, see ShardedDiskCache.keys(). */
  keys(options?: IterationOptions): Generator<Key, void> {
    return this.#iteration.keys(options);
  }

  /** Goes through the values of the live entries, as entries() does. */
  *values<Value = unknown>(options?: IterationOptions): Generator<Value, void> {
    for (const { value } of this.entries<Value>(options)) yield value;
  }

  /** Goes through the live entries, as keys() goes through their keys. */
  entries<Value = unknown>(options?: IterationOptions): Generator<Entry<Value>, void> {
    return this.#iteration.entries(options) as Generator<Entry<Value>, void>;
  }

  /** Returns the first or the last live entry of those that keys() with these options would go through, or undefined. */
  peekEntry<Value = unknown>(edge: 'first' | 'last', options?: PeekEntryOptions): Entry<Value> | undefined {
    return this.#iteration.edge(edge, options) as Entry<Value> | undefined;
  }

  /**
   * Runs `body` in one transaction of all shards, or of those of `keys`, see ShardedDiskCache.transact().
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` also inside of the transaction of one shard alone, as a
   *   collection has it
   */
  transact<Result>(body: (tx: ShardedDiskCacheSync) => Result, options?: ShardedTransactOptions): Result {
    return transactionOf(this.#shards, options).run(body, this as ShardedDiskCacheSync);
  }

  /**
   * Runs `body`, which only reads, on all shards as they are at one moment, and returns what it returned, see
   * ShardedDiskCache.snapshot().
   */
  snapshot<Result>(body: (view: CacheView) => Result, options?: ShardedTransactOptions): Result {
    return transactionOf(this.#shards, options).read(body, this as CacheView);
  }

  /** Returns the persistent double-ended queue of a name, see DiskCacheSync.deque(). All of it is in one shard. */
  deque<T = unknown>(name: string, options?: DequeOptions): DequeSync<T> {
    return this.#of(keyOfName('deque', name)).deque<T>(name, options);
  }

  /** Returns the persistent ordered map of a name, see DiskCacheSync.index(). All of it is in one shard. */
  index<K extends Key = Key, V = unknown>(name: string): IndexSync<K, V> {
    return this.#of(keyOfName('index', name)).index<K, V>(name);
  }

  /** Returns the average of a name, see DiskCacheSync.averager(). */
  averager(name: string): AveragerSync {
    return this.#of(keyOfName('averager', name)).averager(name);
  }

  /**
   * Returns a cache of its own inside of this one, see ShardedDiskCache.cache(). No transaction of this one is about it.
   *
   * @throws InvalidArgumentError, DiskCacheError as it does there
   */
  cache(name: string, options?: DiskCacheOptions): DiskCacheSync {
    this.#shards.assertOpen();
    return this.#shards.named.open(name, options).sync;
  }

  /** Gives back to the file system what the databases do not need any more, and returns how many bytes that is. */
  vacuum(options?: VacuumOptions): number {
    return this.#sum(progressOf(options, 'freed'), (cache, some) => cache.vacuum(some));
  }

  /** Compares all that is kept twice, in each shard, and returns what it found; problems name their shard by its number. */
  check(options?: CheckOptions): CheckReport {
    const parts = progressOf(options, 'checked');
    return checkOfAll(this.#all.map((cache, place) => cache.check(parts(place))));
  }

  /** Returns what the cache holds, by all processes, and what this process did with it since it opened it. */
  stats(): CacheStats {
    return statsOfAll(this.#all.map((cache) => cache.stats()));
  }

  /** Returns the bytes that the entries take on disk, as they count against `sizeLimit`. */
  size(): number {
    return sumOf(this.#all.map((cache) => cache.size()));
  }

  /** Returns how many live entries there are. */
  count(): number {
    return sumOf(this.#all.map((cache) => cache.count()));
  }

  /** Calls `listener` at each event of that name of any shard, and returns the cache. */
  on<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    for (const { cache } of this.#shards.all) cache.sync.on(name, listener);
    return this;
  }

  /** Stops calling `listener`, and returns the cache. */
  off<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    for (const { cache } of this.#shards.all) cache.sync.off(name, listener);
    return this;
  }

  /** Ends the use of the cache; calling it again does nothing. */
  close(): void {
    this.#shards.closeSync();
  }

  /** Closes the cache and removes it from the disk, see ShardedDiskCache. */
  destroy(): void {
    for (const { engine } of this.#shards.all) engine.assertDestroyable();
    this.close();
    destroyShardsSync(this.#shards);
  }

  /** Closes the cache at the end of the block of a `using`, see close(). */
  [Symbol.dispose](): void {
    this.close();
  }

  #of(key: Key): DiskCacheSync {
    return this.#at(this.#shards.placeOf(key));
  }

  #ofQueue(prefix: string): DiskCacheSync {
    return this.#at(this.#shards.placeOfQueue(prefix));
  }

  #at(place: number): DiskCacheSync {
    this.#shards.reach.need(place);
    return (this.#shards.all[place] as Shard).cache.sync;
  }

  /** All that there are, each to be used. */
  get #all(): readonly DiskCacheSync[] {
    this.#shards.reach.need(undefined);
    return this.#shards.all.map(({ cache }) => cache.sync);
  }

  #grouped(keys: Iterable<Key>): Grouped<DiskCacheSync> {
    return new Grouped(given('keys', keys), this.#shards, (place) => this.#at(place));
  }

  #sum<Options>(
    parts: (place: number) => Options,
    verb: (cache: DiskCacheSync, options: Options) => number,
  ): number {
    return this.#all.reduce((sum, cache, place) => sum + verb(cache, parts(place)), 0);
  }
}

/** What there is nothing to do for can be refused all the same, by any shard. */
function someOf(keys: readonly Key[]): readonly Key[] {
  return keys.length === 0 ? [''] : keys;
}
