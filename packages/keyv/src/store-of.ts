import { InvalidArgumentError } from '@diskcache/core';
import { KeyvDiskStore } from './keyv-disk-store.ts';

/**
 * The store of a Keyv of any version, with what Keyv has no verbs for: evict() by tag, deletePrefix(), keys(), getOrSet(),
 * stats(), and the cache itself.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it has another one
 * @example
 * ```ts
 * await keyv.set('user:1', { name: 'Ada' });
 * for await (const key of storeOf(keyv).keys('user:*')) console.log(key); // user:1
 * ```
 */
export function storeOf(keyv: object): KeyvDiskStore {
  // Keyv 4 has it among its options alone.
  const { store, opts } = (keyv ?? {}) as { store?: unknown; opts?: { store?: unknown } };
  const found = [store, opts?.store].find((one) => one instanceof KeyvDiskStore);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    'this Keyv has no KeyvDiskStore: make it by createKeyv(…) or new Keyv({ store: new KeyvDiskStore(…) })',
  );
}
