import type { Readable } from 'node:stream';
import type { CacheStore } from '../cache-store.ts';
import { CollectionDoor } from '../collection-door.ts';
import type { Host } from '../collection-store.ts';
import type { Stepwise } from '../calls/call.ts';
import { type Compute, memoizeTerms, type GetOrSetOptions } from '../compute/compute-options.ts';
import { dressed, type Memoized, type MemoizeOptions, memoizePlan } from '../compute/memoize.ts';
import type { CacheView } from '../disk-cache-sync.ts';
import type { DiskCache } from '../disk-cache.ts';
import { validBody } from '../engine/transaction-body.ts';
import type { PreparedValue, UnfinishedValue } from '../engine/value-layout.ts';
import type { CacheStats } from '../engine/stats.ts';
import type { Entry } from '../entry/entry.ts';
import { type ExpiryOptions, given, givenPairs, type SetOptions } from '../entry/entry-options.ts';
import type { GetOptions } from '../entry/get-options.ts';
import type { IterationOptions, PeekEntryOptions } from '../entry/iteration-options.ts';
import { type Key, validKey } from '../entry/key.ts';
import { type Kind, keyOfName } from '../entry/named-key.ts';
import type { RemovalOptions } from '../entry/progress-options.ts';
import type { CacheEvents } from '../events.ts';
import type { DiskCacheOptions } from '../options.ts';
import type { StreamSource } from '../streams/byte-source.ts';
import type { SetStreamOptions, StreamRange } from '../streams/stream-options.ts';
import type { CheckOptions, CheckReport } from '../upkeep/findings.ts';
import type { CounterOptions } from '../verbs/counters.ts';
import type { LeasedItem } from '../verbs/leased-item.ts';
import type { PeekOptions, PullOptions, PushOptions } from '../verbs/queues.ts';
import { Removals } from '../verbs/removals.ts';
import type { VacuumOptions } from '../verbs/vacuum.ts';
import { Writes } from '../verbs/writes.ts';
import { destroyShards } from './destruction.ts';
import { Grouped } from './grouped.ts';
import { reshard, type ReshardOptions } from './resharding.ts';
import { ShardedDiskCacheSync } from './sharded-disk-cache-sync.ts';
import { ShardedIteration } from './sharded-iteration.ts';
import { type Shard, type ShardedDiskCacheOptions, Shards } from './shards.ts';
import { stepsInTurn, vacuumInTurn } from './steps-in-turn.ts';
import { checkOfAll, progressOf, statsOfAll, sumOf } from './sums.ts';
import { type ShardedTransactOptions, transactionOf } from './transaction.ts';

/**
 * A DiskCache in several parts, so that processes that write at the same time seldom wait for each other: each key belongs
 * to one of N shards, each of which is a DiskCache in a folder of its own, with a lock of its own.
 *
 * It has the verbs of DiskCache, and each promises, costs and throws what is told there, but for what is told here. All
 * shards together are within one `sizeLimit` and one `entryLimit`: a shard that needs more takes what others do not use,
 * and then evicts its own entries by the policy, or those of others that were idle for longer. So a value may be nearly
 * as large as the limit, and what is evicted is what one cache would evict, or nearly.
 *
 * Take it where several processes write much. One that reads more than it writes, or a single process, is served better by
 * DiskCache: here verbs for many entries cost a transaction for each shard, and a process has 8 databases open.
 *
 * @example
 * ```ts
 * import { ShardedDiskCache } from '@diskcache/core';
 *
 * const cache = new ShardedDiskCache('./cache', { sizeLimit: 100_000_000 });
 * await cache.set('user:1', { name: 'Ada' }, { ttl: 60_000, tags: ['users'] });
 * console.log(await cache.get('user:1'), cache.shards); // { name: 'Ada' } 8
 * await cache.close();
 * ```
 */
export class ShardedDiskCache extends CollectionDoor implements CacheStore {
  /** The same cache for code that cannot wait, on the caller's thread, see DiskCache.sync. */
  readonly sync: ShardedDiskCacheSync;
  readonly #shards: Shards;
  readonly #iteration: ShardedIteration;
  readonly #writes: readonly Writes<PreparedValue | UnfinishedValue>[];
  readonly #removals: readonly Removals[];
  #closing: Promise<void> | undefined;

