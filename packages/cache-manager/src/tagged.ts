import { InvalidArgumentError } from '@diskcache/core';
import { assertTags, CacheView, shown, type Tags, unknownOption, withTags } from '@diskcache/keyv';
import { assertStores } from './assert-stores.ts';
import { LegacyDiskStore } from './legacy-disk-store.ts';

/** What tagged() asks of a cache of cache-manager 5, 6 or 7. */
export interface TaggableCache {
  readonly stores?: readonly unknown[];
  readonly store?: unknown;
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  // As a property that takes anything: the versions differ in its types, and only in them.
  readonly wrap: (...given: never[]) => Promise<unknown>;
  readonly mdel?: (keys: string[]) => Promise<unknown>;
}

/** How TaggedCache.set() stores. */
export interface TaggedSetOptions<Value = unknown> {
  /** Lifetime in ms. @default the cache's `ttl` */
  ttl?: number | undefined;
  /** Labels to evict the entry by, or a function that tells them from the value. @default those of the store's `tags` */
  tags?: readonly string[] | ((value: Value) => readonly string[]) | undefined;
}

/** How TaggedCache.wrap() stores. */
export interface TaggedWrapOptions<Value = unknown> extends Omit<TaggedSetOptions<Value>, 'ttl'> {
  /** Lifetime in ms, or a function that tells it from the value. @default the cache's `ttl` */
  ttl?: number | ((value: Value) => number) | undefined;
  /** With less than so many ms left a new value is computed behind. @default the cache's own */
  refreshThreshold?: number | undefined;
}

/** A cache-manager cache with tags: made by tagged(). */
export class TaggedCache {
  readonly #cache: TaggableCache;
  readonly #view: CacheView;

  /** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when no store is of DiskCache, and what assertStores() throws */
  constructor(cache: TaggableCache) {
    this.#cache = cache;
    this.#view = viewOf(cache);
  }

  /**
   * The cache's own wrap(): the value of a key, or where there is none what `compute` makes, which is stored with the tags.
   *
   * @throws what `compute` throws; InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * const found = await tagged(cache).wrap('book:1', () => findBook(1), {
   *   ttl: 60_000,
   *   tags: ({ author }) => ['books', `author:${author}`],
   * });
   * ```
   */
  async wrap<Value>(
    key: string,
    compute: () => Value | Promise<Value>,
    options: TaggedWrapOptions<Value> = {},
  ): Promise<Value> {
    const { ttl, refreshThreshold, tags } = checked(options, ['ttl', 'refreshThreshold', 'tags']);
    const wrap = this.#cache.wrap as (...given: unknown[]) => Promise<Value>;
    // cache-manager 5 wants a promise of it.
    const computeLater = async () => compute();
    return withTags(ofKey(key, tags), () => wrap.call(this.#cache, key, computeLater, ttl, refreshThreshold));
  }

  /**
   * The cache's own set(), with the tags.
   *
   * @throws what that throws; InvalidArgumentError `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * await tagged(cache).set('book:2', book, { tags: ['books'] });
   * ```
   */
  async set<Value>(key: string, value: Value, options: TaggedSetOptions<Value> = {}): Promise<void> {
    const { ttl, tags } = checked(options, ['ttl', 'tags']);
    await withTags(ofKey(key, tags), () => this.#cache.set(key, value, ttl));
  }

  /**
   * Removes all entries that have a tag, of all namespaces of the disk cache, and resolves to how many. They are removed from
   * the other stores of the cache too, as those in memory, but not from the memory of other processes.
   *
   * @example
   * ```ts
   * await tagged(cache).evict('books');
   * ```
   */
  async evict(tag: string): Promise<number> {
    const { stores = [], mdel } = this.#cache;
    const inOthers: string[] = [];
    if (stores.length > 1) for await (const key of this.#view.keys('*', { tag })) inOthers.push(key);
    const evicted = await this.#view.evict(tag);
    if (inOthers.length > 0) await mdel?.call(this.#cache, inOthers);
    return evicted;
  }
}

/**
 * The same cache, of cache-manager 5, 6 or 7, with tags: one of its stores has to be of DiskCache. Costs nothing.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when none is, and what assertStores() throws
 * @example
 * ```ts
 * import { createDiskStore, tagged } from '@diskcache/cache-manager';
 * import { createCache } from 'cache-manager';
 *
 * const cache = createCache({ stores: [createDiskStore({ directory: './cache' })] });
 * await tagged(cache).wrap('book:1', () => ({ title: 'Notes' }), { ttl: 60_000, tags: ['books'] });
 * console.log(await tagged(cache).evict('books')); // 1
 * await cache.disconnect();
 * ```
 */
export function tagged(cache: TaggableCache): TaggedCache {
  return new TaggedCache(cache);
}

/** Tags for one key, since `compute` may store others meanwhile. */
function ofKey(key: string, tags: TaggedSetOptions<never>['tags']): Tags {
  return (stored, value) => {
    if (stored !== key) return undefined;
    return typeof tags === 'function' ? tags(value as never) : tags;
  };
}

function checked<Options extends TaggedWrapOptions<never>>(
  options: Options,
  names: (keyof Options)[],
): Options {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `options must be an object, such as { ttl: 60_000, tags: ['a'] }; given ${shown(options)}`,
    );
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name as keyof Options));
  if (unknown !== undefined) throw unknownOption(unknown, names as string[]);
  if (options.tags !== undefined) assertTags(options.tags, "option 'tags'");
  return options;
}

function viewOf(cache: TaggableCache): CacheView {
  const { stores, store } = (cache ?? {}) as Partial<TaggableCache>;
  if (stores !== undefined) assertStores({ stores });
  for (const one of stores ?? [store]) {
    const view = viewIn(one);
    if (view !== undefined) return view;
  }
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    'this cache has no store of DiskCache: make it with createDiskStore(…) among its stores',
  );
}

function viewIn(store: unknown): CacheView | undefined {
  if (store instanceof CacheView) return store;
  if (store instanceof LegacyDiskStore) return store.disk;
  const inKeyv = (store as { store?: unknown } | null | undefined)?.store;
  return inKeyv instanceof CacheView ? inKeyv : undefined;
}
