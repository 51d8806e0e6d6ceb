import { nextTurn } from '../clock.ts';
import type { CollectionStoreSync, CollectionTx, CollectionView, Host } from '../collection-store.ts';
import { validFunction } from '../entry/entry-options.ts';
import { keyOfName } from '../entry/named-key.ts';
import { describe } from '../errors.ts';
import type { Attempt } from '../waiting/lines.ts';
import { inBatches, type Source } from './batches.ts';
import { type DequeOptions, maxLengthOf, type PopOptions, popPatience, validWhole } from './deque-options.ts';
import { type DequeEnd, DequeState } from './deque-state.ts';
import {
  appended,
  cleared,
  deletedAt,
  deletedId,
  itemAt,
  popped,
  putBack,
  replacedAt,
  reversed,
  rotated,
  tidied,
  type TakenFile,
} from './deque-steps.ts';
import { DequeSync } from './deque-sync.ts';
import { type DirectionOptions, isReverse } from './direction.ts';
import { areEqual, giveTheSame } from './equality.ts';
import { idsOf } from './run-ids.ts';

/** Items that are added in one transaction. */
const ADDED_AT_ONCE = 256;
/** Items whose values are read at one time. */
const READ_AT_ONCE = 32;

/**
 * A list of items that is kept in the cache and shared by all processes, see DiskCache.deque(): quick at both ends, and
 * at any position.
 *
 * Its items are never evicted, and have no deadline; they go by pop() and the like, and by clear() of the deque or the
 * cache. Each is an entry of the cache, under a key that begins with `@deque/`. What a call changes it changes in one
 * transaction, but for a long extend(), and calls of one process take effect in their order, but for what comes while that
 * or remove() is under way. An item whose file is gone counts until its turn comes, and is then passed over.
 *
 * The doc comments say what a call costs while not much was removed from the middle; where much was, it is a row more of
 * reading and writing for each factor of about 50 in the number of gaps.
 *
 * @example
 * ```ts
 * const jobs = cache.deque<string>('jobs');
 * await jobs.append('resize');
 * await jobs.appendLeft('login');
 * console.log(await jobs.popLeft(), await jobs.at(-1), await jobs.size()); // login resize 1
 * for await (const job of jobs) console.log(job); // resize
 * ```
 */
export class Deque<T = unknown> implements AsyncIterable<T> {
  readonly name: string;
  readonly #host: Host;
  readonly #key: string;
  readonly #options: DequeOptions | undefined;
  readonly #maxLength: number;

  /** @internal */
  constructor(host: Host, name: string, options: DequeOptions | undefined) {
    this.name = name;
    this.#host = host;
    this.#key = keyOfName('deque', name);
    this.#options = options;
    this.#maxLength = maxLengthOf(options);
  }

  /**
   * Adds an item at the right end, and resolves to how many there are then.
   *
   * It is serialized when append() is called. Costs one transaction with two rows, shared with other calls that are made
   * together; a large value is written to its file before that, off the event loop.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_VALUE`, also for undefined; DiskCacheError `ERR_DISKCACHE_FULL` or
   *   `ERR_DISKCACHE_TOO_LARGE`
   */
  async append(value: T): Promise<number> {
    return this.#append('right', [value]);
  }

  /** The same at the left end. */
  async appendLeft(value: T): Promise<number> {
    return this.#append('left', [value]);
  }

  /**
   * Adds items at the right end, one after the other, and resolves to how many there are then.
   *
   * Costs a transaction for each 256 of them, between which others may add theirs. A deque can be given to itself.
   *
   * @throws as append(); what was added before stays
   */
  async extend(values: Source<T>): Promise<number> {
    return this.#extend('right', values);
  }

  /** The same at the left end, so that the last of them is the first item then. */
  async extendLeft(values: Source<T>): Promise<number> {
    return this.#extend('left', values);
  }

  /**
   * Takes the item at the right end, or resolves to undefined when there is none; with `wait` it waits for one.
   *
   * Of several processes one gets it. When the process dies in between, the item is lost; pull() of the cache, with a
   * lease, is for what must not be. Those that wait in a process are served in the order of their calls.
   *
   * Costs one transaction, or while it waits SELECTs and then one. A large value takes a second transaction, with the last item
   * a third, and is read off the event loop. Of those that wait in a process one looks again when an item was added by a Deque of this cache object, and
   * otherwise after 1 ms at first and 150 ms at most, with one SELECT.
   *
   * @throws TimeoutError after `timeout`, the reason of `signal`; SerializerError, and it stays; InvalidArgumentError
   *   `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * const jobs = cache.deque<string>('jobs');
   * const waiting = jobs.popLeft({ wait: true, timeout: 5_000 });
   * await jobs.append('resize');
   * console.log(await waiting, await jobs.popLeft()); // resize undefined
   * ```
   */
  pop(options: PopOptions & { wait: true }): Promise<T>;
  pop(options?: PopOptions): Promise<T | undefined>;
  async pop(options?: PopOptions): Promise<T | undefined> {
    return this.#pop('right', options);
  }

