import type { CollectionStore } from '../collection-store.ts';
import { Average, averageOf, validNumber } from './average.ts';

/**
 * The average of the numbers that all processes have added, see DiskCache.averager(). AveragerSync, of
 * DiskCacheSync.averager(), is the same for scripts and bodies of transactions.
 *
 * @example
 * ```ts
 * const latency = cache.averager('latency');
 * await latency.add(100);
 * console.log(await latency.add(200), await latency.get()); // 150 150
 * console.log(await latency.pop(), await latency.get()); // 150 undefined
 * ```
 */
export class Averager {
  readonly name: string;
  readonly #store: CollectionStore;
  readonly #average: Average;

  /** @internal */
  constructor(store: CollectionStore, name: string) {
    this.name = name;
    this.#store = store;
    this.#average = new Average(name);
  }

  /**
   * Adds a number, and resolves to the average with it. Costs one transaction.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it is no finite number; DiskCacheError `ERR_DISKCACHE_NUMBER`
   *   when the sum of all would be none
   */
  async add(value: number): Promise<number> {
    const checked = validNumber(value);
    return this.#store.transact((tx) => this.#average.add(tx, checked), { keys: [this.#average.key] });
  }

  /** Resolves to the average, or to undefined when nothing was added. Costs one SELECT. */
  async get(): Promise<number | undefined> {
    return averageOf(await this.#store.get<string>(this.#average.key));
  }

  /** Forgets all numbers, and resolves to their average, or to undefined when there were none. Costs one transaction. */
  async pop(): Promise<number | undefined> {
    return averageOf(await this.#store.pop<string>(this.#average.key));
  }
}
