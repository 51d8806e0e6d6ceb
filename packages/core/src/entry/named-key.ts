import { describe, InvalidArgumentError } from '../errors.ts';

/** What there is one of for each name. */
export type Kind = 'averager' | 'barrier' | 'deque' | 'index' | 'lock' | 'rate' | 'semaphore';

/**
 * What the keys of a collection or recipe begin with, or its only key. A name cannot get into another's keys, whatever
 * is in it: `/`, which ends it there, is written as `%2F`.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` when it is not a well-formed, non-empty string
 */
export function keyOfName(kind: Kind, name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.isWellFormed())
    return `@${kind}/${name.replaceAll('%', '%25').replaceAll('/', '%2F')}`;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_KEY',
    `the name of a collection or recipe must be a well-formed, non-empty string; given ${describe(name)}`,
  );
}

/** The key of the last number that was given to who holds a lock or semaphore, of whatever name. */
export const FENCES = '@fence';

const OF_COLLECTION = /^@(?:averager|barrier|deque|index|rate)\/[^/]*/;
const OF_PERMITS = /^@(?:fence$|lock\/|semaphore\/)/;

/**
 * What a key has in common with those that are changed together with it, in one transaction: for the key of a collection or
 * recipe what all of its keys begin with, and for all locks and semaphores one text, since their fences are counted together.
 */
export function togetherWith(key: string): string {
  if (!key.startsWith('@')) return key;
  return OF_PERMITS.test(key) ? FENCES : (OF_COLLECTION.exec(key)?.[0] ?? key);
}

/** How what they keep is stored: never evicted, and without a deadline whatever the cache's `ttl` is. */
export const KEPT = { pinned: true, ttl: Infinity } as const;
