import type { Key } from '../entry/key.ts';
import type { Shards } from './shards.ts';

/** Keys by the shards that they belong to. */
export class Grouped<Cache> {
  readonly #count: number;
  readonly #groups: readonly {
    readonly cache: Cache;
    readonly keys: readonly Key[];
    readonly places: readonly number[];
  }[];

  constructor(keys: readonly Key[], shards: Shards, cacheAt: (place: number) => Cache) {
    // What there is nothing to do for is refused all the same.
    if (keys.length === 0) shards.assertOpen();
    const groups = new Map<number, number[]>();
    for (const [place, key] of keys.entries()) {
      const shard = shards.placeOf(key);
      const places = groups.get(shard);
      if (places === undefined) groups.set(shard, [place]);
      else places.push(place);
    }
    this.#count = keys.length;
    this.#groups = Array.from(groups, ([shard, places]) => ({
      cache: cacheAt(shard),
      places,
      keys: places.map((place) => keys[place] as Key),
    }));
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
