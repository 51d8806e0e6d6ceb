import type { DiskCache, DiskCacheSync } from '@diskcache/core';

/** The verbs that both doors have, as promises. */
export type CacheVerbs = Pick<
  DiskCache,
  | 'get'
  | 'getMany'
  | 'has'
  | 'hasMany'
  | 'entry'
  | 'entryMany'
  | 'set'
  | 'setMany'
  | 'add'
  | 'getOrSet'
  | 'touch'
  | 'delete'
  | 'deleteMany'
  | 'pop'
  | 'incr'
  | 'decr'
  | 'push'
  | 'peek'
  | 'pull'
  | 'directory'
  | 'clear'
  | 'evict'
  | 'deletePrefix'
  | 'expire'
  | 'cull'
  | 'keys'
  | 'values'
  | 'entries'
  | 'peekEntry'
  | 'transact'
  | 'check'
  | 'vacuum'
  | 'stats'
  | 'size'
  | 'count'
  | 'close'
>;

/** A DiskCacheSync as if it were a DiskCache: what a verb throws, its promise rejects with. */
export function asPromises(cache: DiskCacheSync): CacheVerbs {
  return new Proxy(cache, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      const verb = (...given: unknown[]): unknown => method.apply(target, given);
      if (!['keys', 'values', 'entries'].includes(String(name)))
        return async (...given: unknown[]) => verb(...given);
      return async function* (...given: unknown[]) {
        yield* verb(...given) as Iterable<unknown>;
      };
    },
  }) as unknown as CacheVerbs;
}
