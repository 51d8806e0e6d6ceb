import { InvalidArgumentError } from '@diskcache/core';
import { KeyvDiskStore } from '@diskcache/keyv';
import { LegacyDiskStore } from './legacy-disk-store.ts';

/**
 * Throws when a store of a cache-manager 6 or 7 is one that it cannot work with, and does not say so: a Keyv 6 (but for those
 * that createKeyv() of \@diskcache/keyv makes), a Cacheable, or a store of DiskCache for others. These know no
 * `get(key, { raw: true })`, so that wrap() computes each time, or takes the `value` of what is stored for what was stored,
 * and ttl() tells nothing.
 *
 * diskStoreOf() and tagged() ask it too. It costs nothing, and can be called wherever a cache was made.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
 * @example
 * ```ts
 * assertStores(cache); // says nothing: all is well
 * ```
 */
export function assertStores(cache: { readonly stores: readonly unknown[] }): void {
  for (const [place, store] of cache.stores.entries()) {
    const wrong = wrongStore(store);
    if (wrong === undefined) continue;
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `stores[${place}] is ${wrong}, with which cache-manager computes every wrap() anew and knows no ttl(): ` +
        'give it createDiskStore(…), createKeyv(…) of @diskcache/keyv, or a Keyv 5',
    );
  }
}

function wrongStore(store: unknown): string | undefined {
  if (store instanceof KeyvDiskStore) return 'a KeyvDiskStore, which is for a Keyv';
  if (store instanceof LegacyDiskStore) return 'a legacyDiskStore(), which is for cache-manager 5';
  // Keyv 5 has `opts`, and reads with the option `raw`. What came after it has getRaw() and neither.
  const hasGetRaw = typeof (store as { getRaw?: unknown } | null)?.getRaw === 'function';
  return hasGetRaw && !('opts' in (store as object)) ? 'a Keyv 6 or a Cacheable' : undefined;
}