  /**
   * Opens the cache in a directory, or makes one, see DiskCache. How many shards it has is stored with it, and stays; so
   * is where each key belongs. `sizeLimit`, `entryLimit` and `memoryLimit` are for all shards together.
   *
   * @throws InvalidArgumentError when an option is wrong
   * @throws DiskCacheError `ERR_DISKCACHE_SHARDS` when the cache has another number of shards, or is none that has shards,
   *   `ERR_DISKCACHE_CORRUPT` when it cannot be told how many it has; the others that DiskCache throws
   * @throws TimeoutError when reshard() was at work on it for longer than `timeout`, for which this keeps the event loop
   */
  constructor(directory?: string, options?: ShardedDiskCacheOptions) {
    super();
    this.#shards = new Shards(directory, options);
    this.#iteration = new ShardedIteration(this.#shards);
    this.#writes = this.#shards.all.map(
      ({ engine }) => new Writes(engine, (...some) => engine.values.prepareLater(...some)),
    );
    this.#removals = this.#shards.all.map(({ engine }) => new Removals(engine));
    this.sync = new ShardedDiskCacheSync(this.#shards);
  }

  /**
   * Gives a cache another number of shards, while nobody has it open, and resolves when that is done.
   *
   * All entries keep what is recorded about them: value, deadline, tags, place in the order of insertion, uses, and for how
   * long an item of a queue is handed out. They are written beside the shards that there are, which are removed once the new
   * ones have taken their place, in one step: whoever is killed before that has changed nothing. Values in files are not
   * copied where the file system lets a file have two names. Costs reading and writing all rows, some each turn of the event
   * loop.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @throws DiskCacheError `ERR_DISKCACHE_SHARDS` when the cache is open, here or in another process,
   *   `ERR_DISKCACHE_NOT_FOUND` when there is none, `ERR_DISKCACHE_STORAGE`
   * @throws the reason of `signal`, or what `onProgress` throws: then nothing has changed
   * @example
   * ```ts
   * import { ShardedDiskCache } from '@diskcache/core';
   *
   * const before = new ShardedDiskCache('./cache', { shards: 2 });
   * await before.set('key', 'value');
   * await before.close();
   * await ShardedDiskCache.reshard('./cache', 4);
   * await using after = new ShardedDiskCache('./cache');
   * console.log(after.shards, await after.get('key')); // 4 value
   * ```
   */
  static async reshard(directory: string, shards: number, options?: ReshardOptions): Promise<void> {
    return reshard(directory, shards, options);
  }

  /** The folder that the folders of the shards are in, as an absolute path. */
  get directory(): string {
    return this.#shards.directory;
  }

  /** How many shards there are. */
  get shards(): number {
    return this.#shards.all.length;
  }

