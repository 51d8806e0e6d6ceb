import { randomInt } from 'node:crypto';
import { nextTurn } from '../clock.ts';
import type { CollectionStoreSync, CollectionTx, CollectionView, Host } from '../collection-store.ts';
import { dressed, type Memoized } from '../compute/memoize.ts';
import type { Entry } from '../entry/entry.ts';
import { validFunction } from '../entry/entry-options.ts';
import type { Key } from '../entry/key.ts';
import { keyOfName } from '../entry/named-key.ts';
import type { LeasedItem } from '../verbs/leased-item.ts';
import type { PeekOptions, PullOptions, PushOptions } from '../verbs/queues.ts';
import { inBatches, type Source, validPair } from './batches.ts';
import { type DirectionOptions, type IndexEnd, isReverse, validEnd } from './direction.ts';
import { giveTheSame } from './equality.ts';
import { type IndexCourse, nextKeys } from './index-course.ts';
import { keyFrom, type KeyText, keyText } from './index-keys.ts';
import { type IndexMemoizeOptions, indexMemoizePlan } from './index-memoize.ts';
import { computedKey, computingPrefix, IndexState, queuePrefix, valueKey } from './index-state.ts';
import {
  computed,
  computing,
  put,
  type ReadBefore,
  removed,
  removedSome,
  type Taken,
  taken,
  takenEdge,
} from './index-steps.ts';
import { IndexSync } from './ordered-index-sync.ts';

/** Entries that are stored in one transaction. */
const STORED_AT_ONCE = 64;
/** Entries whose values are read at one time. */
const READ_AT_ONCE = 32;
/** Pages that are removed in one transaction, which takes a few ms then. */
const PAGES = 4;
const LARGEST_TOKEN = 2 ** 48 - 1;

type Before = (ReadBefore & { readonly key: KeyText }) | undefined;
type Take = (tx: CollectionTx, before: Before) => Taken;

/**
 * A map that is kept in the cache and shared by all processes, in the order in which its keys were new, see
 * DiskCache.index(). What it holds is never evicted and has no deadline, where the cache's own entries come and go.
 *
 * Each of its values is an entry of the cache, under a key that begins with `@index/`; it goes by delete() and the like, and
 * by clear() of the index or the cache. What a call changes it changes in one transaction, but for long update() and
 * clear(), and calls of one process take effect in their order, but for what comes while these are under way. A value whose
 * file is gone is not there, but its key counts until it is set or removed.
 *
 * @example
 * ```ts
 * const results = cache.index<string, { status: number }>('results');
 * await results.set('/b', { status: 200 });
 * await results.set('/a', { status: 404 });
 * console.log(await results.get('/b'), await results.size()); // { status: 200 } 2
 * const paths = [];
 * for await (const path of results.keys()) paths.push(path);
 * console.log(paths); // [ '/b', '/a' ]
 * ```
 */
export class Index<K extends Key = Key, V = unknown> implements AsyncIterable<[key: K, value: V]> {
  readonly name: string;
  readonly #host: Host;
  readonly #prefix: string;

  /** @internal */
  constructor(host: Host, name: string) {
    this.name = name;
    this.#host = host;
    this.#prefix = keyOfName('index', name);
  }

  /**
   * Resolves to the value of a key, or to `fallback` when it is not there. Costs what get() of the cache does.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`; SerializerError
   */
  get(key: K): Promise<V | undefined>;
  get<Fallback>(key: K, fallback: Fallback): Promise<V | Fallback>;
  async get<Fallback>(key: K, fallback?: Fallback): Promise<V | Fallback | undefined> {
    const value = await this.#host.store.get<V>(valueKey(this.#prefix, keyText(key)));
    return value === undefined ? fallback : value;
  }

  /** Resolves to whether a key is there. Costs one SELECT. @throws InvalidArgumentError `ERR_DISKCACHE_KEY` */
  async has(key: K): Promise<boolean> {
    return this.#host.store.has(valueKey(this.#prefix, keyText(key)));
  }

