import type { Readable } from 'node:stream';
import type { CacheStore } from './cache-store.ts';
import type { Host } from './collection-store.ts';
import { CollectionDoor } from './collection-door.ts';
import { InTurn } from './calls/in-turn.ts';
import { type Compute, computeTerms, memoizeTerms, type GetOrSetOptions } from './compute/compute-options.ts';
import { GetOrSet } from './compute/get-or-set.ts';
import { type Memoized, memoizedBy, type MemoizeOptions, memoizePlan } from './compute/memoize.ts';
import { type CacheView, DiskCacheSync } from './disk-cache-sync.ts';
import { Engine } from './engine/engine.ts';
import type { StagedValue } from './engine/staged-value.ts';
import type { PreparedValue, UnfinishedValue } from './engine/value-layout.ts';
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
import type { SnapshotOptions, TransactOptions } from './entry/transact-options.ts';
import { type CacheEvents, Events } from './events.ts';
import { hostOf } from './host.ts';
import type { DiskCacheOptions } from './options.ts';
import { destroy } from './storage/destruction.ts';
import type { StreamSource } from './streams/byte-source.ts';
import { checkRange, type SetStreamOptions, type StreamRange } from './streams/stream-options.ts';
import type { CheckOptions, CheckReport } from './upkeep/findings.ts';
import { checkByThread, validCheckOptions } from './verbs/checking.ts';
import { type CounterOptions, Counters } from './verbs/counters.ts';
import { Iteration } from './verbs/iteration.ts';
import { type LeasedItem, pullLeased } from './verbs/leased-item.ts';
import { type PeekOptions, type PullOptions, type PushOptions, Queues } from './verbs/queues.ts';
import { type VacuumOptions, vacuuming } from './verbs/vacuum.ts';
import { Removals } from './verbs/removals.ts';
import { Streams } from './verbs/streams.ts';
import { Transactions } from './verbs/transactions.ts';
import { type Prepare, Writes } from './verbs/writes.ts';

