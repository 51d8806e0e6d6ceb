import type { Compute, GetOrSetOptions } from './compute/compute-options.ts';
import type { Entry } from './entry/entry.ts';
import type { ExpiryOptions, SetOptions } from './entry/entry-options.ts';
import type { CacheEvents } from './events.ts';
import type { Key } from './entry/key.ts';
import type { IterationOptions } from './entry/iteration-options.ts';
import type { CacheStats } from './engine/stats.ts';

/**
 * What adapters ask of a cache, and nothing of how it keeps its entries. DiskCache is one: what each verb promises is told
 * there, and whatever else is passed to an adapter has to promise the same.
 */
export interface CacheStore {
  get<Value = unknown>(key: Key): Promise<Value | undefined>;
  getMany<Value = unknown>(keys: Iterable<Key>): Promise<(Value | undefined)[]>;
  has(key: Key): Promise<boolean>;
  hasMany(keys: Iterable<Key>): Promise<boolean[]>;
  entry<Value = unknown>(key: Key): Promise<Entry<Value> | undefined>;
  entryMany<Value = unknown>(keys: Iterable<Key>): Promise<(Entry<Value> | undefined)[]>;
  set(key: Key, value: unknown, options?: SetOptions): Promise<void>;
  setMany(
    entries: Iterable<readonly [key: Key, value: unknown, options?: SetOptions | undefined]>,
    options?: SetOptions,
  ): Promise<void>;
  getOrSet<Value>(key: Key, compute: Compute<Value>, options?: GetOrSetOptions<Value>): Promise<Value>;
  touch(key: Key, options?: ExpiryOptions): Promise<boolean>;
  delete(key: Key): Promise<boolean>;
  deletePrefix(prefix: string): Promise<number>;
  evict(tag: string): Promise<number>;
  clear(): Promise<number>;
  keys(options?: IterationOptions): AsyncIterableIterator<Key>;
  entries<Value = unknown>(options?: IterationOptions): AsyncIterableIterator<Entry<Value>>;
  stats(): Promise<CacheStats>;
  on<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this;
  off<Name extends keyof CacheEvents>(name: Name, listener: (...given: CacheEvents[Name]) => void): this;
  close(): Promise<void>;
}