  /**
   * Stores a value: at the end when the key is new, otherwise in its place.
   *
   * It is serialized when set() is called. Costs one transaction, shared with other calls that are made together, with one
   * row for a key that is there and three for a new one; a large value is written to its file before that, off the event
   * loop.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, `ERR_DISKCACHE_VALUE` (also for undefined); DiskCacheError
   *   `ERR_DISKCACHE_FULL` or `ERR_DISKCACHE_TOO_LARGE`
   */
  async set(key: K, value: V): Promise<void> {
    await this.#put([[key, value]]);
  }

  /**
   * Stores several values, one after the other. Costs a transaction for each 64 of them.
   *
   * @param entries another index, a Map, or whatever gives pairs of key and value
   * @throws as set(), and InvalidArgumentError `ERR_DISKCACHE_OPTION` for what is no pair; what was stored before stays
   */
  async update(entries: Source<readonly [key: K, value: V]>): Promise<void> {
    await inBatches('entries', entries, STORED_AT_ONCE, async (some) => this.#put(some.map(validPair)));
  }

  /**
   * Resolves to the value of a key; when it is not there, stores the given one and resolves to that. Of several processes
   * that do so at once one stores its value, and all get it. Costs get() when it is there, else set().
   *
   * @throws as get() and set()
   */
  async setDefault(key: K, value: V): Promise<V> {
    for (;;) {
      const found = await this.get(key);
      if (found !== undefined) return found;
      if (await this.#put([[key, value]], true)) return value;
    }
  }

  /** Removes a key, and resolves to whether it was there. Costs one transaction. @throws InvalidArgumentError */
  async delete(key: K): Promise<boolean> {
    const text = keyText(key);
    return this.#change((tx) => removed(tx, this.#prefix, text), this.#concerned([text]));
  }

  /**
   * Takes a key out, and resolves to its value, or to `fallback` when it is not there. Of several processes one gets it.
   * Costs one transaction; a large value takes a second one, and is read off the event loop between them.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`; SerializerError, and it stays
   */
  pop(key: K): Promise<V | undefined>;
  pop<Fallback>(key: K, fallback: Fallback): Promise<V | Fallback>;
  async pop<Fallback>(key: K, fallback?: Fallback): Promise<V | Fallback | undefined> {
    const text = keyText(key);
    const step: Take = (tx, before) => taken(tx, this.#prefix, text, before);
    const one = await this.#take(step, this.#concerned([text]));
    return one === undefined ? fallback : one[1];
  }

  /**
   * Takes the entry at an end out, and resolves to it, or to undefined when there is none. Costs as pop().
   *
   * @param end @default 'last'
   */
  async popItem(end: IndexEnd = 'last'): Promise<[key: K, value: V] | undefined> {
    validEnd(end);
    // Which key it will be is not known yet: calls on any have to come after it.
    return this.#take((tx, before) => takenEdge(tx, this.#prefix, end, before), undefined);
  }

  /** Resolves to the first entry, or to undefined when there is none. Costs four SELECTs. */
  async first(): Promise<[key: K, value: V] | undefined> {
    for await (const entry of this.#entries(false, 1)) return entry;
    return undefined;
  }

  /** Resolves to the last entry, or to undefined when there is none. Costs two SELECTs, or four. */
  async last(): Promise<[key: K, value: V] | undefined> {
    for await (const entry of this.#entries(true, 1)) return entry;
    return undefined;
  }

  /** Resolves to how many keys there are. Costs one SELECT. */
  async size(): Promise<number> {
    return this.#snapshot((view) => new IndexState(view, this.#prefix).size);
  }

  /**
   * Goes through the keys in the order in which they were new, or back from the last with `reverse`.
   *
   * What is there all the time comes once; what comes or goes meanwhile may be met or not. Costs some SELECTs for 64 keys, after
   * which the event loop turns; nothing is held open.
   */
  async *keys(options?: DirectionOptions): AsyncGenerator<K, void> {
    for await (const texts of this.#pages(isReverse(options)))
      for (const text of texts) yield keyFrom(text) as K;
  }

  /** Goes through the values, as entries() does. */
  async *values(options?: DirectionOptions): AsyncGenerator<V, void> {
    for await (const [, value] of this.entries(options)) yield value;
  }

  /** Goes through the entries, as keys() goes through the keys. Costs what that does, and one SELECT an entry. */
  entries(options?: DirectionOptions): AsyncGenerator<[key: K, value: V], void> {
    return this.#entries(isReverse(options), READ_AT_ONCE);
  }

  [Symbol.asyncIterator](): AsyncGenerator<[key: K, value: V], void> {
    return this.entries();
  }

  /**
   * Resolves to whether another index, a Map, or whatever gives entries, has deeply equal ones in the same order. It is
   * the answer of one moment only when nobody changes either meanwhile.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when `other` cannot be gone through
   */
  async equals(other: Source<readonly [K, V]>): Promise<boolean> {
    return giveTheSame(this, other);
  }

  /**
   * Removes all keys, and the queues of the index. What others add meanwhile may stay. Costs a transaction for each 256
   * keys, with others in between.
   */
  async clear(): Promise<void> {
    const last = await this.#snapshot((view) => new IndexState(view, this.#prefix).last);
    while (await this.#change((tx) => removedSome(tx, this.#prefix, last, PAGES)));
    await this.#host.store.deletePrefix(computingPrefix(this.#prefix));
    await this.#host.store.deletePrefix(queuePrefix(this.#prefix, ''));
  }

  /**
   * Runs `body` in one transaction with this index as an IndexSync, and resolves to what it returned, see
   * DiskCache.transact(). For several collections at once use that, and `tx.index(name)`.
   *
   * @example
   * ```ts
   * const stock = cache.index<string, number>('stock');
   * await stock.update([['apples', 3], ['pears', 0]]);
   * await stock.transact((index) => {
   *   index.set('pears', index.get('pears', 0) + 1);
   *   index.set('apples', index.get('apples', 0) - 1);
   * });
   * console.log(await stock.equals(new Map([['apples', 2], ['pears', 1]]))); // true
   * ```
   */
  async transact<Result>(body: (index: IndexSync<K, V>) => Result): Promise<Result> {
    validFunction('body', body);
    return this.#host.store.transact((tx: CollectionStoreSync) => body(new IndexSync<K, V>(tx, this.name)));
  }

  /**
   * Returns a function that gives what `fn` gives for the same arguments, from this index where it is there: results are
   * kept for good. Their keys are those of DiskCache.memoize(); of all calls for one key, in all processes, one computes.
   *
   * A result is not stored when its key was removed or set while it was being computed. delete() and clear() end a failure
   * that `errorTtl` keeps, too.
   *
   * Costs get() where the result is there; otherwise three small transactions, and set().
   *
   * @throws InvalidArgumentError (at once) when an option is wrong, or a function without a name is given none
   * @example
   * ```ts
   * const squares = cache.index<string, number>('squares');
   * const square = squares.memoize(async (n: number) => n * n, { name: 'square' });
   * console.log(await square(3), await squares.get(square.key(3) as string)); // 9 9
   * ```
   */
  memoize<Wrapped extends (...args: never[]) => unknown>(
    fn: Wrapped,
    options?: IndexMemoizeOptions<Parameters<Wrapped>>,
  ): Memoized<Wrapped> {
    const plan = indexMemoizePlan(fn, options as IndexMemoizeOptions<never> | undefined);
    const { store } = this.#host;
    const kept = async (key: K, compute: () => unknown): Promise<unknown> => {
      const found = await this.get(key);
      if (found !== undefined) return found;
      // Nothing is kept under this key: it is only for those who compute.
      const options = { ...plan.computing, shouldCache: () => false };
      const computing = () => this.#computed(key, compute);
      return store.getOrSet(computedKey(this.#prefix, keyText(key)), computing, options);
    };
    async function call(this: unknown, ...args: unknown[]): Promise<unknown> {
      return kept(plan.key(...args) as K, () => plan.fn.apply(this, args));
    }
    return dressed(call, plan, async (...args) => this.delete(plan.key(...args) as K)) as Memoized<Wrapped>;
  }

  /** Adds an item to a queue of this index, see DiskCache.push(); without a `ttl` it has no deadline. */
  async push(queue: string, value: unknown, options?: PushOptions): Promise<void> {
    const hasDeadline = options?.ttl !== undefined || options?.expires !== undefined;
    const kept = hasDeadline ? options : { ...options, ttl: Infinity };
    await this.#host.store.push(queuePrefix(this.#prefix, queue), value, kept);
  }

  /** Resolves to the item that pull() would take, see DiskCache.peek(). */
  async peek<Value = unknown>(queue: string, options?: PeekOptions): Promise<Entry<Value> | undefined> {
    return this.#host.store.peek<Value>(queuePrefix(this.#prefix, queue), options);
  }

  /** Takes an item of a queue of this index, see DiskCache.pull(). */
  pull<Value = unknown>(
    queue: string,
    options: PullOptions & { lease: number },
  ): Promise<LeasedItem<Value> | undefined>;
  pull<Value = unknown>(queue: string, options?: PullOptions): Promise<Entry<Value> | undefined>;
  async pull<Value = unknown>(queue: string, options?: PullOptions): Promise<Entry<Value> | undefined> {
    return this.#host.store.pull<Value>(queuePrefix(this.#prefix, queue), options);
  }

  async #put(entries: readonly (readonly [key: K, value: V])[], isOnlyNew = false): Promise<boolean> {
    const texts = entries.map(([key]) => keyText(key));
    const values = entries.map(([, value]) => value);
    const body = (tx: CollectionTx, staged: readonly unknown[]) =>
      put(
        tx,
        this.#prefix,
        texts.map((text, place) => [text, staged[place]] as const),
        isOnlyNew,
      );
    return this.#host.store.transact(body, { keys: this.#concerned(texts), values });
  }

  /** Computes the value of a key, and stores it unless the key is removed or set meanwhile. */
  async #computed(key: K, compute: () => unknown): Promise<unknown> {
    // Another process may have computed it while this one waited.
    const found = await this.get(key);
    if (found !== undefined) return found;
    const text = keyText(key);
    const token = randomInt(LARGEST_TOKEN);
    const keys = this.#concerned([text]);
    await this.#change((tx) => computing(tx, this.#prefix, text, token), keys);
    const end = (values: readonly unknown[]) =>
      this.#host.store.transact((tx, result) => computed(tx, this.#prefix, text, { token, result }), {
        keys,
        values,
      });
    let value: unknown;
    try {
      value = await compute();
    } catch (error) {
      // When that fails it is remembered for a day that it was computed, which does no harm.
      await end([]).catch(() => undefined);
      throw error;
    }
    await end(value === undefined ? [] : [value]);
    return value;
  }

  /** @param keys left out where it may be any */
  async #take(step: Take, keys: Key[] | undefined): Promise<[key: K, value: V] | undefined> {
    let before: Before;
    for (;;) {
      const one = await this.#host.store.transact((tx) => step(tx, before), { keys });
      if (one === undefined) return undefined;
      if ('value' in one) return [keyFrom(one.key) as K, one.value as V];
      const value = await this.#host.store.get(valueKey(this.#prefix, one.key));
      before = value === undefined ? undefined : { ...one, value };
    }
  }

  async *#entries(isBackward: boolean, atOnce: number): AsyncGenerator<[key: K, value: V], void> {
    for await (const texts of this.#pages(isBackward)) {
      for (let start = 0; start < texts.length; start += atOnce) {
        const some = texts.slice(start, start + atOnce);
        const values = await this.#host.store.getMany<V>(some.map((text) => valueKey(this.#prefix, text)));
        for (const [place, text] of some.entries()) {
          const value = values[place];
          if (value !== undefined) yield [keyFrom(text) as K, value];
        }
      }
    }
  }

  async *#pages(isBackward: boolean): AsyncGenerator<readonly KeyText[], void> {
    let course: IndexCourse = { isBackward };
    for (;;) {
      const next = await this.#snapshot((view) => nextKeys(view, this.#prefix, course));
      if (next === undefined) return;
      yield next.keys;
      await nextTurn();
      ({ course } = next);
    }
  }

  #snapshot<Result>(body: (view: CollectionView) => Result): Promise<Result> {
    return this.#host.store.snapshot(body, { keys: [this.#prefix] });
  }

  #change<Result>(body: (tx: CollectionTx) => Result, keys: Key[] = [this.#prefix]): Promise<Result> {
    return this.#host.store.transact(body, { keys });
  }

  #concerned(texts: readonly KeyText[]): Key[] {
    return [this.#prefix, ...texts.map((text) => valueKey(this.#prefix, text))];
  }
}