/**
 * A persistent cache in a directory, shared by all processes that open it.
 *
 * It never makes the event loop wait for a lock, for the disk to sync, or for a large file; calls that arrive together
 * are committed together. Calls on one key take effect in the order in which they were made, awaited or not. A promise
 * that resolved is a transaction that was committed. Values up to `fileThreshold` are rows of an SQLite database,
 * larger ones are files.
 *
 * Beside what is said there, each verb can reject with a DiskCacheError: `ERR_DISKCACHE_CLOSED` after close(),
 * `ERR_DISKCACHE_STORAGE` when the system or SQLite fails, and a TimeoutError (`ERR_DISKCACHE_TIMEOUT`) when others
 * hold the lock for longer than `timeout`, which only verbs that write have to wait for.
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
export class DiskCache extends CollectionDoor implements CacheStore {
  /**
   * The same cache for code that cannot wait, on the caller's thread.
   *
   * It does not see calls of this DiskCache that are still pending. To close it closes this DiskCache, without waiting
   * for those.
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
  readonly #transactions: Transactions<DiskCacheSync>;
  readonly #host: Host;
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
  constructor(directory?: string, options?: DiskCacheOptions);
  /** @internal */
  constructor(engine: Engine, calls: InTurn);
  constructor(given?: string | Engine, more?: DiskCacheOptions | InTurn) {
    super();
    this.#engine = given instanceof Engine ? given : new Engine(given, more as DiskCacheOptions | undefined);
    this.#calls = more instanceof InTurn ? more : new InTurn(this.#engine);
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
    this.#transactions = new Transactions(this.#engine, this.sync);
    this.#host = hostOf(this, this.#engine);
  }

  /** @internal */
  hostOf(): Host {
    return this.#host;
  }

  /** The folder the cache is in, as an absolute path. */
  get directory(): string {
    return this.#engine.directory;
  }

  /**
   * Resolves to the value of a key, or to `fallback` where there is no live entry.
   *
   * A hit is noted as a use. An entry whose file is gone or damaged is a miss: it is removed, and an 'error' event
   * tells of it. The type is yours to know: nothing compares the value with `Value`.
   *
   * Costs one SELECT at most, and none where the row is in memory. It never writes. A file is read off the event loop.
   *
   * @param options a fallback; or, as a plain object, `{ fallback, maxAge }` with `maxAge` in ms
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`; `ERR_DISKCACHE_OPTION` for a plain object with other names, or
   *   none; `ERR_DISKCACHE_TTL` for a wrong `maxAge`
   * @throws SerializerError when the entry was written by what this cache does not have, or cannot be decoded
   * @example
   * ```ts
   * await cache.set('color', 'blue');
   * console.log(await cache.get('color')); // blue
   * console.log(await cache.get('size', 'unknown')); // unknown
   * console.log(await cache.get('color', { maxAge: 60_000, fallback: 'too old' })); // blue
   * ```
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
   * Resolves to the values of several keys, in their order, with undefined where there is no live entry.
   *
   * One that cannot be read (a SerializerError) is undefined too, and an 'error' event tells of it. Each key counts as
   * in get().
   *
   * Costs less than as many get(): the rows of 256 keys are read in one turn of the event loop, in one read
   * transaction. More keys than that are not all read at one moment.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` when `keys` is not iterable
   * @example
   * ```ts
   * await cache.setMany([
   *   ['a', 1],
   *   ['b', 2],
   * ]);
   * console.log(await cache.getMany(['a', 'x', 'b'])); // [ 1, undefined, 2 ]
   * ```
   */
  async getMany<Value = unknown>(keys: Iterable<Key>): Promise<(Value | undefined)[]> {
    const found = await this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.find);
    return found.map((one) => one?.value as Value | undefined);
  }

  /**
   * Resolves to whether there is a live entry.
   *
   * It is no use of the entry, and neither a hit nor a miss. Costs one SELECT, which does not read the value.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
   * @example
   * ```ts
   * await cache.set('empty', null);
   * console.log(await cache.has('empty'), await cache.has('absent')); // true false
   * ```
   */
  async has(key: Key): Promise<boolean> {
    const checked = validKey(key);
    return this.#calls.read([checked], () => this.#engine.live.has(checked));
  }

  /**
   * Resolves to whether there is a live entry for each of several keys, in their order.
   *
   * Is no use of them, and costs a SELECT each, of which 256 are made in one turn of the event loop and one read transaction.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` when `keys` is not iterable
   * @example
   * ```ts
   * await cache.set('a', 1);
   * console.log(await cache.hasMany(['a', 'b'])); // [ true, false ]
   * ```
   */
  async hasMany(keys: Iterable<Key>): Promise<boolean[]> {
    return this.#calls.lookMany(given('keys', keys).map(validKey), this.#engine.live.has);
  }

  /**
   * Resolves to an entry, with its value and what is recorded about it, or to undefined when there is no live one.
   *
   * Counts, costs and fails as get() does.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`; SerializerError
   * @example
   * ```ts
   * await cache.set('user:1', { name: 'Ada' }, { tags: ['users'] });
   * const entry = await cache.entry('user:1');
   * console.log(entry?.value, entry?.tags, entry?.expires); // { name: 'Ada' } [ 'users' ] undefined
   * ```
   */
  async entry<Value = unknown>(key: Key): Promise<Entry<Value> | undefined> {
    const found = await this.#calls.load(validKey(key), this.#engine.live.findFull);
    return found && (this.#engine.live.entryOf(found.row, found.value) as Entry<Value>);
  }

  /**
   * Resolves to the entries of several keys, in their order, with undefined where there is no live one, or none that
   * can be read.
   *
   * Counts, costs and fails as getMany() does.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` when `keys` is not iterable
   * @example
   * ```ts
   * await cache.set('a', 'text');
   * const entries = await cache.entryMany(['a', 'b']);
   * console.log(entries.map((entry) => entry?.size)); // [ 4, undefined ]
   * ```
   */
  async entryMany<Value = unknown>(keys: Iterable<Key>): Promise<(Entry<Value> | undefined)[]> {
    const found = await this.#calls.loadMany(given('keys', keys).map(validKey), this.#engine.live.findFull);
    return found.map((one) => one && (this.#engine.live.entryOf(one.row, one.value) as Entry<Value>));
  }

  /**
   * Stores a value, in place of the one there was and of its deadline and tags.
   *
   * When it resolves the entry is committed, and the cache within its limits. The value is serialized when set() is
   * called: it may be changed right after. Only bytes of `fileThreshold` and more must stay as they are until it
   * resolves. An entry whose deadline has passed already is removed, and none is stored.
   *
   * Costs one transaction, shared with all that is called in the same turn of the event loop. A file is written before
   * it, and long values compressed, off the event loop. A full cache evicts as much as is needed, in slices of about 5
   * ms; while files that are just being written, by any process, take all of the room, it waits for them up to
   * `timeout`. What is committed outlives a crash; a power cut only with `durability: 'full'`.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`; `ERR_DISKCACHE_VALUE` for a value that would not come back as it
   *   is, undefined among them; `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_TTL` or `ERR_DISKCACHE_TAG` for wrong options
   * @throws DiskCacheError `ERR_DISKCACHE_TOO_LARGE` or `ERR_DISKCACHE_FULL`; the entry that there was stays. It goes
   *   before a file that only finds room without it is written, also when that fails then
   * @example
   * ```ts
   * await cache.set('session', { user: 7 }, { ttl: 60_000, tags: ['user:7'] });
   * await cache.set('session', { user: 8 }); // without deadline and tags
   * console.log((await cache.entry('session'))?.tags); // []
   * ```
   */
  async set(key: Key, value: unknown, options?: SetOptions): Promise<void> {
    await this.#calls.put(this.#writes.set(key, value, options));
  }

  /**
   * Stores what a stream gives as an entry's value, without ever holding it in memory.
   *
   * It resolves when the entry is committed. It goes straight into a file of its own, also when it is small, and is not
   * compressed; get() gives it as a Buffer. The source is read only as fast as the disk takes it. What fails, is
   * aborted or cannot fit leaves nothing: the source is destroyed, and the entry that there was stays (unless it had to
   * be the last to make room).
   *
   * The entry takes its place among calls on its key when it is called: later ones wait until the stream has ended, so
   * the source must not wait for such a call. Calls on other keys do not wait, nor do those that concern many, as
   * clear() and transact(): for them the stream is an entry from when it is committed. close() waits for the stream:
   * use `signal` to give it up.
   *
   * Room is made as bytes arrive, or at once where `size` is known, each time in a small transaction. While others are
   * written that take all of the room it waits for them up to `timeout`. Of several streams whose ends are not known and
   * that together fill more than a quarter of `sizeLimit`, only the one that began first grows past a sixteenth: so one
   * always finds room to end.
   *
   * @throws InvalidArgumentError when key, source, a chunk or an option is wrong, and `ERR_DISKCACHE_VALUE` when the
   *   source gives more or less than `size`
   * @throws DiskCacheError `ERR_DISKCACHE_TOO_LARGE` as soon as there are more bytes than can fit, or
   *   `ERR_DISKCACHE_FULL`
   * @throws the signal's reason; what the source fails with
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
   * Resolves to the bytes of an entry's value as a Readable, text as UTF-8, or to undefined when there is no live
   * entry.
   *
   * Counts as a use. The file is open, and has the length that was stored, when the promise resolves: that the entry is
   * replaced, removed or evicted, or the cache closed, does not harm the stream. It has to be read to its end or
   * destroyed, which closes the file. A value that is compressed is given as it was before, and for a range of it all
   * that comes before is decompressed too. With option `checksum` a stream of the whole value ends with an error,
   * before its last chunk, when it is not what was stored; a range is not compared.
   *
   * Costs one SELECT and the opening of the file. Bytes are read as they are taken, off the event loop.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` for a range that starts past the value's end,
   *   `ERR_DISKCACHE_VALUE` for a value that is neither bytes nor text
   * @throws DiskCacheError `ERR_DISKCACHE_STORAGE`, also as the stream's own error
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
   * Resolves to the absolute path of the file that an entry's value is in, for programs that read files; to undefined
   * when there is no live entry, when its value is compressed, or when it is in the database, as small ones are that
   * setStream() did not store.
   *
   * Counts as a use, and costs one SELECT; the file is not looked at. It holds bytes as they are, text as UTF-8, other
   * values as they were serialized. It must not be changed, and is there only until the entry is replaced, removed or
   * evicted.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
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
   * Stores several entries, with the options that one has of its own, or else those for all.
   *
   * When one is invalid nothing is stored; when one fails later, the others may have been. For all or nothing use
   * transact(). Of entries with one key the last counts.
   *
   * Costs as few transactions as let the event loop turn meanwhile: one for up to 1,024 entries that take no more than
   * 5 ms.
   *
   * @throws as set(), and InvalidArgumentError `ERR_DISKCACHE_OPTION` when `entries` is no iterable of pairs
   * @example
   * ```ts
   * const prices = new Map([['apple', 3], ['pear', 4]]);
   * await cache.setMany(prices, { ttl: 60_000 });
   * console.log(await cache.count()); // 2
   * ```
   */
  async setMany(
    entries: Iterable<readonly [key: Key, value: unknown, options?: SetOptions | undefined]>,
    options?: SetOptions,
  ): Promise<void> {
    const all = givenPairs('entries', entries).map(([key, value, own = options]) =>
      this.#writes.set(key, value, own),
    );
    await Promise.all(all.map((one) => this.#calls.put(one)));
  }

  /**
   * Stores a value unless there is a live entry, and resolves to whether it did.
   *
   * Of several processes that add one key, one gets true. Costs what set() does; where an entry is seen to be there no
   * file is written.
   *
   * @throws as set(), also where there is an entry
   * @example
   * ```ts
   * console.log(await cache.add('leader', 'first', { ttl: 10_000 })); // true
   * console.log(await cache.add('leader', 'second', { ttl: 10_000 })); // false
   * ```
   */
  async add(key: Key, value: unknown, options?: SetOptions): Promise<boolean> {
    return this.#calls.put(this.#writes.add(key, value, options));
  }

  /**
   * Resolves to the value of a key; where there is no live entry, to what `compute` makes, which is stored.
   *
   * Of all calls for the key that come meanwhile, in all processes that use the cache, only one computes, and the
   * others wait for its value. When its process dies another computes, within `lease`; when it fails, its own process's
   * calls reject with what it threw, and each other process tries for itself.
   *
   * `undefined` is returned but never stored. What is set, deleted or evicted meanwhile stays so: the value that was
   * being computed is returned to those who waited, and not stored. It is not stored either, and the 'error' event
   * tells why, when the disk is full or the lock not to be had; a value that no cache could store is an error of the
   * call. `compute` must not wait for getOrSet() of the same key: that would be itself. close() waits for calls that
   * compute, and aborts what is computed in the background.
   *
   * Where there is a live entry it costs, and counts, what get() does. One that computes makes two small transactions.
   * One that waits for another process looks again after 1 ms at first and 100 ms at most, with two SELECTs.
   *
   * @throws what `compute` threw; the reason of `signal`; TimeoutError after `timeout`; what get() throws
   * @throws InvalidArgumentError when an argument or the value is wrong
   * @throws DiskCacheError `ERR_DISKCACHE_KEPT_FAILURE` while `errorTtl` keeps a failure, and `ERR_DISKCACHE_TOO_LARGE`
   * @example
   * ```ts
   * const report = () => cache.getOrSet('report', async () => ({ made: Date.now() }), { ttl: 60_000, tags: ['reports'] });
   * console.log((await report()).made === (await report()).made); // true
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
   * Returns a function that gives what `fn` gives for the same arguments, from the cache where it is there: getOrSet()
   * under a key made of the function's name and the cacheKey() of the arguments.
   *
   * `this` is passed on, and is no part of the key. Beside its call it has `key(...args)`, `delete(...args)` and `fn`.
   * Names change when code is minified: then give one. Functions of one name share their entries.
   *
   * A call costs what getOrSet() does, and the making of its key.
   *
   * @throws InvalidArgumentError (at once, not as a rejection) when an option is wrong, or a function without a name is
   *   given none; calls reject as getOrSet() does, and with `ERR_DISKCACHE_KEY` for arguments of which cacheKey() makes
   *   no key
   * @example
   * ```ts
   * const square = cache.memoize(async (n: number) => n * n, { name: 'square', ttl: 60_000 });
   * console.log(await square(3)); // 9
   * console.log(square.key(3)); // square:3
   * console.log(await square.delete(3)); // true
   * ```
   */
  memoize<Wrapped extends (...args: never[]) => unknown>(
    fn: Wrapped,
    options?: MemoizeOptions<Parameters<Wrapped>, Awaited<ReturnType<Wrapped>>>,
  ): Memoized<Wrapped> {
    const plan = memoizePlan(fn, options, memoizeTerms);
    return memoizedBy(this.#computing, plan, (key) => this.delete(key)) as Memoized<Wrapped>;
  }

  /**
   * Renews the deadline of a live entry, as set() would do it, and resolves to whether there was one.
   *
   * Without `ttl`, `expires` or a `ttl` of the cache the entry keeps its deadline. Value and tags stay. Counts as a
   * use. Costs one transaction; a file stays as it is.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, `ERR_DISKCACHE_OPTION` or `ERR_DISKCACHE_TTL`
   * @example
   * ```ts
   * await cache.set('session', 'Ada', { ttl: 1_000 });
   * console.log(await cache.touch('session', { ttl: 60_000 })); // true
   * console.log(await cache.touch('nobody', { ttl: 60_000 })); // false
   * ```
   */
  async touch(key: Key, options?: ExpiryOptions): Promise<boolean> {
    return this.#calls.write(this.#writes.touch(key, options));
  }

  /**
   * Removes an entry, and resolves to whether there was a live one.
   *
   * What getOrSet() is just computing for the key is not stored. Costs one transaction; a file goes after the commit,
   * off the event loop.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
   * @example
   * ```ts
   * await cache.set('a', 1);
   * console.log(await cache.delete('a'), await cache.delete('a')); // true false
   * ```
   */
  async delete(key: Key): Promise<boolean> {
    return this.#calls.write(this.#writes.delete(key));
  }

  /**
   * Takes a value out: resolves to it and removes its entry, so that of several callers one gets it; to `fallback` when
   * there is no live entry.
   *
   * When the process dies in between, the value is lost; pull() with a lease is for what must not be. Costs one
   * transaction; a file is read after it, off the event loop.
   *
   * @param options a fallback; one that is a plain object as `{ fallback }`
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` for a plain object with other names, or
   *   none
   * @throws SerializerError when the entry was written by what this cache does not have, and stays; or cannot be
   *   decoded
   * @example
   * ```ts
   * await cache.set('token', 'abc');
   * console.log(await cache.pop('token')); // abc
   * console.log(await cache.pop('token', 'used')); // used
   * ```
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
   * Adds to a number, in one step that no other process comes between, and resolves to the sum.
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
   * await cache.incr('visits');
   * console.log(await cache.incr('visits', 2)); // 3
   * console.log(await cache.incr('stars', 1n, { default: 10n ** 20n })); // 100000000000000000001n
   * ```
   */
  incr(key: Key, delta?: number, options?: CounterOptions<number>): Promise<number>;
  incr(key: Key, delta: bigint, options?: CounterOptions<bigint>): Promise<bigint>;
  async incr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): Promise<N> {
    return this.#calls.write(this.#counters.incr(key, delta, options)) as Promise<N>;
  }

  /**
   * Subtracts from a number, as incr() adds, and resolves to the difference. It may fall below 0.
   *
   * @param delta a number, or a bigint for an entry that is one @default 1
   * @throws as incr()
   * @example
   * ```ts
   * console.log(await cache.decr('tickets', 1, { default: 100 })); // 99
   * ```
   */
  decr(key: Key, delta?: number, options?: CounterOptions<number>): Promise<number>;
  decr(key: Key, delta: bigint, options?: CounterOptions<bigint>): Promise<bigint>;
  async decr<N extends number | bigint>(key: Key, delta?: N, options?: CounterOptions<N>): Promise<N> {
    return this.#calls.write(this.#counters.decr(key, delta, options)) as Promise<N>;
  }

  /**
   * Adds an item to the queue of a prefix, and resolves to the key it got.
   *
   * Items are entries like others, with keys `prefix#…` in their order, but they are never evicted; what no limit has
   * room for is refused. They go by their `ttl` (or that of the cache), by evict(), clear() and the like. Calls of one
   * process on one queue keep their order. Costs one transaction.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` when the prefix is empty or no string; as set() otherwise
   * @throws DiskCacheError `ERR_DISKCACHE_FULL` or `ERR_DISKCACHE_TOO_LARGE`
   * @example
   * ```ts
   * await cache.push('jobs', { id: 1 });
   * await cache.push('jobs', { id: 0 }, { side: 'front' });
   * console.log((await cache.pull('jobs'))?.value); // { id: 0 }
   * ```
   */
  async push(prefix: string, value: unknown, options?: PushOptions): Promise<string> {
    const pushed = this.#queues.push(prefix, value, options);
    await this.#calls.put(pushed);
    return pushed.key();
  }

  /**
   * Resolves to the item at one end of a queue that pull() would take, or to undefined when there is none that is free.
   *
   * Nothing is reserved: another may take it next. It is no use of the item. Costs one SELECT, which passes over those
   * that are handed out.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` or `ERR_DISKCACHE_OPTION`; SerializerError
   * @example
   * ```ts
   * await cache.push('jobs', 'first');
   * await cache.push('jobs', 'last');
   * console.log((await cache.peek('jobs', { side: 'back' }))?.value); // last
   * ```
   */
  async peek<Value = unknown>(prefix: string, options?: PeekOptions): Promise<Entry<Value> | undefined> {
    const { concerned, find } = this.#queues.peek(prefix, options);
    for (;;) {
      const row = await this.#calls.read(concerned, find);
      if (row === undefined) return undefined;
      const found = await this.#calls.valueOf(row.key, row, this.#engine.live.findFull);
      if (found !== undefined) return this.#engine.live.entryOf(found.row, found.value) as Entry<Value>;
    }
  }

  /**
   * Takes the item at one end of a queue, or resolves to undefined when there is none that is free; it does not wait
   * for one.
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
   * await cache.push('jobs', 'resize');
   * const job = await cache.pull('jobs', { lease: 30_000 });
   * console.log(job?.value, await cache.peek('jobs')); // resize undefined
   * console.log(await job?.ack()); // true
   * ```
   */
  pull<Value = unknown>(
    prefix: string,
    options: PullOptions & { lease: number },
  ): Promise<LeasedItem<Value> | undefined>;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Promise<Entry<Value> | undefined>;
  async pull<Value = unknown>(prefix: string, options: PullOptions = {}): Promise<Entry<Value> | undefined> {
    if (options?.lease !== undefined)
      return pullLeased<Value>(this.#engine, this.#calls, this.#queues, prefix, options);
    const taken = await this.#calls.take(this.#queues.pull(prefix, options));
    return taken && (this.#engine.live.entryOf(taken.row, taken.value) as Entry<Value>);
  }

  /**
   * Removes several entries, and resolves to how many of them were live.
   *
   * Costs as few transactions as let the event loop turn meanwhile. When one fails, others may be gone; for all or
   * nothing use transact().
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, or `ERR_DISKCACHE_OPTION` when `keys` is not iterable
   * @example
   * ```ts
   * await cache.set('a', 1);
   * console.log(await cache.deleteMany(['a', 'b'])); // 1
   * ```
   */
  async deleteMany(keys: Iterable<Key>): Promise<number> {
    const all = given('keys', keys).map((key) => this.#writes.delete(key));
    const removed = await Promise.all(all.map((one) => this.#calls.write(one)));
    return removed.filter(Boolean).length;
  }

  /**
   * Removes all entries, pinned ones and queues included, and resolves to how many of them were live.
   *
   * What others add meanwhile may stay. Calls of this process that come later wait for it, reads too. What getOrSet()
   * is computing is not stored.
   *
   * Costs steps of about 5 ms, each a transaction, with other processes and the event loop in between. The last up to
   * 256 MiB of rows go in one transaction, which a thread does where that takes more than a few ms: others wait for up
   * to some 200 ms.
   *
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * await cache.set('a', 1);
   * console.log(await cache.clear(), await cache.count()); // 1 0
   * ```
   */
  async clear(options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.clear(options));
  }

  /**
   * Removes all entries that have a tag, and resolves to how many of them were live.
   *
   * Calls of this process that come later wait for it, reads too. What getOrSet() is computing is not stored when it
   * gets the tag. Costs steps of about 5 ms, each a transaction, with other processes and the event loop in between;
   * entries without the tag are not looked at. It is not one moment for other processes: they may see some of the
   * entries gone, and others not.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_TAG` or `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * await cache.set('post:1', 'Hello', { tags: ['posts', 'author:7'] });
   * console.log(await cache.evict('author:7')); // 1
   * ```
   */
  async evict(tag: string, options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.evict(tag, options));
  }

  /**
   * Removes all entries whose key is a string that starts with `prefix`, and resolves to how many of them were live.
   *
   * The empty prefix means all strings. Takes effect, and costs, as evict() does.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` or `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * await cache.setMany([['user:1', 'Ada'], ['user:2', 'Bob'], ['team:1', 'A']]);
   * console.log(await cache.deletePrefix('user:')); // 2
   * ```
   */
  async deletePrefix(prefix: string, options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.deletePrefix(prefix, options));
  }

  /**
   * Removes the entries whose time has passed, and resolves to how many went.
   *
   * They are not given out anyway; upkeep removes them within about 10 seconds, and a write that needs room at once.
   * Values that may still stand in for getOrSet() (`staleIfError`, `staleWhileRevalidate`) stay until that is over.
   * Costs steps of about 5 ms, each a transaction.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * import { DiskCache } from '@diskcache/core';
   *
   * let now = 0;
   * await using cache = new DiskCache('./cache', { clock: { now: () => now, every: () => () => undefined } });
   * await cache.set('short', 'lived', { ttl: 10 });
   * now = 10;
   * console.log(await cache.expire()); // 1
   * ```
   */
  async expire(options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.expire(options));
  }

  /**
   * Evicts what is over the limits, as after opening a cache with lower ones, and resolves to how many entries went.
   *
   * The next write does so too. Costs steps of about 5 ms, each a transaction.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_FULL` when `eviction: 'none'`, or that the rest is pinned, forbids it
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @example
   * ```ts
   * import { DiskCache } from '@diskcache/core';
   *
   * await using large = new DiskCache('./cache');
   * await large.setMany([['a', 1], ['b', 2], ['c', 3]]);
   * await using small = new DiskCache('./cache', { entryLimit: 2 });
   * console.log(await small.cull(), await small.count()); // 1 2
   * ```
   */
  async cull(options?: RemovalOptions): Promise<number> {
    return this.#calls.inSteps(this.#removals.cull(options));
  }

  /**
   * Goes through the keys of the live entries, in their order or that of insertion.
   *
   * Others may write meanwhile: what is there all the time comes once, what comes or goes may or may not. It is no use
   * of the entries. Nothing is held open between two steps: to stop early costs nothing.
   *
   * Costs one SELECT for 256 keys, after which the event loop turns, and the same for each key however many there are;
   * with both `tag` and order 'insertion', 8 bytes of memory for each entry of the tag.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_KEY` or `ERR_DISKCACHE_TAG`, at the first step
   * @throws DiskCacheError `ERR_DISKCACHE_ABSENT` when `after` in the order of insertion is not in the cache
   * @example
   * ```ts
   * await cache.setMany([['b', 2], ['a', 1], [7, 'seven']]);
   * const found = [];
   * for await (const key of cache.keys({ limit: 2 })) found.push(key);
   * for await (const key of cache.keys({ order: 'insertion', limit: 2 })) found.push(key);
   * console.log(found); // [ 7, 'a', 'b', 'a' ]
   * ```
   */
  async *keys(options?: IterationOptions): AsyncGenerator<Key, void> {
    for await (const rows of this.#calls.pages(this.#iteration.keys(options))) {
      for (const { key } of rows) yield givenKey(key);
    }
  }

  /**
   * Goes through the values of the live entries, as entries() does.
   *
   * @throws as keys()
   * @example
   * ```ts
   * await cache.setMany([['a:1', 'one'], ['b:1', 'two']]);
   * for await (const value of cache.values({ prefix: 'a:' })) console.log(value); // one
   * ```
   */
  async *values<Value = unknown>(options?: IterationOptions): AsyncGenerator<Value, void> {
    for await (const { value } of this.entries<Value>(options)) yield value;
  }

  /**
   * Goes through the live entries, as keys() goes through their keys.
   *
   * An entry that cannot be read (a SerializerError) is left out, and an 'error' event tells of it. It is no use of the
   * entries, and neither hit nor miss. Costs what keys() does, and the reading of each file, one after another.
   *
   * @throws as keys()
   * @example
   * ```ts
   * await cache.set('user:1', 'Ada', { tags: ['users'] });
   * for await (const { key, value } of cache.entries({ tag: 'users' })) console.log(key, value); // user:1 Ada
   * ```
   */
  async *entries<Value = unknown>(options?: IterationOptions): AsyncGenerator<Entry<Value>, void> {
    for await (const rows of this.#calls.pages(this.#iteration.entries(options))) {
      for (const row of rows) {
        const found = await this.#calls.valueOfMany(row.key, row, this.#engine.live.findFull);
        if (found !== undefined) yield this.#engine.live.entryOf(found.row, found.value) as Entry<Value>;
      }
    }
  }

  /**
   * Resolves to the first or the last live entry of those that keys() with these options would go through, or to
   * undefined when there is none.
   *
   * That is no use of it. Costs one SELECT, and another for each entry that turns out to have expired.
   *
   * @throws as keys(); InvalidArgumentError `ERR_DISKCACHE_OPTION` for another `edge`; SerializerError
   * @example
   * ```ts
   * await cache.setMany([['b', 2], ['a', 1]]);
   * console.log((await cache.peekEntry('last', { order: 'insertion' }))?.key); // a
   * ```
   */
  async peekEntry<Value = unknown>(
    edge: 'first' | 'last',
    options?: PeekEntryOptions,
  ): Promise<Entry<Value> | undefined> {
    for await (const [row] of this.#calls.pages(this.#iteration.edge(edge, options))) {
      const found = row && (await this.#calls.valueOf(row.key, row, this.#engine.live.findFull));
      if (found !== undefined) return this.#engine.live.entryOf(found.row, found.value) as Entry<Value>;
    }
    return undefined;
  }

  /**
   * Runs `body` in one transaction, and resolves to what it returned when that is committed: other processes see all of
   * its changes or, when it throws, none.
   *
   * The lock is waited for without blocking, after all that this process has called before; then the body runs at once,
   * with the cache's synchronous verbs. It keeps the event loop, and all other writers, for as long as it takes, files
   * that it reads or writes included: to store large values without that give them as option `values`. A file that it
   * replaces goes after the commit: until then the files may take up to twice the size limit.
   *
   * @param options which `keys` it is about, and `values` that are made ready for it first
   * @throws what `body` threw, and then nothing has changed
   * @throws InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise; when an option or one of
   *   `values` is wrong
   * @throws TimeoutError when the lock was not free within `timeout`: the body has not run
   * @example
   * ```ts
   * await cache.setMany([['from', 10], ['to', 0]]);
   * await cache.transact((tx) => {
   *   tx.decr('from', 3);
   *   tx.incr('to', 3);
   * });
   * console.log(await cache.getMany(['from', 'to'])); // [ 7, 3 ]
   *
   * const film = Buffer.alloc(1_000_000); // is written to its file before the lock is taken
   * await cache.transact((tx, [staged]) => {
   *   tx.set('film', staged);
   *   tx.incr('films');
   * }, { values: [film] });
   * console.log(await cache.get('films')); // 1
   * ```
   */
  async transact<Result>(
    body: (tx: DiskCacheSync, values: readonly StagedValue[]) => Result,
    options?: TransactOptions,
  ): Promise<Result> {
    return this.#calls.putStaged(this.#transactions.transact(body, options));
  }

  /**
   * Runs `body`, which only reads, on the cache as it is at one moment, and resolves to what it returned: nothing that
   * others write meanwhile is seen by one of its reads and not by another.
   *
   * It waits for no lock, and nobody waits for it. All that this process has called before is done by then. The body
   * runs at once, with the synchronous verbs that read, and keeps the event loop for as long as it takes, files that it
   * reads included. It may be called again, when an entry was replaced whose file it was about to read.
   *
   * @param options which `keys` it is about: then it waits for earlier calls on these alone
   * @throws what `body` threw; InvalidArgumentError `ERR_DISKCACHE_TRANSACTION` when it returned a promise, or writes
   * @example
   * ```ts
   * await cache.setMany([['from', 10], ['to', 0]]);
   * const both = await cache.snapshot((view) => [view.get('from'), view.get('to')]);
   * console.log(both); // [ 10, 0 ]
   * ```
   */
  async snapshot<Result>(body: (view: CacheView) => Result, options?: SnapshotOptions): Promise<Result> {
    const { concerned, work } = this.#transactions.snapshot<CacheView, Result>(body, options, this.sync);
    return this.#calls.read(concerned, work);
  }

  /**
   * Gives back to the file system what the cache's database does not need any more, and resolves to how many bytes that is:
   * the pages that hold nothing, and the write-ahead log.
   *
   * The next writes have to ask for that space again: it is for a cache that has shrunk and is to stay small. Costs steps
   * of about 5 ms, each a transaction, with other processes and the event loop in between, and then a checkpoint by a thread.
   * While a reader is in the way the files keep their size for a while longer.
   *
   * @throws the reason of `signal`, or what `onProgress` throws: what the steps before did stays done
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * await cache.setMany(Array.from({ length: 100 }, (_, key) => [key, 'x'.repeat(10_000)]));
   * await cache.clear();
   * console.log((await cache.vacuum()) > 1_000_000); // true
   * ```
   */
  async vacuum(options?: VacuumOptions): Promise<number> {
    const steps = vacuuming(this.#engine, options);
    return this.#calls.amongOthers(steps, () => this.#engine.checkpoints.empty());
  }

  /**
   * Compares all that is kept twice, and resolves to what it found: the database's own structure, the totals, tags and the
   * order of insertion with the entries, and the entries with their files, by whether each is there and as long as it
   * should be. What is in the files is not read.
   *
   * With `fix` it also repairs what it can, a little at a time, so that nobody waits for it long: an entry whose file is
   * missing or damaged is removed, and a file that belongs to no entry once it is over a minute old. A damaged database is
   * only reported, and nothing in it is changed. Without `fix` it changes nothing. Others go on meanwhile; a thread of its own does
   * it, and takes as long as reading the whole database does.
   *
   * @throws the reason of `signal`, or what `onProgress` throws: what was repaired stays so
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, DiskCacheError `ERR_DISKCACHE_STORAGE`
   * @example
   * ```ts
   * await cache.set('a', 'x'.repeat(100_000));
   * console.log(await cache.check()); // { ok: true, problems: [], entries: 1, files: 1 }
   * ```
   */
  async check(options?: CheckOptions): Promise<CheckReport> {
    const checked = validCheckOptions(options);
    if (checked.fix) this.#engine.assertWritable();
    await this.#calls.read('every key', () => undefined);
    return this.#calls.underway(checkByThread(this.#engine, checked));
  }

  /**
   * Resolves to what the cache holds, by all processes, and to what this process did with it since it opened it.
   *
   * Costs what size() and count() do together; the rest is counted in memory.
   *
   * @example
   * ```ts
   * await cache.set('a', 1);
   * await cache.getMany(['a', 'b']);
   * const { hits, misses, sets } = await cache.stats();
   * console.log(hits, misses, sets); // 1 1 1
   * ```
   */
  async stats(): Promise<CacheStats> {
    return this.#calls.read('every key', () => statsOf(this.#engine));
  }

  /**
   * Resolves to the bytes that the entries take on disk, as they count against `sizeLimit`.
   *
   * Expired entries that were not removed yet are part of it, as are files that are being written; free
   * pages and the write-ahead log are not. Costs two SELECTs.
   *
   * @example
   * ```ts
   * await cache.set('page', 'x'.repeat(100_000));
   * console.log((await cache.size()) > 100_000); // true
   * ```
   */
  async size(): Promise<number> {
    return this.#calls.read('every key', () => totalsOf(this.#engine).size);
  }

  /**
   * Resolves to how many live entries there are. Costs two SELECTs, one of which counts those that have expired and
   * were not removed yet.
   *
   * @example
   * ```ts
   * await cache.set('a', 1);
   * console.log(await cache.count()); // 1
   * ```
   */
  async count(): Promise<number> {
    return this.#calls.read('every key', () => totalsOf(this.#engine).count);
  }

  /**
   * Calls `listener` at each event of that name, see CacheEvents, and returns the cache.
   *
   * Events are of this process: what another one evicts is told there. Each is told in a tick of its own, that of a
   * change once it is committed. What a listener throws is an uncaught exception of the process. Where nobody listens
   * to 'evict' and 'expire' they cost nothing.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when there is no such event, or `listener` is no function
   * @example
   * ```ts
   * import { DiskCache } from '@diskcache/core';
   *
   * await using cache = new DiskCache('./cache', { entryLimit: 1 });
   * cache.on('evict', ({ key, reason }) => console.log('evicted', key, 'for', reason)); // evicted a for entries
   * await cache.set('a', 1);
   * await cache.set('b', 2);
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
   * Waits for what was called before, and ends the use of the cache; calling it again does nothing more.
   *
   * Other verbs fail with `ERR_DISKCACHE_CLOSED` from the call on. What getOrSet() computes in the background is
   * aborted. What it computes for a caller is waited for, and so is the source of a stream: neither may await close(). Notes of uses are written, unless another process has the lock. A log of more than 256 KiB is put in order
   * by a thread, which takes as long as the disk takes to sync.
   *
   * @example
   * ```ts
   * import { DiskCache } from '@diskcache/core';
   *
   * const cache = new DiskCache('./cache');
   * const setting = cache.set('a', 1);
   * await cache.close();
   * await setting;
   * console.log(await cache.get('a').catch((error) => error.code)); // ERR_DISKCACHE_CLOSED
   * ```
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Closes the cache and removes it from the disk: all that DiskCache has made in the folder, and the folder itself when
   * nothing else is in it. What is still open elsewhere goes on as a new, empty cache, within a second or with its first
   * write after a tenth of one; a large value or stream that it is just writing may fail, with `ERR_DISKCACHE_STORAGE`.
   * Others may open a new cache in its place from the moment on in which the entries are gone, which is before all files
   * are.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_READ_ONLY`, `ERR_DISKCACHE_STORAGE`
   * @example
   * ```ts
   * import { existsSync } from 'node:fs';
   *
   * await cache.set('a', 1);
   * await cache.destroy();
   * console.log(existsSync(cache.directory)); // false
   * ```
   */
  async destroy(): Promise<void> {
    this.#engine.assertDestroyable();
    await this.close();
    await destroy({ directory: this.directory, ...this.#engine.settings });
  }

  /**
   * Closes the cache at the end of the block of an `await using`, see close().
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#engine.refuseCalls();
    this.#computing.close();
    await this.#calls.ended();
    await this.#engine.close();
  }
}
