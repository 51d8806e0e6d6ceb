import type { CacheStore, SetOptions } from '@diskcache/core';
import {
  assertOption,
  type CacheSource,
  expiryOfTtl,
  isTextOrNone,
  openCache,
  type OpenedCache,
  plainData,
  StoreEvents,
  stringKey,
} from '@diskcache/keyv';

/** Where a DiskStore keeps its entries, and how. */
export type DiskStoreOptions = CacheSource & {
  /** Put before each key as `namespace:key`, and what clear() is limited to. @default none: clear() empties the cache */
  namespace?: string | undefined;
  /** Lifetime in ms of entries that are set without one; 0 is no limit. @default none: they stay until evicted */
  ttl?: number | undefined;
  /** The tags of an entry that is set without any, so that what wrap() or a framework stores can be evicted by tag. */
  tags?: ((key: string, value: unknown) => readonly string[] | undefined) | undefined;
  /**
   * Whether a write that fails rejects. Otherwise it is told by the event 'error' (without a listener by a process
   * warning, once for each kind of failure) and its result is false: a cache that cannot write should not take down what
   * it serves. Reads always reject; cache-manager takes that for a miss.
   *
   * @default false
   */
  throwOnErrors?: boolean | undefined;
};

/** A value and its deadline in ms since the epoch, as cache-manager reads them for wrap() and ttl(). */
export interface RawEntry<Value> {
  value: Value;
  expires: number | undefined;
}

/** One of setMany(). */
export interface DiskStoreEntry extends SetOptions {
  key: string;
  value: unknown;
}

/** Failures of a value, not of the disk: what the key had before is out of date, and can be removed. */
const VALUE_REFUSED = new Set<unknown>([
  'ERR_DISKCACHE_VALUE',
  'ERR_DISKCACHE_TOO_LARGE',
  'ERR_DISKCACHE_TAG',
]);

/**
 * A store for cache-manager 7, and for NestJS, that keeps entries in a DiskCache: values as they are, without a
 * serializer, at `namespace:key`. It has the methods of a Keyv 5, of which cache-manager uses some, and no Keyv in it.
 *
 * Where something wraps it in a Keyv of any version all the same, it is an ordinary storage adapter: what is given to
 * set() comes back from get() as it was, and a third argument of set() is a ttl in ms.
 */
export class DiskStore extends StoreEvents {
  /** Keyv 4 and 5 give an iterator only to stores whose `dialect` they know. */
  readonly opts: Record<string, unknown> = { dialect: 'sqlite' };
  /** NestJS takes what has `opts`, `hooks` and `stats` for a Keyv. There are no hooks; statistics are `cache.stats()`. */
  readonly hooks: object = {};
  readonly stats: { readonly enabled: boolean } = { enabled: false };
  readonly throwOnErrors: boolean;
  namespace: string | undefined;
  ttl: number | undefined;
  readonly #opened: OpenedCache;
  readonly #tagsOf: DiskStoreOptions['tags'];
  readonly #warnedOf = new Set<unknown>();

  /** @throws InvalidArgumentError when an option is wrong, and what DiskCache throws */
  constructor(
    { namespace, ttl, tags, throwOnErrors = false, ...source }: DiskStoreOptions = {} as DiskStoreOptions,
  ) {
    super();
    assertOption(isTextOrNone(namespace), 'namespace', 'a string');
    assertOption(
      ttl === undefined || (typeof ttl === 'number' && ttl >= 0),
      'ttl',
      'a number of milliseconds from 0 up',
    );
    assertOption(tags === undefined || typeof tags === 'function', 'tags', 'a function of key and value');
    assertOption(typeof throwOnErrors === 'boolean', 'throwOnErrors', 'true or false');
    this.namespace = namespace;
    this.ttl = ttl;
    this.throwOnErrors = throwOnErrors;
    this.#tagsOf = tags;
    this.#opened = openCache(source as CacheSource, (error) => this.#report(error));
  }

  /** The cache with all it can do: stats(), touch(), … Its keys are `namespace:key`. */
  get cache(): CacheStore {
    return this.#opened.cache;
  }

  /** The value, or undefined; with `raw`, `{ value, expires }`. */
  async get<Value = unknown>(key: string, options?: { raw?: false }): Promise<Value | undefined>;
  async get<Value = unknown>(key: string, options: { raw: true }): Promise<RawEntry<Value> | undefined>;
  async get<Value = unknown>(keys: string[], options?: { raw?: false }): Promise<(Value | undefined)[]>;
  async get<Value = unknown>(
    keys: string[],
    options: { raw: true },
  ): Promise<(RawEntry<Value> | undefined)[]>;
  async get(key: string | string[], options?: { raw?: boolean }): Promise<unknown> {
    if (Array.isArray(key)) return options?.raw === true ? this.getManyRaw(key) : this.getMany(key);
    if (options?.raw === true) return this.getRaw(key);
    return this.#read(() => this.cache.get(this.#stored(key)));
  }

  async getRaw<Value = unknown>(key: string): Promise<RawEntry<Value> | undefined> {
    const entry = await this.#read(() => this.cache.entry<Value>(this.#stored(key)));
    return entry && { value: entry.value, expires: entry.expires };
  }

