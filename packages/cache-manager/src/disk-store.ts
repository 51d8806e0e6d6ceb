import { DiskCacheError, type Entry, InvalidArgumentError, type SetOptions } from '@diskcache/core';
import {
  assertOption,
  assertOptions,
  type CacheSource,
  CacheView,
  expiryOfTtl,
  isTextOrNone,
  keptFromEnvelopes,
  namespacePrefix,
  plainData,
  shown,
  stringKey,
  type Tags,
  withoutEnvelope,
} from '@diskcache/keyv';

/** Where a DiskStore keeps its entries, and how. */
export type DiskStoreOptions = CacheSource & {
  /** Put before each key as `namespace:key`, and what clear() is limited to. @default none: clear() empties the cache */
  namespace?: string | undefined;
  /** Lifetime in ms of entries that are set without one; 0 is no limit. @default none: they stay until evicted */
  ttl?: number | undefined;
  /**
   * The tags of an entry that is set without any, so that what wrap() or a framework stores can be evicted by tag: the same
   * for all, or told from key and value. tagged() and withTags() are for single entries. @default none
   */
  tags?: Tags | undefined;
  /**
   * Whether a write that fails rejects. Otherwise its result is false: a cache that cannot write should not take down what
   * it serves. Reads always reject; cache-manager takes that for a miss. Either is told by the event 'error', without a
   * listener by a process warning, once for each code and message. Where it is the value that cannot be stored, `error.detail` tells its key.
   *
   * @default false
   */
  throwOnErrors?: boolean | undefined;
};

const OWN_OPTIONS = ['namespace', 'ttl', 'tags', 'throwOnErrors'];

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

/**
 * A store for cache-manager 6 and 7, and for NestJS, that keeps entries in a DiskCache: values as they are, without a
 * serializer, at `namespace:key`. It has the methods of a Keyv 5, of which cache-manager uses some, and no Keyv in it.
 *
 * Where something wraps it in a Keyv of any version all the same, it is an ordinary storage adapter: what is given to
 * set() comes back from get() as it was, and a third argument of set() is a ttl in ms. One store is for one consumer: any
 * number can share an open cache.
 */
export class DiskStore extends CacheView {
  /** NestJS takes what has `opts`, `hooks` and `stats` for a Keyv. There are no hooks; statistics are `cache.stats()`. */
  readonly hooks: object = {};
  readonly stats: { readonly enabled: boolean } = { enabled: false };
  readonly throwOnErrors: boolean;
  ttl: number | undefined;
  readonly #namespace: string | undefined;
  /** The namespace of a Keyv that this store was put into. */
  #ofKeyv: string | undefined;
  #isInKeyv = false;
  #isUsed = false;
  #isWarnedOfKeyv6 = false;
  /** Of the calls of set() that are under way the last one for each key. */
  readonly #lastSets = new Map<string, object>();

  /** @throws InvalidArgumentError when an option is wrong, and what DiskCache throws */
  constructor(options: DiskStoreOptions) {
    assertOptions(options, OWN_OPTIONS);
    const { namespace, ttl, tags, throwOnErrors = false, ...source } = options;
    assertOption('namespace', namespace, isTextOrNone(namespace), 'a string');
    const isTtl = ttl === undefined || (typeof ttl === 'number' && ttl >= 0);
    assertOption('ttl', ttl, isTtl, 'a number of milliseconds from 0 up');
    assertOption('throwOnErrors', throwOnErrors, typeof throwOnErrors === 'boolean', 'true or false');
    super(source as CacheSource, tags);
    this.#namespace = namespace;
    this.ttl = ttl;
    this.throwOnErrors = throwOnErrors;
  }

  /** The namespace of the Keyv that this store was put into, within its own. */
  get namespace(): string | undefined {
    return this.#ofKeyv;
  }

