import type { CollectionStoreSync } from '../collection-store.ts';
import type { Key } from '../entry/key.ts';
import { keyOfName } from '../entry/named-key.ts';
import { allOf, validPair } from './batches.ts';
import { type DirectionOptions, type IndexEnd, isReverse, validEnd } from './direction.ts';
import { giveTheSameSync } from './equality.ts';
import { type IndexCourse, nextKeys } from './index-course.ts';
import { keyFrom, type KeyText, keyText } from './index-keys.ts';
import { computingPrefix, IndexState, queuePrefix, valueKey } from './index-state.ts';
import { put, removed, removedSome, taken, takenEdge } from './index-steps.ts';

/** Pages that are removed in one go. */
const PAGES = 64;

/**
 * Index for scripts, and for the bodies of transactions: the same verbs, at once. Each is one transaction, or a part of
 * the one that is open, update() and clear() too.
 *
 * @example
 * ```ts
 * const results = cache.index<string, number>('results');
 * results.set('b', 1);
 * results.update([['a', 2]]);
 * console.log([...results], results.size); // [ [ 'b', 1 ], [ 'a', 2 ] ] 2
 * ```
 */
export class IndexSync<K extends Key = Key, V = unknown> implements Iterable<[K, V]> {
  readonly name: string;
  readonly #store: CollectionStoreSync;
  readonly #prefix: string;

  /** @internal */
  constructor(store: CollectionStoreSync, name: string) {
    this.name = name;
    this.#store = store;
    this.#prefix = keyOfName('index', name);
  }

  /** Returns the value of a key, or `fallback` when it is not there. @throws InvalidArgumentError `ERR_DISKCACHE_KEY` */
  get(key: K): V | undefined;
  get<Fallback>(key: K, fallback: Fallback): V | Fallback;
  get<Fallback>(key: K, fallback?: Fallback): V | Fallback | undefined {
    const value = this.#store.get<V>(valueKey(this.#prefix, keyText(key)));
    return value === undefined ? fallback : value;
  }

  /** Returns whether a key is there. */
  has(key: K): boolean {
    return this.#store.has(valueKey(this.#prefix, keyText(key)));
  }

  /**
   * Stores a value: at the end when the key is new, otherwise in its place.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, `ERR_DISKCACHE_VALUE` (also for undefined); DiskCacheError
   *   `ERR_DISKCACHE_FULL` or `ERR_DISKCACHE_TOO_LARGE`
   */
  set(key: K, value: V): void {
    const text = keyText(key);
    this.#store.transact((tx) => put(tx, this.#prefix, [[text, value]]));
  }

  /** Stores several values, one after the other and all or none. @throws as set(), `ERR_DISKCACHE_OPTION` for no pairs */
  update(entries: Iterable<readonly [key: K, value: V]>): void {
    const pairs = allOf('entries', entries).map(validPair);
    const all = pairs.map(([key, value]) => [keyText(key), value] as const);
    this.#store.transact((tx) => put(tx, this.#prefix, all));
  }

  /** Returns the value of a key; when it is not there, stores the given one and returns that. */
  setDefault(key: K, value: V): V {
    const text = keyText(key);
    return this.#store.transact((tx) => {
      const isStored = put(tx, this.#prefix, [[text, value]], true);
      const found = isStored ? undefined : tx.get<V>(valueKey(this.#prefix, text));
      return found === undefined ? value : found;
    });
  }

  /** Removes a key, and returns whether it was there. */
  delete(key: K): boolean {
    const text = keyText(key);
    return this.#store.transact((tx) => removed(tx, this.#prefix, text));
  }

  /** Takes a key out and returns its value, or `fallback` when it is not there. @throws SerializerError, and it stays */
  pop(key: K): V | undefined;
  pop<Fallback>(key: K, fallback: Fallback): V | Fallback;
  pop<Fallback>(key: K, fallback?: Fallback): V | Fallback | undefined {
    const text = keyText(key);
    const one = this.#store.transact((tx) => taken(tx, this.#prefix, text, 'now'));
    return one !== undefined && 'value' in one ? (one.value as V) : fallback;
  }

  /** Takes an entry at an end out and returns it, or undefined when there is none. @param end @default 'last' */
  popItem(end: IndexEnd = 'last'): [key: K, value: V] | undefined {
    validEnd(end);
    const one = this.#store.transact((tx) => takenEdge(tx, this.#prefix, end, 'now'));
    return one !== undefined && 'value' in one ? [keyFrom(one.key) as K, one.value as V] : undefined;
  }

  /** Returns the first entry, or undefined when there is none. */
  first(): [key: K, value: V] | undefined {
    for (const entry of this.entries()) return entry;
    return undefined;
  }

  /** Returns the last entry, or undefined when there is none. */
  last(): [key: K, value: V] | undefined {
    for (const entry of this.entries({ reverse: true })) return entry;
    return undefined;
  }

  /** How many keys there are. Costs one SELECT. */
  get size(): number {
    return this.#store.snapshot((view) => new IndexState(view, this.#prefix).size);
  }

  /** Goes through the keys in the order in which they were new, or back from the last with `reverse`. */
  *keys(options?: DirectionOptions): Generator<K, void> {
    for (const text of this.#texts(options))
      if (this.#store.has(valueKey(this.#prefix, text))) yield keyFrom(text) as K;
  }

  /** Goes through the values, as entries() does. */
  *values(options?: DirectionOptions): Generator<V, void> {
    for (const [, value] of this.entries(options)) yield value;
  }

  /**
   * Goes through the entries in the order in which their keys were new, or back from the last with `reverse`. What comes or
   * goes meanwhile may be met or not.
   */
  *entries(options?: DirectionOptions): Generator<[key: K, value: V], void> {
    for (const text of this.#texts(options)) {
      const value = this.#store.get<V>(valueKey(this.#prefix, text));
      if (value !== undefined) yield [keyFrom(text) as K, value];
    }
  }

  [Symbol.iterator](): Generator<[key: K, value: V], void> {
    return this.entries();
  }

  /** Returns whether another index, a Map, or whatever gives entries, has deeply equal ones in the same order. */
  equals(other: Iterable<readonly [K, V]>): boolean {
    return giveTheSameSync(this, other);
  }

  /** Removes all keys, and the queues of the index. */
  clear(): void {
    this.#store.transact((tx) => {
      const { last } = new IndexState(tx, this.#prefix);
      while (removedSome(tx, this.#prefix, last, PAGES));
      tx.deletePrefix(computingPrefix(this.#prefix));
      tx.deletePrefix(queuePrefix(this.#prefix, ''));
    });
  }

  *#texts(options: DirectionOptions | undefined): Generator<KeyText, void> {
    let course: IndexCourse = { isBackward: isReverse(options) };
    for (;;) {
      const next = this.#store.snapshot((view) => nextKeys(view, this.#prefix, course));
      if (next === undefined) return;
      yield* next.keys;
      ({ course } = next);
    }
  }
}