  async getMany<Value = unknown>(keys: string[], options?: { raw?: false }): Promise<(Value | undefined)[]>;
  async getMany<Value = unknown>(
    keys: string[],
    options: { raw: true },
  ): Promise<(RawEntry<Value> | undefined)[]>;
  async getMany(keys: string[], options?: { raw?: boolean }): Promise<unknown[]> {
    if (options?.raw === true) return this.getManyRaw(keys);
    return this.#read(() => this.cache.getMany(keys.map((key) => this.#stored(key))));
  }

  async getManyRaw<Value = unknown>(keys: string[]): Promise<(RawEntry<Value> | undefined)[]> {
    const entries = await this.#read(() => this.cache.entryMany<Value>(keys.map((key) => this.#stored(key))));
    return entries.map((entry) => entry && { value: entry.value, expires: entry.expires });
  }

  async has(key: string): Promise<boolean>;
  async has(keys: string[]): Promise<boolean[]>;
  async has(key: string | string[]): Promise<boolean | boolean[]> {
    if (Array.isArray(key)) return this.hasMany(key);
    return this.#read(() => this.cache.has(this.#stored(key)));
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  /**
   * Stores a value; undefined, which stands for a miss, removes the entry. Instances of classes are stored as the plain
   * data that JSON would make of them.
   *
   * @returns whether it was stored
   */
  async set(key: string, value: unknown, options?: number | SetOptions): Promise<boolean> {
    const stored = this.#stored(key);
    return this.#write(
      async () => {
        if (value === undefined) await this.cache.delete(stored);
        else await this.cache.set(stored, plainData(value), this.#terms(key, value, options));
        return true;
      },
      async (error) => {
        // Nobody may hear of the failure, so at least the older value must not be taken for this one.
        if (VALUE_REFUSED.has(codeOf(error))) await this.delete(key);
        return false;
      },
    );
  }

  async setMany(entries: DiskStoreEntry[]): Promise<boolean[]>;
  async setMany(entries: DiskStoreEntry[]): Promise<void>;
  async setMany(entries: DiskStoreEntry[]): Promise<boolean[] | void> {
    return Promise.all(entries.map(({ key, value, ...options }) => this.set(key, value, options)));
  }

  /** @returns whether the entry, or each of several, was there */
  async delete(key: string | string[]): Promise<boolean> {
    if (Array.isArray(key)) return this.deleteMany(key);
    const stored = this.#stored(key);
    return this.#write(
      () => this.cache.delete(stored),
      () => false,
    );
  }

  async deleteMany(keys: string[]): Promise<boolean>;
  async deleteMany(keys: string[]): Promise<boolean[]>;
  async deleteMany(keys: string[]): Promise<boolean | boolean[]> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return deleted.every(Boolean);
  }

  /** Removes the entries of the namespace; without one, all entries of the cache. */
  async clear(): Promise<void> {
    await this.#write(
      () => (this.namespace ? this.cache.deletePrefix(this.#prefix) : this.cache.clear()),
      () => 0,
    );
  }

  /** Removes all entries of the cache that have a tag, whatever their namespace. @returns how many */
  async evict(tag: string): Promise<number> {
    return this.cache.evict(tag);
  }

  /** The entries of the namespace, in the order of their keys. */
  async *iterator<Value = unknown>(): AsyncGenerator<[string, Value], void> {
    const prefix = this.#prefix;
    for await (const { key, value } of this.cache.entries<Value>({ prefix })) {
      yield [(key as string).slice(prefix.length), value];
    }
  }

  /** Closes the cache if this store opened it, else nothing: a shared cache is closed by whoever opened it. */
  async disconnect(): Promise<void> {
    await this.#opened.close();
  }

  get #prefix(): string {
    return this.namespace ? `${this.namespace}:` : '';
  }

  #stored(key: string): string {
    return this.#prefix + stringKey(key);
  }

  #terms(key: string, value: unknown, given: number | SetOptions | undefined): SetOptions {
    const { ttl, ...options }: SetOptions = typeof given === 'object' ? given : { ttl: given };
    const lifetime = ttl ?? (options.expires === undefined ? this.ttl : undefined);
    return {
      ...options,
      ...(lifetime === 0 ? undefined : expiryOfTtl(lifetime)),
      tags: options.tags ?? this.#tagsOf?.(key, value),
    };
  }

  /** cache-manager takes a read that fails for a miss, mostly without a word: so it is told here too. */
  async #read<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      this.#report(error);
      throw error;
    }
  }

  async #write<Result>(
    write: () => Promise<Result>,
    orElse: (error: unknown) => Result | Promise<Result>,
  ): Promise<Result> {
    try {
      return await write();
    } catch (error) {
      if (this.throwOnErrors) throw error;
      this.#report(error);
      return orElse(error);
    }
  }

  #report(error: unknown): void {
    try {
      if (this.listenerCount('error') > 0) {
        this.emit('error', error);
        return;
      }
    } catch {
      // A Keyv that wraps this store throws what nobody listens to there.
    }
    const code = codeOf(error);
    if (this.#warnedOf.has(code)) return;
    this.#warnedOf.add(code);
    process.emitWarning(error as Error);
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
