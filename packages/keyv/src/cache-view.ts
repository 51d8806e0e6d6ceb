import type { CacheStore, Compute, GetOrSetOptions } from '@diskcache/core';
import { keyPattern } from './key-pattern.ts';
import { stringKey } from './misuse.ts';
import { type CacheSource, openCache, type OpenedCache } from './opened-cache.ts';
import { StoreEvents } from './store-events.ts';
import { assertTags, type Tags, tagsFor } from './tags.ts';

/**
 * The part of a cache that one store has: the entries whose keys begin with its namespace. Here is what stores can do beyond
 * the contract of who uses them. Keys are those that you know, without the namespace.
 */
export abstract class CacheView extends StoreEvents {
  /** Keyv 4 and 5 give an iterator only to stores whose `dialect` they know. */
  readonly opts: Record<string, unknown> = { dialect: 'sqlite' };
  readonly #opened: OpenedCache;
  readonly #tags: Tags | undefined;

  /** @throws InvalidArgumentError when an option is wrong, and what DiskCache throws */
  constructor(source: CacheSource, tags: Tags | undefined) {
    super();
    if (tags !== undefined) assertTags(tags, "option 'tags'");
    this.#tags = tags;
    this.#opened = openCache(source, (error) => this.report(error));
  }

  /** The cache with all it can do: touch(), incr(), … Its keys are `namespace:key`. */
  get cache(): CacheStore {
    return this.#opened.cache;
  }

  /**
   * Removes all entries of the cache that have a tag, whatever their namespace, and resolves to how many.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_TAG`, and what the cache throws
   * @example
   * ```ts
   * await store.evict('users');
   * ```
   */
  async evict(tag: string): Promise<number> {
    return this.cache.evict(tag);
  }

  /**
   * Removes the entries whose keys begin with a text, and resolves to how many. Does not read their values.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`, and what the cache throws
   * @example
   * ```ts
   * await store.deletePrefix('user:1:');
   * ```
   */
  async deletePrefix(prefix: string): Promise<number> {
    return this.cache.deletePrefix(this.prefix + stringKey(prefix));
  }

  /**
   * Goes through the keys that match a pattern, in their order: `*` stands for any text, `?` for one character. With `tag`
   * only through those of entries that have it. Does not read values, and of the keys only those that begin as the pattern
   * does.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, and what the cache throws, at the first step
   * @example
   * ```ts
   * for await (const key of store.keys('user:*')) console.log(key);
   * ```
   */
  async *keys(pattern = '*', { tag }: { tag?: string | undefined } = {}): AsyncGenerator<string, void> {
    const { prefix, matches } = keyPattern(pattern);
    const start = this.prefix;
    for await (const stored of this.cache.keys({ prefix: start + prefix, tag })) {
      const key = (stored as string).slice(start.length);
      if (matches(key)) yield key;
    }
  }

  /**
   * Resolves to the value of a key; where there is none, to what `compute` makes, which is stored. Of all calls for the key
   * that come meanwhile, in all processes that use the cache, one computes: see DiskCache.getOrSet(), whose options these
   * are. Each call gets the value as it is read from then on: a class instance as plain data.
   *
   * @throws what `compute` throws, and what DiskCache.getOrSet() throws
   * @example
   * ```ts
   * const user = await store.getOrSet('user:1', () => findUser(1), {
   *   ttl: 60_000,
   *   tags: (found) => [`team:${found.team}`],
   * });
   * ```
   */
  async getOrSet<Value>(
    key: string,
    compute: Compute<Value>,
    options: GetOrSetOptions<Value> = {},
  ): Promise<Value> {
    const isRight = typeof compute === 'function' && typeof options === 'object' && options !== null;
    // The cache says what is wrong.
    if (!isRight) return this.cache.getOrSet(key, compute, options);
    const encoded = await this.cache.getOrSet(
      this.prefix + stringKey(key),
      async (context) => {
        const value = await compute(context);
        return value === undefined ? undefined : this.encoded(value);
      },
      this.#ofEncoded(key, options),
    );
    return this.decoded(encoded, key) as Value;
  }

  /** Closes the cache if this store opened it, else nothing: a shared cache is closed by whoever opened it. */
  async disconnect(): Promise<void> {
    await this.#opened.close();
  }

  /** What the keys of the store begin with in the cache: `namespace:`, or nothing. */
  protected abstract get prefix(): string;

  /** Lifetime in ms of what is stored without one, unless that is left to the cache. */
  protected get defaultTtl(): number | undefined {
    return undefined;
  }

  /** The tags of an entry whose write says none of its own. */
  protected tagsFor(key: string, value: () => unknown): readonly string[] | undefined {
    return tagsFor(key, value, this.#tags);
  }

  /** What the cache stores for a value. */
  protected abstract encoded(value: unknown): unknown;
  /** The value that was stored so, at a key. */
  protected abstract decoded(encoded: unknown, key: string): unknown;

  /** The same options for the cache, which computes what is stored for a value. */
  #ofEncoded<Value>(key: string, options: GetOrSetOptions<Value>): GetOrSetOptions {
    const decoded = (encoded: unknown) => this.decoded(encoded, key) as Value;
    const { ttl, expires, tags, shouldCache } = options;
    const lifetime = ttl ?? (expires === undefined ? this.defaultTtl : undefined);
    return {
      ...options,
      ttl: typeof lifetime === 'function' ? (encoded) => lifetime(decoded(encoded)) : lifetime,
      tags:
        typeof tags === 'function'
          ? (encoded) => tags(decoded(encoded))
          : (tags ?? ((encoded) => this.tagsFor(key, () => decoded(encoded)) ?? [])),
      shouldCache: shouldCache && ((encoded) => shouldCache(decoded(encoded))),
    };
  }
}
