import type { Readable } from 'node:stream';
import type { CacheStore } from './cache-store.ts';
import { InTurn } from './calls/in-turn.ts';
import {
  type Compute,
  computeTerms,
  memoizeTerms,
  type GetOrSetOptions,
  validFunction,
} from './compute/compute-options.ts';
import { GetOrSet } from './compute/get-or-set.ts';
import { dressed, type Memoized, type MemoizeOptions, memoizePlan } from './compute/memoize.ts';
import { DiskCacheSync } from './disk-cache-sync.ts';
import { Engine } from './engine/engine.ts';
import type { PreparedValue, UnfinishedValue } from './engine/value-layout.ts';
import { type CacheStats, statsOf } from './engine/stats.ts';
import { type Entry, entryOf } from './entry/entry.ts';
import { type ExpiryOptions, given, type SetOptions } from './entry/entry-options.ts';
import { askedFor, fallbackOf, type GetOptions } from './entry/get-options.ts';
import { givenKey, type Key, validKey } from './entry/key.ts';
import type { RemovalOptions } from './entry/progress-options.ts';
import type { IterationOptions, PeekEntryOptions } from './entry/iteration-options.ts';
import type { CacheEvents } from './events.ts';
import type { DiskCacheOptions } from './options.ts';
import { ThrownByBody } from './storage/rows/sqlite-error.ts';
import type { StreamSource } from './streams/byte-source.ts';
import { checkRange, type SetStreamOptions, type StreamRange } from './streams/stream-options.ts';
import type { CheckOptions, CheckReport } from './upkeep/check.ts';
import { checkByThread, validCheckOptions } from './verbs/checking.ts';
import { type CounterOptions, Counters } from './verbs/counters.ts';
import { Iteration } from './verbs/iteration.ts';
import { type LeasedItem, leasedItem } from './verbs/leased-item.ts';
import { type PeekOptions, type PullOptions, type PushOptions, Queues } from './verbs/queues.ts';
import { type VacuumOptions, vacuuming } from './verbs/vacuum.ts';
import { Removals } from './verbs/removals.ts';
import { Streams } from './verbs/streams.ts';
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
  readonly #iteration: Iteration;
  readonly #counters: Counters;
  readonly #queues: Queues<PreparedValue | UnfinishedValue>;
  readonly #computing: GetOrSet;
  readonly #streams: Streams;
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
    this.#calls = new InTurn(this.#engine);
    const prepare: Prepare<PreparedValue | UnfinishedValue> = (...given) =>
      this.#engine.values.prepareLater(...given);
    this.#writes = new Writes(this.#engine, prepare);
    this.#removals = new Removals(this.#engine);
    this.#iteration = new Iteration(this.#engine);
    this.#counters = new Counters(this.#engine);
    this.#queues = new Queues(this.#engine, prepare);
    this.#computing = new GetOrSet(this.#engine, this.#calls);
    this.#streams = new Streams(this.#engine);
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
   * Stores what a stream gives as an entry's value, without ever holding it in memory, and resolves when the entry is
   * committed. It goes straight into a file of its own, also when it is small; get() gives it as a Buffer. The source is
   * read only as fast as the disk takes it. What fails, is aborted or cannot fit leaves nothing: the source is destroyed,
   * and the entry that there was stays (unless it had to be the last to make room).
   *
   * The entry takes its place among calls on its key when it is called: later ones wait until the stream has ended, so the
   * source must not wait for such a call. Calls on other keys do not wait, nor do those that concern many, as clear() and
   * transact(): for them the stream is an entry from when it is committed. close() waits for the stream: use `signal` to
   * give it up.
   *
   * Room is made as bytes arrive, or at once where `size` is known. While others are written that take all of the room it
   * waits for them up to `timeout`.
   *
   * @throws InvalidArgumentError when key, source, a chunk or an option is wrong, or when the source gives more or less than
   *   `size`; DiskCacheError `ERR_DISKCACHE_TOO_LARGE` as soon as there are more bytes than can fit, `ERR_DISKCACHE_FULL`,
   *   `ERR_DISKCACHE_TIMEOUT` or `ERR_DISKCACHE_STORAGE`; the signal's reason; what the source fails with
   * @example
   * ```ts
   * import { Readable } from 'node:stream';
   *
   * const source = Readable.from(['first line\n', 'second line\n']);
   * await cache.setStream('log', source, { ttl: 3_600_000, tags: ['logs'] });
   * console.log(String(await cache.get('log')).split('\n').length); // 3
   * ```
   */
  async setStream(key: Key, source: StreamSource, options?: SetStreamOptions): Promise<void> {
    await this.#calls.putStream(this.#streams.set(key, source, options));
  }

  /**
   * The bytes of an entry's value as a Readable, text as UTF-8, or undefined when there is no live entry. Counts as a use.
   * The file is open, and has the length that was stored, when the promise resolves: that the entry is replaced, removed
   * or evicted, or the cache closed, does not harm the stream. It has to be read to its end or destroyed, which closes the
   * file. With option `checksum` a stream of the whole value ends with an error, before its last chunk, when it is not what
   * was stored.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` for a range that starts past the value's end, `ERR_DISKCACHE_VALUE`
   *   for a value that is neither bytes nor text; DiskCacheError `ERR_DISKCACHE_STORAGE`, also as the stream's own error
   * @example
   * ```ts
   * await cache.setStream('log', ['first line, second line']);
   * const stream = await cache.getStream('log', { start: 6, end: 9 });
   * for await (const chunk of stream ?? []) console.log(String(chunk)); // line
   * ```
   */
  async getStream(key: Key, range?: StreamRange): Promise<Readable | undefined> {
    return this.#calls.openStream(validKey(key), checkRange(range));
  }

  /**
   * The absolute path of the file that an entry's value is in, for programs that read files; undefined when there is no
   * live entry, or when its value is in the database, as small ones are that setStream() did not store. Counts as a use.
   * The file holds bytes as they are, text as UTF-8, other values as they were serialized. It must not be changed, and is
   * there only until the entry is replaced, removed or evicted.
   *
   * @example
   * ```ts
   * await cache.setStream('picture', [new Uint8Array([0x89, 0x50])]);
   * console.log((await cache.path('picture'))?.endsWith('.val')); // true
   * ```
   */
  async path(key: Key): Promise<string | undefined> {
    return this.#calls.path(validKey(key));
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
   * The value of a key; where there is no live entry, what `compute` makes, which is stored. Of all calls for the key that
   * come meanwhile, in all processes that use the cache, only one computes, and the others wait for its value. When its
   * process dies another computes, within `lease`; when it fails, its own process's calls reject with what it threw, and
   * each other process tries for itself.
   *
   * A call that finds a live entry costs what get() does. One that computes makes two small transactions. `undefined` is
   * returned but never stored. What is set, deleted or evicted meanwhile stays so: the value that was being computed is
   * returned to those who waited, and not stored. It is not stored either, and the 'error' event tells why, when the disk
   * is full or the lock not to be had; a value that no cache could store is an error of the call. `compute` must not wait
   * for getOrSet() of the same key: that would be itself.
   *
   * close() waits for calls that compute, and aborts what is computed in the background.
   *
   * @throws what `compute` threw, the reason of `signal`, InvalidArgumentError when an argument or the value is wrong,
   *   TimeoutError after `timeout`, DiskCacheError `ERR_DISKCACHE_KEPT_FAILURE`, and what get() throws
   * @example
   * ```ts
   * import { DiskCache } from '@diskcache/core';
   *
   * const cache = new DiskCache('./cache');
   * const report = () => cache.getOrSet('report', async () => ({ made: Date.now() }), { ttl: 60_000, tags: ['reports'] });
   * console.log((await report()).made === (await report()).made); // true
   * await cache.close();
   * ```
   */
  async getOrSet<Value>(key: Key, compute: Compute<Value>, options?: GetOrSetOptions<Value>): Promise<Value> {
    const request = {
      key: validKey(key),
      compute: validFunction('compute', compute),
      terms: computeTerms(options),
    };
    return this.#computing.call(request) as Promise<Value>;
  }

  /**
   * A function that gives what `fn` gives for the same arguments, from the cache where it is there: getOrSet() under a key
   * made of the function's name and the cacheKey() of the arguments. `this` is passed on, and is no part of the key. Beside
   * its call it has `key(...args)`, `delete(...args)` and `fn`. Names change when code is minified: then give one.
   *
   * @throws InvalidArgumentError when an option is wrong, or a function without a name is given none; from the memoized
   *   function also `ERR_DISKCACHE_KEY`, for arguments of which cacheKey() makes no key
   * @example
   * ```ts
   * import { DiskCache } from '@diskcache/core';
   *
   * const cache = new DiskCache('./cache');
   * const square = cache.memoize(async (n: number) => n * n, { name: 'square', ttl: 60_000 });
   * console.log(await square(3)); // 9
   * console.log(square.key(3)); // square:3
   * console.log(await square.delete(3)); // true
   * await cache.close();
   * ```
   */
  memoize<Wrapped extends (...args: never[]) => unknown>(
    fn: Wrapped,
    options?: MemoizeOptions<Parameters<Wrapped>, Awaited<ReturnType<Wrapped>>>,
  ): Memoized<Wrapped> {
    const plan = memoizePlan(fn, options, memoizeTerms);
    const { key, terms } = plan;
    const computing = this.#computing;
    async function call(this: unknown, ...args: unknown[]): Promise<unknown> {
      return computing.call({ key: key(...args), compute: () => plan.fn.apply(this, args), terms });
    }
    return dressed(call, plan, async (...args) => this.delete(key(...args))) as Memoized<Wrapped>;
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
  async clear(options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.clear(options));
  }

  /** Removes all entries that have a tag. @returns how many live ones */
  async evict(tag: string, options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.evict(tag, options));
  }

  /** Removes all entries whose key is a string that starts with `prefix`. @returns how many live ones */
  async deletePrefix(prefix: string, options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.deletePrefix(prefix, options));
  }

  /** Removes the entries whose time has passed; upkeep does so too, a little later. @returns how many */
  async expire(options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.expire(options));
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. @returns how many */
  async cull(options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.cull(options));
  }

  /**
   * The keys of the live entries, in their order or that of insertion. Others may write meanwhile: what is there all the
   * time comes once, what comes or goes may or may not. Costs the same for each key however many there are; with both
   * `tag` and order 'insertion', 8 bytes of memory for each entry of the tag.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_ABSENT` when `after` in the order of insertion is not in the cache
   */
  async *keys(options?: IterationOptions): AsyncGenerator<Key, void> {
    for await (const rows of this.#calls.pages(this.#iteration.keys(options))) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /** The values of the live entries, as keys() goes through them. That is no use of them. */
  async *values<Value = unknown>(options?: IterationOptions): AsyncGenerator<Value, void> {
    for await (const { value } of this.entries<Value>(options)) yield value;
  }

  /** The live entries, as keys() goes through them. That is no use of them. */
  async *entries<Value = unknown>(options?: IterationOptions): AsyncGenerator<Entry<Value>, void> {
    for await (const rows of this.#calls.pages(this.#iteration.entries(options))) {
      for (const row of rows) {
        const found = await this.#calls.valueOfMany(row.key, row, this.#engine.live.findFull);
        if (found !== undefined) yield entryOf(found.row, found.value) as Entry<Value>;
      }
    }
  }

  /**
   * The first or the last live entry of those that keys() with these options would go through, or undefined when there is
   * none. That is no use of it.
   */
  async peekEntry<Value = unknown>(
    edge: 'first' | 'last',
    options?: PeekEntryOptions,
  ): Promise<Entry<Value> | undefined> {
    for await (const [row] of this.#calls.pages(this.#iteration.edge(edge, options))) {
      const found = row && (await this.#calls.valueOf(row.key, row, this.#engine.live.findFull));
      if (found !== undefined) return entryOf(found.row, found.value) as Entry<Value>;
    }
    return undefined;
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
    return this.#calls.write({ concerned: 'every key', work });
  }

  /**
   * Gives the pages of the database that hold nothing back to the file system, some at a time and with other calls in
   * between, and then empties the log. The next writes have to ask for that space again: only for a cache that has
   * shrunk and is to stay small. While a reader is in the way the files keep their size for a while longer.
   *
   * @returns how many bytes
   */
  async vacuum(options?: VacuumOptions): Promise<number> {
    const steps = vacuuming(this.#engine, options);
    return this.#calls.amongOthers(steps, () => this.#engine.checkpoints.empty());
  }

  /**
   * Compares all that is kept twice: the database's own structure, the totals, tags and the order of insertion with the
   * entries, and the entries with their files. With `fix` it repairs what is not right, a little at a time with other
   * writers in between; an entry whose file is missing or damaged is removed. A damaged database is only reported.
   * Done by a thread of its own; it takes long in a large cache.
   *
   * @throws the reason of a signal that is aborted; InvalidArgumentError `ERR_DISKCACHE_OPTION`
   */
  async check(options?: CheckOptions): Promise<CheckReport> {
    const checked = validCheckOptions(options);
    await this.#calls.read('every key', () => undefined);
    return this.#calls.underway(checkByThread(this.#engine, checked));
  }

  /** What the cache holds, and what this process did with it. */
  async stats(): Promise<CacheStats> {
    return this.#calls.read('every key', () => statsOf(this.#engine));
  }

  /** Bytes that the entries take on disk, as they count against `sizeLimit`. */
  async size(): Promise<number> {
    return this.#calls.read('every key', () => this.#engine.totals().size);
  }

  /** How many live entries there are. */
  async count(): Promise<number> {
    return this.#calls.read('every key', () => this.#engine.totals().count);
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
   * fail with `ERR_DISKCACHE_CLOSED` from the call on. What getOrSet() computes in the background is aborted. A log of more than 256 KiB is put in order by a thread.
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
    this.#computing.close();
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
