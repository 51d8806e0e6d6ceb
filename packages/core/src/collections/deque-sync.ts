import type { CollectionStoreSync } from '../collection-store.ts';
import { keyOfName } from '../entry/named-key.ts';
import { allOf } from './batches.ts';
import { type DequeOptions, maxLengthOf, validWhole } from './deque-options.ts';
import { type DequeEnd, DequeState } from './deque-state.ts';
import {
  appended,
  cleared,
  deletedAt,
  deletedId,
  popped,
  replacedAt,
  reversed,
  rotated,
  tidied,
} from './deque-steps.ts';
import { type DirectionOptions, isReverse } from './direction.ts';
import { areEqual, giveTheSameSync } from './equality.ts';
import { idsOf } from './run-ids.ts';

/** Items whose values are read at one time. */
const READ_AT_ONCE = 32;

/**
 * Deque for scripts, and for the bodies of transactions: the same verbs, at once. Each is one transaction, or a part of
 * the one that is open, extend(), remove() and clear() too. It cannot wait.
 *
 * @example
 * ```ts
 * const jobs = cache.deque<string>('jobs');
 * jobs.extend(['resize', 'send']);
 * cache.transact((tx) => tx.index('done').set('resize', tx.deque('jobs').popLeft()));
 * console.log([...jobs], jobs.at(-1), jobs.size); // [ 'send' ] send 1
 * ```
 */
export class DequeSync<T = unknown> implements Iterable<T> {
  readonly name: string;
  readonly #store: CollectionStoreSync;
  readonly #key: string;
  readonly #maxLength: number;

  /** @internal */
  constructor(store: CollectionStoreSync, name: string, options: DequeOptions | undefined) {
    this.name = name;
    this.#store = store;
    this.#key = keyOfName('deque', name);
    this.#maxLength = maxLengthOf(options);
  }

  /**
   * Adds an item at the right end, and returns how many there are then.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_VALUE`, also for undefined; DiskCacheError `ERR_DISKCACHE_FULL` or
   *   `ERR_DISKCACHE_TOO_LARGE`
   */
  append(value: T): number {
    return this.#append('right', [value]);
  }

  /** The same at the left end. */
  appendLeft(value: T): number {
    return this.#append('left', [value]);
  }

  /** Adds items at the right end, one after the other and all or none, and returns how many there are then. */
  extend(values: Iterable<T>): number {
    return this.#append('right', allOf('values', values));
  }

  /** The same at the left end, so that the last of them is the first item then. */
  extendLeft(values: Iterable<T>): number {
    return this.#append('left', allOf('values', values));
  }

  /** Takes the item at the right end, or returns undefined when there is none. @throws SerializerError, and it stays */
  pop(): T | undefined {
    return this.#pop('right');
  }

  /** The same at the left end. */
  popLeft(): T | undefined {
    return this.#pop('left');
  }

  /** Returns the item at the right end, or undefined when there is none. */
  peek(): T | undefined {
    return this.at(-1);
  }

  /** Returns the item at the left end, or undefined when there is none. */
  peekLeft(): T | undefined {
    return this.at(0);
  }

  /**
   * Returns the item at a position, counted from 0 at the left end, or from -1 at the right; undefined where there is
   * none.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it is no whole number; SerializerError
   */
  at(index: number): T | undefined {
    validWhole('index', index);
    return this.#store.snapshot((view) => {
      const deque = new DequeState(view, this.#key);
      const id = deque.idAt(index);
      return id === undefined ? undefined : view.get<T>(deque.keyOf(id));
    });
  }

  /** Puts a value in the place of the item at a position, and returns whether there is one. @throws as append() and at() */
  set(index: number, value: T): boolean {
    validWhole('index', index);
    return this.#store.transact((tx) => replacedAt(tx, this.#key, index, value));
  }

  /** Takes the item at a position out, and returns whether there was one. */
  delete(index: number): boolean {
    validWhole('index', index);
    return this.#store.transact((tx) => deletedAt(tx, this.#key, index));
  }

  /** Takes out the first item from the left that is deeply equal to a value, and returns whether there was one. */
  remove(value: T): boolean {
    return this.#store.transact((tx) => {
      const deque = new DequeState(tx, this.#key);
      for (const ids of idsOf(deque.runs(), false, READ_AT_ONCE)) {
        const values = tx.getMany(ids.map((id) => deque.keyOf(id)));
        const place = values.findIndex((item) => item !== undefined && areEqual(item, value));
        if (place !== -1) return deletedId(tx, this.#key, ids[place] as number);
      }
      return false;
    });
  }

  /** Returns how many items are deeply equal to a value. Reads all of them. */
  count(value: T): number {
    let count = 0;
    for (const item of this) if (areEqual(item, value)) count++;
    return count;
  }

  /** Returns whether an item is deeply equal to a value. Reads all before it. */
  includes(value: T): boolean {
    for (const item of this) if (areEqual(item, value)) return true;
    return false;
  }

  /** Moves so many items from the right end to the left, or the other way when it is negative. @param steps @default 1 */
  rotate(steps = 1): void {
    validWhole('steps', steps);
    this.#store.transact((tx) => rotated(tx, this.#key, steps));
  }

  /** Reverses the order of all items. */
  reverse(): void {
    this.#store.transact((tx) => reversed(tx, this.#key));
  }

  /** Removes all items. */
  clear(): void {
    this.#store.transact((tx) => {
      const past = cleared(tx, this.#key, 0);
      for (const prefix of past) tx.deletePrefix(prefix);
      if (past.length > 0) tidied(tx, this.#key, past);
    });
  }

  /** How many items there are. Costs one SELECT. */
  get size(): number {
    return this.#store.snapshot((view) => new DequeState(view, this.#key).size);
  }

  /** Returns whether another deque, or whatever gives values, has deeply equal items in the same order. */
  equals(other: Iterable<T>): boolean {
    return giveTheSameSync(this, other);
  }

  /**
   * Goes through the items that there are at the first step, from left to right, or with `reverse` from right to left.
   * Those that are taken out before they are read, some at a time, are left out; what is added is not met.
   */
  *values(options?: DirectionOptions): Generator<T, void> {
    const isBackward = isReverse(options);
    const { deque, order } = this.#store.snapshot((view) => {
      const state = new DequeState(view, this.#key);
      return { deque: state, order: state.runs() };
    });
    for (const ids of idsOf(order, isBackward, READ_AT_ONCE)) {
      for (const value of this.#store.getMany<T>(ids.map((id) => deque.keyOf(id))))
        if (value !== undefined) yield value;
    }
  }

  [Symbol.iterator](): Generator<T, void> {
    return this.values();
  }

  #append(end: DequeEnd, values: readonly T[]): number {
    const terms = { maxLength: this.#maxLength, now: 0 };
    return this.#store.transact((tx) => appended(tx, this.#key, end, values, terms).size);
  }

  #pop(end: DequeEnd): T | undefined {
    const taken = this.#store.transact((tx) => popped(tx, this.#key, end, true));
    return taken !== undefined && 'value' in taken ? (taken.value as T) : undefined;
  }
}
