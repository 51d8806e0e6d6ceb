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

/** How what they keep is stored: never evicted, and without a deadline whatever the cache's `ttl` is. */
export const KEPT = { pinned: true, ttl: Infinity } as const;
