import { DiskStore } from '@diskcache/cache-manager';
import { InvalidArgumentError } from '@diskcache/core';
import { AnswerStore } from './answer-store.ts';
import { LegacyAnswerStore } from './legacy-answer-store.ts';

/** The one store of a manager, when it is a diskCacheStore(). */
export function answerStoreBehind(manager: unknown): AnswerStore | undefined {
  const [store, other] = storesBehind(manager);
  return other === undefined && store instanceof AnswerStore ? store : undefined;
}

/**
 * The same.
 *
 * @param wants who needs it, for the error
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` that tells what the manager has instead
 */
export function neededAnswerStoreBehind(manager: unknown, wants: string): AnswerStore {
  const store = answerStoreBehind(manager);
  if (store !== undefined) return store;
  const names = storesBehind(manager).map((one) => named(one));
  const has = names.length === 0 ? 'shows none' : `has ${names.join(' and ')}`;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${wants} needs a cache whose only store is a disk cache, and this CACHE_MANAGER ${has}. ` +
      'Import DiskCacheModule.forRoot({ directory }), or CacheModule.register({ stores: diskCacheStore({ directory }) })',
  );
}

function storesBehind(manager: unknown): unknown[] {
  const { stores, store } = (manager ?? {}) as { stores?: unknown; store?: unknown };
  if (Array.isArray(stores)) return stores;
  if (store instanceof LegacyAnswerStore) return [store.disk];
  return store === undefined ? [] : [store];
}

function named(store: unknown): string {
  if (store instanceof AnswerStore) return 'a disk cache';
  if (store instanceof DiskStore) return 'a DiskStore that diskCacheStore() did not make';
  if ((store as { store?: unknown } | null)?.store instanceof DiskStore) {
    return 'a disk cache inside a Keyv, into which @nestjs/cache-manager 3.1.3 or newer would not have put it';
  }
  const name: unknown = (store as object | null)?.constructor?.name;
  return typeof name === 'string' && name !== 'Object' ? `a ${name}` : 'a store of another kind';
}
