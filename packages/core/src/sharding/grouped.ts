import type { Key } from '../entry/key.ts';
import type { Shard, Shards } from './shards.ts';

/** Keys by the shards that they belong to. */
export class Grouped<Cache> {
  readonly #count: number;
  readonly #groups: readonly {
    readonly cache: Cache;
    readonly keys: readonly Key[];
    readonly places: readonly number[];
  }[];

  constructor(keys: readonly Key[], shards: Shards, cacheOf: (shard: Shard) => Cache) {
    const places = shards.all.map((): number[] => []);
    for (const [place, key] of keys.entries()) places[shards.placeOf(key)]?.push(place);
    this.#count = keys.length;
    this.#groups = places
      .map((some, shard) => ({ cache: cacheOf(shards.all[shard] as Shard), places: some }))
      .filter((group) => group.places.length > 0)
      .map((group) => ({ ...group, keys: group.places.map((place) => keys[place] as Key) }));
  }

  /** What a verb gives for the keys of each shard, in the order of all keys. */
  each<T>(verb: (cache: Cache, keys: readonly Key[]) => readonly T[]): T[] {
    return this.#inOrder(this.#groups.map(({ cache, keys }) => verb(cache, keys)));
  }

  /** The same of one that gives promises. */
  async eachLater<T>(verb: (cache: Cache, keys: readonly Key[]) => Promise<readonly T[]>): Promise<T[]> {
    return this.#inOrder(await Promise.all(this.#groups.map(({ cache, keys }) => verb(cache, keys))));
  }

  #inOrder<T>(results: readonly (readonly T[])[]): T[] {
    const all = Array.from<T>({ length: this.#count });
    for (const [group, { places }] of this.#groups.entries()) {
      for (const [index, place] of places.entries()) all[place] = results[group]?.[index] as T;
    }
    return all;
  }
}
