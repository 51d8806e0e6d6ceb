import { InvalidArgumentError } from '@diskcache/core';
import { assertStores } from './assert-stores.ts';
import { DiskStore } from './disk-store.ts';
import { LegacyDiskStore } from './legacy-disk-store.ts';

/**
 * The DiskStore among the stores of a cache-manager cache, of any version, for what the cache has no verbs for: tags and
 * statistics.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when there is none, and what assertStores() throws
 * @example
 * ```ts
 * await diskStoreOf(cache).set('user:1', user, { ttl: 60_000, tags: ['users'] });
 * await diskStoreOf(cache).evict('users');
 * ```
 */
export function diskStoreOf(
  cache: { readonly stores: readonly unknown[] } | { readonly store: unknown },
): DiskStore {
  const { stores, store } = (cache ?? {}) as { stores?: readonly unknown[]; store?: unknown };
  if (stores !== undefined) assertStores({ stores });
  const found = (stores ?? [store]).find(isDiskStore);
  if (found !== undefined) return found instanceof DiskStore ? found : found.disk;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    'this cache has no DiskStore among its stores: it was made without one, or with one inside another store',
  );
}

function isDiskStore(store: unknown): store is DiskStore | LegacyDiskStore {
  return store instanceof DiskStore || store instanceof LegacyDiskStore;
}