  /**
   * Set by Keyv.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when the store is in use without one
   */
  set namespace(namespace: string | undefined) {
    if (this.#isUsed && !this.#isInKeyv) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_OPTION',
        'this DiskStore is in use by cache-manager, and a Keyv calls it differently: ' +
          'give each a store of its own, new DiskStore({ cache })',
      );
    }
    this.#isInKeyv = true;
    this.#ofKeyv = namespace;
  }

  /**
   * Asked for by Keyv 6 alone, which learns that it has to see to deadlines itself.
   *
   * @internal
   */
  get capabilities(): undefined {
    this.#warnOfKeyv6();
    return undefined;
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
    if (Array.isArray(key)) return this.getMany(key, options as { raw: true });
    if (options?.raw === true) return this.getRaw(key);
    return this.#told(async () => this.decoded(await this.cache.get(this.#stored(key)), key));
  }

  async getRaw<Value = unknown>(key: string): Promise<RawEntry<Value> | undefined> {
    return this.#told(async () => this.#rawEntry<Value>(await this.cache.entry(this.#raw(key)), key));
  }

  async getMany<Value = unknown>(keys: string[], options?: { raw?: false }): Promise<(Value | undefined)[]>;
  async getMany<Value = unknown>(
    keys: string[],
    options: { raw: true },
  ): Promise<(RawEntry<Value> | undefined)[]>;
  async getMany(keys: string[], options?: { raw?: boolean }): Promise<unknown[]> {
    if (options?.raw === true) return this.getManyRaw(keys);
    return this.#told(async () => {
      const values = await this.cache.getMany(keys.map((key) => this.#stored(key)));
      return values.map((value, at) => this.decoded(value, keys[at]!));
    });
  }

  async getManyRaw<Value = unknown>(keys: string[]): Promise<(RawEntry<Value> | undefined)[]> {
    return this.#told(async () => {
      const entries = await this.cache.entryMany(keys.map((key) => this.#raw(key)));
      return entries.map((entry, at) => this.#rawEntry<Value>(entry, keys[at]!));
    });
  }

  async has(key: string): Promise<boolean>;
  async has(keys: string[]): Promise<boolean[]>;
  async has(key: string | string[]): Promise<boolean | boolean[]> {
    if (Array.isArray(key)) return this.hasMany(key);
    return this.#told(() => this.cache.has(this.#stored(key)));
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return this.#told(() => this.cache.hasMany(keys.map((key) => this.#stored(key))));
  }

  /**
   * Stores a value; undefined, which stands for a miss, removes the entry. Instances of classes are stored as the plain
   * data that JSON would make of them.
   *
   * @returns whether it was stored
   */
  async set(key: string, value: unknown, options?: number | SetOptions): Promise<boolean> {
    const stored = this.#stored(key);
    const call = {};
    this.#lastSets.set(stored, call);
    const isLast = () => this.#lastSets.get(stored) === call;
    try {
      return await this.#write(
        async () => {
          if (value === undefined) await this.cache.delete(stored);
          else await this.cache.set(stored, this.encoded(value), this.#terms(key, value, options));
          return true;
        },
        async (error) => {
          // Nobody may hear of the failure, so at least the older value must not be taken for this one. A newer one stays.
          if (isOfWhatWasGiven(error) && isLast()) await this.delete(key);
          return false;
        },
        key,
      );
    } finally {
      if (isLast()) this.#lastSets.delete(stored);
    }
  }

  /**
   * Stores several entries as set() does each: in one transaction, as long as they are no more than 1,024 and take no more
   * than 5 ms. One that fails does not keep the others from being stored.
   *
   * @returns of each whether it was stored
   */
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

  /**
   * Removes several entries, in as few transactions as setMany() takes.
   *
   * @returns whether all were there
   */
  async deleteMany(keys: string[]): Promise<boolean>;
  async deleteMany(keys: string[]): Promise<boolean[]>;
  async deleteMany(keys: string[]): Promise<boolean | boolean[]> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return deleted.every(Boolean);
  }

  /** Removes the entries of the namespace; without one, all entries of the cache. */
  async clear(): Promise<void> {
    await this.#write(
      () => (this.prefix === '' ? this.cache.clear() : this.cache.deletePrefix(this.prefix)),
      () => 0,
    );
  }

  /** The entries of the namespace, in the order of their keys. */
  async *iterator<Value = unknown>(): AsyncGenerator<[string, Value], void> {
    const { prefix } = this;
    for await (const { key: stored, value } of this.cache.entries({ prefix })) {
      const key = (stored as string).slice(prefix.length);
      yield [key, this.decoded(value, key) as Value];
    }
  }

  protected override get prefix(): string {
    return namespacePrefix(this.#namespace) + namespacePrefix(this.#ofKeyv);
  }

  protected override get defaultTtl(): number | undefined {
    return this.ttl === 0 ? undefined : this.ttl;
  }

  protected override encoded(value: unknown): unknown {
    return keptFromEnvelopes(plainData(value));
  }

  /** @throws DiskCacheError `ERR_DISKCACHE_SERIALIZER` for what a Keyv has written that cannot be read without it */
  protected override decoded(encoded: unknown, key: string): unknown {
    return withoutEnvelope(encoded, key);
  }

  #stored(key: string): string {
    this.#isUsed = true;
    return this.prefix + stringKey(key);
  }

  /** The same for a call that no Keyv makes. */
  #raw(key: string): string {
    if (!this.#isInKeyv) return this.#stored(key);
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      'this DiskStore works for a Keyv, and cache-manager calls it differently: ' +
        'give each a store of its own, new DiskStore({ cache })',
    );
  }

  #rawEntry<Value>(entry: Entry | undefined, key: string): RawEntry<Value> | undefined {
    return entry && { value: this.decoded(entry.value, key) as Value, expires: entry.expires };
  }

  /** The key as it is known to those who use the Keyv that this store is in: Keyv 5 puts its namespace before it. */
  #known(key: string): string {
    const prefix = `${this.#ofKeyv}:`;
    return this.#ofKeyv && key.startsWith(prefix) ? key.slice(prefix.length) : key;
  }

  #terms(key: string, value: unknown, given: number | SetOptions | undefined): SetOptions {
    const { ttl, ...options }: SetOptions = typeof given === 'object' ? given : { ttl: given };
    const lifetime = ttl ?? (options.expires === undefined ? this.ttl : undefined);
    return {
      ...options,
      ...(lifetime === 0 ? undefined : expiryOfTtl(lifetime)),
      tags: options.tags ?? this.tagsFor(this.#known(key), () => value),
    };
  }

  #warnOfKeyv6(): void {
    if (this.#isWarnedOfKeyv6) return;
    this.#isWarnedOfKeyv6 = true;
    process.emitWarning(
      'a DiskStore was put into a Keyv 6. As a store of cache-manager, or of NestJS, that computes every wrap() anew and knows no ' +
        'ttl(): give it the DiskStore itself (with @nestjs/cache-manager 3.1.3 or newer). For a Keyv use KeyvDiskStore.',
      { type: 'DiskCacheWarning', code: 'DISKCACHE_KEYV_6' },
    );
  }

  /** What a call rejects with, cache-manager and others often keep to themselves: so it is told here too. */
  async #told<Result>(work: () => Promise<Result>, key?: string): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      // Node prints it with a warning. An error that a group of writes has in common is of no key.
      if (key !== undefined && isOfCache(error) && isOfWhatWasGiven(error)) {
        Object.assign(error, { detail: `in set() of the key ${shown(key)}` });
      }
      this.report(error);
      throw error;
    }
  }

  async #write<Result>(
    write: () => Promise<Result>,
    orElse: (error: unknown) => Result | Promise<Result>,
    key?: string,
  ): Promise<Result> {
    try {
      return await this.#told(write, key);
    } catch (error) {
      if (this.throwOnErrors) throw error;
      return orElse(error);
    }
  }
}

function isOfCache(error: unknown): error is Error {
  return error instanceof DiskCacheError || error instanceof InvalidArgumentError;
}

/** Whether a write failed by its value or its terms, also by what made them: not by the disk, nor by a key that none can have. */
function isOfWhatWasGiven(error: unknown): boolean {
  if (error instanceof DiskCacheError) return error.code === 'ERR_DISKCACHE_TOO_LARGE';
  return !(error instanceof InvalidArgumentError) || error.code !== 'ERR_DISKCACHE_KEY';
}
