import type * as manager from 'cache-manager';
import { DiskStore, type DiskStoreOptions } from './disk-store.ts';

/**
 * What createCache() of cache-manager takes as a store: the class Keyv, of which it uses the methods that a DiskStore has.
 * Never in cache-manager 5, which has another createCache().
 */
export type StoreOf<Manager> = Manager extends { createCache: (options?: infer Options) => unknown }
  ? Options extends { stores?: (infer Store)[] }
    ? Store
    : never
  : never;

/** What createDiskStore() is, for the class Keyv that cache-manager wants. */
export type CreateDiskStore<ManagersKeyv> = (options: DiskStoreOptions) => DiskStore & ManagersKeyv;

/**
 * A DiskStore with a type that cache-manager's createCache() takes.
 *
 * @throws InvalidArgumentError when an option is wrong, and what DiskCache throws
 * @example
 * ```ts
 * import { createDiskStore } from '@diskcache/cache-manager';
 * import { createCache } from 'cache-manager';
 *
 * const store = createDiskStore({ directory: './cache', tags: (key) => [key.slice(0, 4)] });
 * const cache = createCache({ stores: [store], ttl: 60_000 });
 * await cache.wrap('user:1', () => ({ name: 'Ada' }));
 * await store.evict('user');
 * await cache.disconnect();
 * ```
 */
export const createDiskStore: CreateDiskStore<StoreOf<typeof manager>> = (options) =>
  // The class Keyv has private members, so no other class can have its type.
  new DiskStore(options) as DiskStore & StoreOf<typeof manager>;