  /** The same at the left end. */
  popLeft(options: PopOptions & { wait: true }): Promise<T>;
  popLeft(options?: PopOptions): Promise<T | undefined>;
  async popLeft(options?: PopOptions): Promise<T | undefined> {
    return this.#pop('left', options);
  }

  /** Resolves to the item at the right end, or to undefined when there is none. Costs as at(). */
  async peek(): Promise<T | undefined> {
    return this.at(-1);
  }

  /** Resolves to the item at the left end, or to undefined when there is none. Costs as at(). */
  async peekLeft(): Promise<T | undefined> {
    return this.at(0);
  }

  /**
   * Resolves to the item at a position, counted from 0 at the left end, or from -1 at the right; to undefined where there
   * is none. Costs two SELECTs, wherever it is, and three where the value is in a file.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it is no whole number; SerializerError
   */
  async at(index: number): Promise<T | undefined> {
    validWhole('index', index);
    for (let gone: string | undefined; ;) {
      const item = await this.#snapshot((view) => itemAt(view, this.#key, index, this.#read));
      if (item === undefined) return undefined;
      const value = await item.value;
      // Another process may have taken it before its file was read: then there may be another one.
      if (value !== undefined || item.key === gone) return value as T | undefined;
      gone = item.key;
    }
  }

  /**
   * Puts a value in the place of the item at a position, and resolves to whether there is one. Costs one transaction.
   *
   * @throws as append() and at()
   */
  async set(index: number, value: T): Promise<boolean> {
    validWhole('index', index);
    return this.#change((tx, [staged]) => replacedAt(tx, this.#key, index, staged), [value]);
  }

  /** Takes the item at a position out, and resolves to whether there was one. Costs one transaction. */
  async delete(index: number): Promise<boolean> {
    validWhole('index', index);
    return this.#change((tx) => deletedAt(tx, this.#key, index));
  }

