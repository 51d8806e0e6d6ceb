import type { CollectionStoreSync } from '../collection-store.ts';
import { Average, validNumber } from './average.ts';

/**
 * Averager for scripts, and for the bodies of transactions. Each verb costs one transaction, or is a part of the one
 * that is open.
 *
 * @example
 * ```ts
 * const latency = cache.averager('latency');
 * latency.add(100);
 * console.log(latency.add(200), latency.get(), latency.pop()); // 150 150 150
 * ```
 */
export class AveragerSync {
  readonly name: string;
  readonly #store: CollectionStoreSync;
  readonly #average: Average;

  /** @internal */
  constructor(store: CollectionStoreSync, name: string) {
    this.name = name;
    this.#store = store;
    this.#average = new Average(name);
  }

  /**
   * Adds a number, and returns the average with it.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it is no finite number; DiskCacheError `ERR_DISKCACHE_NUMBER`
   *   when the sum of all would be none
   */
  add(value: number): number {
    const checked = validNumber(value);
    return this.#store.transact((tx) => this.#average.add(tx, checked));
  }

  /** Returns the average, or undefined when nothing was added. */
  get(): number | undefined {
    return this.#average.get(this.#store);
  }

  /** Forgets all numbers, and returns their average, or undefined when there were none. */
  pop(): number | undefined {
    return this.#store.transact((tx) => this.#average.pop(tx));
  }
}
