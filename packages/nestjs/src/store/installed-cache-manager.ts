import * as cacheManager from 'cache-manager';
import type { AnswerStore, CacheManager } from './answer-store.ts';
import { LegacyAnswerStore } from './legacy-answer-store.ts';

/** Both forms of createCache(). */
type CreateCache = (storeOrOptions: object, options?: object) => CacheManager;

/** Whether it is cache-manager 5, whose stores have another form. */
export const isLegacy: boolean = 'memoryStore' in cacheManager;

/** A cache of the installed cache-manager on one store. */
export function createManager(store: AnswerStore, options: object): CacheManager {
  const createCache = cacheManager.createCache as unknown as CreateCache;
  return isLegacy
    ? createCache(new LegacyAnswerStore(store), options)
    : createCache({ ...options, stores: [store] });
}
