import { InvalidArgumentError, type SetOptions } from '@diskcache/core';
import { assertOption, shown, ToldFailures } from '@diskcache/keyv';
import { DiskStore, type DiskStoreOptions } from './disk-store.ts';
import { legacyKeyPattern } from './legacy-key-pattern.ts';

/** What legacyDiskStore() takes: the options of a DiskStore, and that of cache-manager which concerns a store. */
export type LegacyDiskStoreConfig = AsRecord<
  DiskStoreOptions & {
    /** What set() and mset() refuse to store rejects, and wrap() returns it all the same. @default all but undefined */
    isCacheable?: ((value: unknown) => boolean) | undefined;
  }
>;

/** The same type, each of a union, in the form that TypeScript takes for a Record, as cache-manager 5 wants options. */
export type AsRecord<Options> = Options extends unknown ? { [Name in keyof Options]: Options[Name] } : never;

/** What caching() and NestJS hand on to the store, and is not meant for this one. */
const NOT_OF_THE_STORE = [
  'store',
  'isGlobal',
  'max',
  'refreshThreshold',
  'onBackgroundRefreshError',
  'shouldCloneBeforeSet',
];

/**
 * A store as cache-manager 5 and @nestjs/cache-manager 2 want it, made by legacyDiskStore(). All times are ms; what fails
 * rejects, which wrap() and multiCaching() turn into their 'error' event.
 */
export class LegacyDiskStore {
  /** The same entries, with what cache-manager 5 has no verbs for: tags, getOrSet(), disconnect(), the cache itself. */
  readonly disk: DiskStore;
  readonly isCacheable: (value: unknown) => boolean;
  readonly #warned = new ToldFailures();

  /** @throws InvalidArgumentError when an option is wrong, and what DiskCache throws */
  constructor(config: LegacyDiskStoreConfig) {
    const { isCacheable = isDefined, ...options } = config ?? {};
    assertOption('isCacheable', isCacheable, typeof isCacheable === 'function', 'a function of a value');
    this.isCacheable = isCacheable;
    const ofTheStore = Object.entries(options).filter(([name]) => !NOT_OF_THE_STORE.includes(name));
    this.disk = new DiskStore({ throwOnErrors: true, ...Object.fromEntries(ofTheStore) } as DiskStoreOptions);
  }

  /** The value, or undefined when there is none. */
  async get<Value = unknown>(key: string): Promise<Value | undefined>;
  async get<Value = unknown>(key: string, options?: { raw?: boolean }): Promise<Value | undefined> {
    if (options?.raw === true) this.#refuseManager();
    return this.disk.get<Value>(key);
  }

  async mget(...keys: string[]): Promise<unknown[]> {
    return this.disk.getMany(keys);
  }

  /** @param options a ttl, of which 0 is no limit; or `{ ttl, tags, … }` */
  async set(key: string, value: unknown, options?: number | SetOptions): Promise<void>;
  // By this one NestJS 10 takes the store also where a project has exactOptionalPropertyTypes.
  async set(key: string, value: unknown, ttl?: number): Promise<void>;
  async set(key: string, value: unknown, options?: number | SetOptions): Promise<void> {
    this.#assertCacheable(value);
    await this.disk.set(key, value, options);
  }

  async mset(entries: [key: string, value: unknown][], ttl?: number): Promise<void> {
    for (const [, value] of entries) this.#assertCacheable(value);
    await this.disk.setMany(entries.map(([key, value]) => ({ key, value, ttl })));
  }

  async del(key: string): Promise<void> {
    await this.disk.delete(key);
  }

  async mdel(...keys: string[]): Promise<void> {
    await this.disk.deleteMany(keys);
  }

  /** Removes the entries of the namespace; without one, all entries of the cache. */
  async reset(): Promise<void> {
    await this.disk.clear();
  }

  /**
   * The keys that match a pattern, which is read as those who use cache-manager 5 write it: `user:*` with `*` and `?` as in
   * Redis, any other text or regular expression as what the key has in it somewhere.
   */
  // Without a parameter to be counted: by that @type-cacheable knows that it may have to filter them itself.
  async keys(pattern = '*'): Promise<string[]> {
    const { glob, matches } = legacyKeyPattern(pattern);
    const keys: string[] = [];
    for await (const key of this.disk.keys(glob)) if (matches(key)) keys.push(key);
    return keys;
  }

  /** How many ms an entry has left: -1 when it has no limit, -2 when there is none. */
  async ttl(key: string): Promise<number> {
    const entry = await this.disk.getRaw(key);
    if (entry === undefined) return -2;
    return entry.expires === undefined ? -1 : Math.max(0, entry.expires - Date.now());
  }

  /** Closes the cache, if this store opened it. */
  async disconnect(): Promise<void> {
    await this.disk.disconnect();
  }

  /** wrap() of cache-manager 6 and 7 keeps to itself what a store throws. */
  #refuseManager(): never {
    const error = new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      'a legacyDiskStore() is for cache-manager 5, and cache-manager 6 and 7 call it differently: give them createDiskStore(…)',
    );
    this.#warned.tell(error, (failure) => process.emitWarning(failure));
    throw error;
  }

  #assertCacheable(value: unknown): void {
    if (this.isCacheable(value)) return;
    throw new InvalidArgumentError('ERR_DISKCACHE_VALUE', `isCacheable() refuses the value ${shown(value)}`);
  }
}

/**
 * Makes a store for cache-manager 5, and for the CacheModule of @nestjs/cache-manager 2: give it the function and the options.
 *
 * @throws InvalidArgumentError when an option is wrong, and what DiskCache throws
 * @example
 * ```js
 * import { diskStoreOf, legacyDiskStore } from '@diskcache/cache-manager';
 * import { caching } from 'cache-manager'; // 5
 *
 * const cache = await caching(legacyDiskStore, { directory: './cache', ttl: 60_000 });
 * await cache.wrap('user:1', async () => ({ name: 'Ada' }));
 * await diskStoreOf(cache).disconnect();
 * ```
 */
export function legacyDiskStore(config?: LegacyDiskStoreConfig): LegacyDiskStore {
  return new LegacyDiskStore(config as LegacyDiskStoreConfig);
}

function isDefined(value: unknown): boolean {
  return value !== undefined;
}