  /** Resolves to the value of a key, or to `fallback`. Costs what it does there, and the hash of the key. */
  get<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | GetOptions<Fallback>,
  ): Promise<Value | Fallback> {
    return this.#of(key).get<Value, Fallback>(key, options);
  }

  /** Resolves to the values of several keys, in their order. The shards are not all read at one moment. */
  async getMany<Value = unknown>(keys: Iterable<Key>): Promise<(Value | undefined)[]> {
    return this.#grouped(keys).eachLater((cache, some) => cache.getMany<Value>(some));
  }

  /** Resolves to whether there is a live entry. */
  has(key: Key): Promise<boolean> {
    return this.#of(key).has(key);
  }

  /** Resolves to whether there is a live entry, for each of several keys, in their order. */
  async hasMany(keys: Iterable<Key>): Promise<boolean[]> {
    return this.#grouped(keys).eachLater((cache, some) => cache.hasMany(some));
  }

  /** Resolves to an entry, with its value and what is recorded about it, or to undefined. */
  entry<Value = unknown>(key: Key): Promise<Entry<Value> | undefined> {
    return this.#of(key).entry<Value>(key);
  }

  /** Resolves to the entries of several keys, as getMany() does to their values. */
  async entryMany<Value = unknown>(keys: Iterable<Key>): Promise<(Entry<Value> | undefined)[]> {
    return this.#grouped(keys).eachLater((cache, some) => cache.entryMany<Value>(some));
  }

  /**
   * Stores a value. Where it needs more room than its shard has to give, entries of other shards go too: as long as these
   * are locked by others it waits for them, up to `timeout`. They are gone also when there is not enough room in the end, since
   * what is left is pinned.
   */
  set(key: Key, value: unknown, options?: SetOptions): Promise<void> {
    return this.#of(key).set(key, value, options);
  }

  /**
   * Stores what a stream gives as an entry's value, without ever holding it in memory.
   *
   * Of several streams that do not find room together only the one that began first goes on, whichever shards they are in.
   */
  setStream(key: Key, source: StreamSource, options?: SetStreamOptions): Promise<void> {
    return this.#shards.of(key).cache.setStream(key, source, options);
  }

  /** Resolves to the bytes of an entry's value as a Readable, or to undefined. */
  getStream(key: Key, range?: StreamRange): Promise<Readable | undefined> {
    return this.#of(key).getStream(key, range);
  }

  /** Resolves to the path of the file that an entry's value is in, or to undefined. */
  path(key: Key): Promise<string | undefined> {
    return this.#of(key).path(key);
  }

  /** Stores several entries, each by itself: what arrives together in a shard is committed together. */
  async setMany(
    entries: Iterable<readonly [key: Key, value: unknown, options?: SetOptions | undefined]>,
    options?: SetOptions,
  ): Promise<void> {
    const puts = givenPairs('entries', entries).map(([key, value, own = options]) => {
      const place = this.#shards.placeOf(key);
      const writes = this.#writes[place] as Writes<PreparedValue | UnfinishedValue>;
      return { calls: this.#shards.of(key).calls, put: writes.set(key, value, own) };
    });
    await Promise.all(puts.map(({ calls, put }) => calls.put(put)));
  }

  /** Stores a value unless there is a live entry, and resolves to whether it did. */
  add(key: Key, value: unknown, options?: SetOptions): Promise<boolean> {
    return this.#of(key).add(key, value, options);
  }

  /** Resolves to the value of a key; where there is no live entry, to what `compute` makes, which is stored. */
  getOrSet<Value>(key: Key, compute: Compute<Value>, options?: GetOrSetOptions<Value>): Promise<Value> {
    return this.#of(key).getOrSet(key, compute, options);
  }

  /** Returns a function that gives what `fn` gives for the same arguments, from the cache where it is there. */
  memoize<Wrapped extends (...args: never[]) => unknown>(
    fn: Wrapped,
    options?: MemoizeOptions<Parameters<Wrapped>, Awaited<ReturnType<Wrapped>>>,
  ): Memoized<Wrapped> {
    const plan = memoizePlan(fn, options, memoizeTerms);
    const { name: _name, key: _key, ...terms } = options ?? {};
    const getOrSet = (key: Key, compute: Compute<unknown>) =>
      this.getOrSet(key, compute, terms as GetOrSetOptions<unknown>);
    async function call(this: unknown, ...args: unknown[]): Promise<unknown> {
      return getOrSet(plan.key(...args), () => plan.fn.apply(this, args));
    }
    return dressed(call, plan, async (...args) => this.delete(plan.key(...args))) as Memoized<Wrapped>;
  }

  /** Renews the deadline of a live entry, and resolves to whether there was one. */
  touch(key: Key, options?: ExpiryOptions): Promise<boolean> {
    return this.#of(key).touch(key, options);
  }

  /** Removes an entry, and resolves to whether there was a live one. */
  delete(key: Key): Promise<boolean> {
    return this.#of(key).delete(key);
  }

  /** Takes an entry out, and resolves to its value, or to `fallback`. */
  pop<Value = unknown, Fallback = undefined>(
    key: Key,
    options?: Fallback | { fallback?: Fallback },
  ): Promise<Value | Fallback> {
    return this.#of(key).pop<Value, Fallback>(key, options);
  }

  /** Adds `delta` to a number in the cache, in one step, and resolves to the sum. */
  incr(key: Key, delta?: number, options?: CounterOptions<number>): Promise<number>;
  incr(key: Key, delta: bigint, options?: CounterOptions<bigint>): Promise<bigint>;
  incr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): Promise<N> {
    return this.#of(key).incr(key, delta as number, options as CounterOptions<number>) as Promise<N>;
  }

  /** The same with `-delta`. */
  decr(key: Key, delta?: number, options?: CounterOptions<number>): Promise<number>;
  decr(key: Key, delta: bigint, options?: CounterOptions<bigint>): Promise<bigint>;
  decr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): Promise<N> {
    return this.#of(key).decr(key, delta as number, options as CounterOptions<number>) as Promise<N>;
  }

  /** Adds an item to a queue, and resolves to its key. All items of a queue are in one shard, so that they keep their order. */
  push(prefix: string, value: unknown, options?: PushOptions): Promise<string> {
    return this.#ofQueue(prefix).push(prefix, value, options);
  }

  /** Resolves to the item at one end of a queue, or to undefined. */
  peek<Value = unknown>(prefix: string, options?: PeekOptions): Promise<Entry<Value> | undefined> {
    return this.#ofQueue(prefix).peek<Value>(prefix, options);
  }

  /** Takes the item at one end of a queue, or resolves to undefined. */
  pull<Value = unknown>(
    prefix: string,
    options: PullOptions & { lease: number },
  ): Promise<LeasedItem<Value> | undefined>;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Promise<Entry<Value> | undefined>;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Promise<Entry<Value> | undefined> {
    return this.#ofQueue(prefix).pull<Value>(prefix, options);
  }

  /** Removes several entries, each by itself, and resolves to how many of them were live. */
  async deleteMany(keys: Iterable<Key>): Promise<number> {
    const all = given('keys', keys).map(validKey);
    const removed = await Promise.all(all.map((key) => this.#of(key).delete(key)));
    return removed.filter(Boolean).length;
  }

  /** Removes all entries, one shard after the other, and resolves to how many of them were live. */
  async clear(options?: RemovalOptions): Promise<number> {
    return this.#inSteps(options, (removals, some) => removals.clear(some));
  }

  /** Removes all entries that have a tag, and resolves to how many of them were live. */
  async evict(tag: string, options?: RemovalOptions): Promise<number> {
    return this.#inSteps(options, (removals, some) => removals.evict(tag, some));
  }

  /** Removes all entries whose key is a string that starts with `prefix`, and resolves to how many of them were live. */
  async deletePrefix(prefix: string, options?: RemovalOptions): Promise<number> {
    return this.#inSteps(options, (removals, some) => removals.deletePrefix(prefix, some));
  }

  /** Removes the entries whose time has passed, and resolves to how many went. */
  async expire(options?: RemovalOptions): Promise<number> {
    return this.#inSteps(options, (removals, some) => removals.expire(some));
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones, and resolves to how many entries went. */
  async cull(options?: RemovalOptions): Promise<number> {
    return this.#inSteps(options, (removals, some) => removals.cull(some));
  }

  /**
   * Goes through the keys of the live entries of all shards, in one order.
   *
   * The order of insertion is that of the calls of one process, and between processes as exact as their clock. Costs one
   * SELECT in each shard at the start, and another for each 32 keys with 8 shards.
   *
   * @example
   * ```ts
   * import { ShardedDiskCache } from '@diskcache/core';
   *
   * await using cache = new ShardedDiskCache('./cache');
   * await cache.setMany([['b', 2], ['a', 1], [7, 'seven']]);
   * const found = [];
   * for await (const key of cache.keys()) found.push(key);
   * for await (const key of cache.keys({ order: 'insertion', limit: 1 })) found.push(key);
   * console.log(found); // [ 7, 'a', 'b', 'b' ]
   * ```
   */
  keys(options?: IterationOptions): AsyncGenerator<Key, void> {
    return this.#iteration.keysLater(options);
  }

  /** Goes through the values of the live entries, as entries() does. */
  async *values<Value = unknown>(options?: IterationOptions): AsyncGenerator<Value, void> {
    for await (const { value } of this.entries<Value>(options)) yield value;
  }

  /** Goes through the live entries, as keys() goes through their keys. */
  entries<Value = unknown>(options?: IterationOptions): AsyncGenerator<Entry<Value>, void> {
    return this.#iteration.entriesLater(options) as AsyncGenerator<Entry<Value>, void>;
  }

  /** Resolves to the first or the last live entry of those that keys() with these options would go through, or to undefined. */
  async peekEntry<Value = unknown>(
    edge: 'first' | 'last',
    options?: PeekEntryOptions,
  ): Promise<Entry<Value> | undefined> {
    return this.#iteration.edgeLater(edge, options) as Promise<Entry<Value> | undefined>;
  }

  /**
   * Runs `body` in one transaction of all shards, and resolves to what it returned when that is committed.
   *
   * The locks of all shards are waited for, without blocking, after all that this process has called before; then the body
   * runs at once. It keeps the event loop, and all other writers, for as long as it takes. When it throws, nothing has
   * changed in any shard.
   *
   * The shards are committed one right after the other. Others may see what is committed in one some µs before the next;
   * and when the process is killed, or the disk found full, just between two of them, what was committed by then stays, and the
   * rest is taken back. What has to be all or nothing at such a moment too belongs in one shard, as the items of a queue are, or in
   * a DiskCache.
   *
   * With `keys` only the shards of these are locked and waited for, so that others go on: give them where they are known.
   *
   * @param options which `keys` it is about
   * @throws what `body` threw, and then nothing has changed
   * @throws InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise; when an option is wrong
   * @throws TimeoutError when not all of the locks could be had within `timeout`: the body has not run
   * @example
   * ```ts
   * import { ShardedDiskCache } from '@diskcache/core';
   *
   * await using cache = new ShardedDiskCache('./cache');
   * await cache.setMany([['from', 10], ['to', 0]]);
   * await cache.transact((tx) => {
   *   tx.decr('from', 3);
   *   tx.incr('to', 3);
   * }, { keys: ['from', 'to'] });
   * console.log(await cache.getMany(['from', 'to'])); // [ 7, 3 ]
   * ```
   */
  async transact<Result>(
    body: (tx: ShardedDiskCacheSync) => Result,
    options?: ShardedTransactOptions,
  ): Promise<Result> {
    return transactionOf(this.#shards, options).runInTurn(validBody(body), this.sync);
  }

  /**
   * Runs `body`, which only reads, on all shards as they are at one moment, and resolves to what it returned.
   *
   * Unlike DiskCache.snapshot() it waits for the locks of all shards, as transact() does, and holds them meanwhile: or it could
   * see what a transaction has changed in one shard and not what it has in the next. Only with `readOnly`, where there are no
   * locks to be had, is each shard seen as it is at a moment of its own.
   *
   * @param options which `keys` it is about: then only the locks of their shards are waited for
   * @throws what `body` threw; InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise, or writes
   * @throws TimeoutError when not all of the locks could be had within `timeout`
   * @example
   * ```ts
   * import { ShardedDiskCache } from '@diskcache/core';
   *
   * await using cache = new ShardedDiskCache('./cache');
   * await cache.setMany([['from', 10], ['to', 0]]);
   * console.log(await cache.snapshot((view) => view.getMany(['from', 'to']))); // [ 10, 0 ]
   * ```
   */
  async snapshot<Result>(
    body: (view: CacheView) => Result,
    options?: ShardedTransactOptions,
  ): Promise<Result> {
    return transactionOf(this.#shards, options).readInTurn(validBody(body), this.sync as CacheView);
  }

  /**
   * All of a collection or recipe is in one shard, by its name; all locks and semaphores are in the same one.
   *
   * @internal
   */
  hostOf(kind: Kind, name: unknown): Host {
    return this.#of(keyOfName(kind, name)).hostOf();
  }

  /** Gives back to the file system what the databases do not need any more, and resolves to how many bytes that is. */
  async vacuum(options?: VacuumOptions): Promise<number> {
    return vacuumInTurn(this.#shards, progressOf(options, 'freed'));
  }

  /**
   * Compares all that is kept twice, in each shard, and resolves to what it found; problems name their shard by its number.
   */
  async check(options?: CheckOptions): Promise<CheckReport> {
    const parts = progressOf(options, 'checked');
    return checkOfAll(
      await Promise.all(this.#shards.all.map(({ cache }, place) => cache.check(parts(place)))),
    );
  }

  /** Resolves to what the cache holds, by all processes, and to what this process did with it since it opened it. */
  async stats(): Promise<CacheStats> {
    return statsOfAll(await Promise.all(this.#shards.all.map(({ cache }) => cache.stats())));
  }

  /** Resolves to the bytes that the entries take on disk, as they count against `sizeLimit`. */
  async size(): Promise<number> {
    return sumOf(await Promise.all(this.#shards.all.map(({ cache }) => cache.size())));
  }

  /** Resolves to how many live entries there are. */
  async count(): Promise<number> {
    return sumOf(await Promise.all(this.#shards.all.map(({ cache }) => cache.count())));
  }

  /**
   * Returns a cache of its own inside of this one, in a folder of its own and not sharded. It is closed, and destroyed, with
   * this one. All calls with a name give the same DiskCache, as long as that is open.
   *
   * It shares nothing else with this one: its keys are its own, and its limits come on top of those here.
   *
   * @param options how it is opened; what they leave out is as in this cache or, where it is open already, as it is
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when the name is not a well-formed, non-empty string, an option is
   *   wrong, or the cache is open with another one
   * @throws DiskCacheError what opening a DiskCache throws
   * @example
   * ```ts
   * import { ShardedDiskCache } from '@diskcache/core';
   *
   * await using cache = new ShardedDiskCache('./cache');
   * const pages = cache.cache('pages', { sizeLimit: 10_000_000 });
   * await pages.set('/', '<h1>Hello</h1>');
   * console.log(await cache.get('/'), cache.cache('pages') === pages); // undefined true
   * ```
   */
  cache(name: string, options?: DiskCacheOptions): DiskCache {
    this.#shards.assertOpen();
    return this.#shards.named.open(name, options);
  }

  /** Calls `listener` at each event of that name of any shard, and returns the cache. Those of cache() are their own. */
  on<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    for (const { cache } of this.#shards.all) cache.on(name, listener);
    return this;
  }

  /** Stops calling `listener`, and returns the cache. */
  off<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this {
    for (const { cache } of this.#shards.all) cache.off(name, listener);
    return this;
  }

  /** Waits for what was called before, and ends the use of the cache; calling it again does nothing more. */
  close(): Promise<void> {
    this.#closing ??= this.#shards.close();
    return this.#closing;
  }

  /**
   * Closes the cache and removes it from the disk, with all that cache() gave: all that DiskCache has made in the folder, and
   * the folder itself when nothing else is in it. What is still open elsewhere goes on as a new, empty cache of as many shards.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_READ_ONLY`, `ERR_DISKCACHE_STORAGE`
   */
  async destroy(): Promise<void> {
    for (const { engine } of this.#shards.all) engine.assertDestroyable();
    await this.close();
    await destroyShards(this.#shards);
  }

  /** Closes the cache at the end of the block of an `await using`, see close(). */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #of(key: Key): DiskCache {
    return this.#shards.of(key).cache;
  }

  #ofQueue(prefix: string): DiskCache {
    return this.#shards.ofQueue(prefix).cache;
  }

  #grouped(keys: Iterable<Key>): Grouped<DiskCache> {
    return new Grouped(
      given('keys', keys),
      this.#shards,
      (place) => (this.#shards.all[place] as Shard).cache,
    );
  }

  #inSteps(
    options: RemovalOptions | undefined,
    change: (removals: Removals, options: RemovalOptions | undefined) => Stepwise,
  ): Promise<number> {
    const parts = progressOf(options, 'removed');
    return stepsInTurn(this.#shards, (place) => change(this.#removals[place] as Removals, parts(place)));
  }
}