  /**
   * Takes out the first item from the left that is deeply equal to a value, and resolves to whether there was one.
   *
   * It looks through the items that there are when it is called, off the lock: what others put in front of it meanwhile
   * is not looked at. Costs the reading of all items before it, and one transaction.
   */
  async remove(value: T): Promise<boolean> {
    for await (const { id, key, value: item } of this.#items(false)) {
      if (areEqual(item, value) && (await this.#removeIfSame(id, key, value))) return true;
    }
    return false;
  }

  /** Resolves to how many items are deeply equal to a value. Reads all of them. */
  async count(value: T): Promise<number> {
    let count = 0;
    for await (const item of this) if (areEqual(item, value)) count++;
    return count;
  }

  /** Resolves to whether an item is deeply equal to a value. Reads all before it. */
  async includes(value: T): Promise<boolean> {
    for await (const item of this) if (areEqual(item, value)) return true;
    return false;
  }

  /**
   * Moves so many items from the right end to the left, one after the other; or the other way when it is negative.
   *
   * Costs one transaction with one row, however many they are: none is written anew. (Where much was removed from the
   * middle it grows with the number of gaps on the shorter way.)
   *
   * @param steps @default 1
   */
  async rotate(steps = 1): Promise<void> {
    validWhole('steps', steps);
    await this.#change((tx) => rotated(tx, this.#key, steps));
  }

  /** Reverses the order of all items. Costs one transaction with one row, however many there are. */
  async reverse(): Promise<void> {
    await this.#change((tx) => reversed(tx, this.#key));
  }

  /**
   * Removes all items. They are gone in one moment, at the cost of one transaction; then their entries are removed, as
   * deletePrefix() does it.
   */
  async clear(): Promise<void> {
    await this.#removePast(await this.#change((tx) => cleared(tx, this.#key, this.#host.now())));
  }

  /** Resolves to how many items there are. Costs one SELECT. */
  async size(): Promise<number> {
    return this.#snapshot((view) => new DequeState(view, this.#key).size);
  }

  /**
   * Resolves to whether another deque, or whatever gives values, has deeply equal items in the same order. It is the
   * answer of one moment only when nobody changes either meanwhile.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when `other` cannot be gone through
   */
  async equals(other: Source<T>): Promise<boolean> {
    return giveTheSame(this, other);
  }

  /**
   * Goes through the items that there are at the first step, from left to right, or with `reverse` from right to left.
   * Those that are taken out before they are read, some at a time, are left out; what is added is not met.
   *
   * Costs a SELECT for the order, and one an item; the event loop turns in between, and nothing is held open.
   */
  async *values(options?: DirectionOptions): AsyncGenerator<T, void> {
    for await (const { value } of this.#items(isReverse(options))) yield value as T;
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void> {
    return this.values();
  }

  /**
   * Runs `body` in one transaction with this deque as a DequeSync, and resolves to what it returned, see
   * DiskCache.transact(). For several collections at once use that, and `tx.deque(name)`.
   *
   * @example
   * ```ts
   * const jobs = cache.deque<string>('jobs');
   * await jobs.extend(['a', 'b', 'c']);
   * await jobs.transact((deque) => deque.append(deque.popLeft() ?? 'none'));
   * console.log(await jobs.equals(['b', 'c', 'a'])); // true
   * ```
   */
  async transact<Result>(body: (deque: DequeSync<T>) => Result): Promise<Result> {
    validFunction('body', body);
    const deque = (tx: CollectionStoreSync) => new DequeSync<T>(tx, this.name, this.#options);
    const result = await this.#host.store.transact((tx) => body(deque(tx)));
    this.#host.lines.changed(this.#key);
    return result;
  }

  async #append(end: DequeEnd, values: readonly T[]): Promise<number> {
    const terms = { maxLength: this.#maxLength, now: this.#host.now() };
    const body = (tx: CollectionTx, staged: readonly unknown[]) =>
      appended(tx, this.#key, end, staged, terms);
    const { size, abandoned } = await this.#change(body, values);
    this.#host.lines.changed(this.#key);
    await this.#removePast(abandoned);
    return size;
  }

  /** Removes what was let go of by clear(). */
  async #removePast(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) await this.#host.store.deletePrefix(prefix);
    if (prefixes.length > 0) await this.#change((tx) => tidied(tx, this.#key, prefixes));
  }

  async #extend(end: DequeEnd, source: Source<T>): Promise<number> {
    return inBatches('values', source, ADDED_AT_ONCE, (values) => this.#append(end, values));
  }

  async #pop(end: DequeEnd, options: PopOptions | undefined): Promise<T | undefined> {
    const patience = popPatience(options);
    if (patience === undefined) return this.#popNow(end);
    const attempt = async (): Promise<Attempt<T>> => {
      const value = (await this.size()) === 0 ? undefined : await this.#popNow(end);
      return value === undefined ? { againMs: Infinity } : { got: value };
    };
    const meanwhile = `the deque ${describe(this.name)} was empty`;
    return this.#host.lines.wait({ name: this.#key, attempt, meanwhile }, patience);
  }

  async #popNow(end: DequeEnd): Promise<T | undefined> {
    for (;;) {
      const taken = await this.#change((tx) => popped(tx, this.#key, end, this.#host.isClosing()));
      if (taken === undefined) return undefined;
      const value = 'value' in taken ? taken.value : await this.#popFile(end, taken);
      if (value !== undefined) return value as T;
    }
  }

  /** Reads and removes an item that was taken out. */
  async #popFile(end: DequeEnd, taken: TakenFile): Promise<unknown> {
    const value = await this.#host.store.pop(taken.key).catch(async (error: unknown) => {
      // When that fails, too, it is lost, as when the process dies.
      await this.#change((tx) => putBack(tx, this.#key, end, taken)).catch(() => undefined);
      this.#host.lines.changed(this.#key);
      throw error;
    });
    // When that fails an empty deque stays, which is none to whoever looks.
    if (taken.isLast) await this.#change((tx) => tidied(tx, this.#key, [])).catch(() => undefined);
    return value;
  }

  async *#items(
    isBackward: boolean,
  ): AsyncGenerator<{ readonly id: number; readonly key: string; readonly value: unknown }, void> {
    const { deque, order } = await this.#snapshot((view) => {
      const state = new DequeState(view, this.#key);
      return { deque: state, order: state.runs() };
    });
    for (const ids of idsOf(order, isBackward, READ_AT_ONCE)) {
      const keys = ids.map((id) => deque.keyOf(id));
      const values = await this.#host.store.getMany(keys);
      for (const [place, id] of ids.entries()) {
        const value = values[place];
        if (value !== undefined) yield { id, key: keys[place] as string, value };
      }
      await nextTurn();
    }
  }

  /** Begins to read a value at once, so that a later call that removes it does not matter. */
  readonly #read = (key: string): Promise<unknown> => {
    const reading = this.#host.store.get(key);
    reading.catch(() => undefined);
    return reading;
  };

  /** Takes an item out unless it was replaced since it was read. */
  async #removeIfSame(id: number, key: string, value: unknown): Promise<boolean> {
    const { store } = this.#host;
    const path = await store.path(key);
    if (path !== undefined && !areEqual(await store.get(key), value)) return false;
    return this.#change((tx) => {
      const isSame = tx.path(key) === path && (path !== undefined || areEqual(tx.get(key), value));
      return isSame && deletedId(tx, this.#key, id);
    });
  }

  #snapshot<Result>(body: (view: CollectionView) => Result): Promise<Result> {
    return this.#host.store.snapshot(body, { keys: [this.#key] });
  }

  #change<Result>(
    body: (tx: CollectionTx, staged: readonly unknown[]) => Result,
    values: readonly T[] = [],
  ): Promise<Result> {
    return this.#host.store.transact(body, { keys: [this.#key], values });
  }
}
