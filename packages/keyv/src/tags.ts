import { AsyncLocalStorage } from 'node:async_hooks';
import { InvalidArgumentError } from '@diskcache/core';
import { shown } from './misuse.ts';

/** Labels to evict entries by: the same for each entry, or told from its key and value. */
export type Tags = readonly string[] | ((key: string, value: unknown) => readonly string[] | undefined);

const given = new AsyncLocalStorage<Tags>();

/**
 * Runs `work`, and gives these tags to all that it stores through Keyv or cache-manager in stores of DiskCache, awaited or not.
 * It is for what has no place for tags: Keyv's set(), cache-manager's set() and wrap().
 *
 * They count instead of the store's own option `tags`; where a function returns undefined, that option does.
 *
 * @returns what `work` returns
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, and what `work` throws
 * @example
 * ```ts
 * await withTags(['users', 'team:7'], () => keyv.set('ada', { name: 'Ada' }, 60_000));
 * console.log(await storeOf(keyv).evict('team:7')); // 1
 * ```
 */
export function withTags<Result>(tags: Tags, work: () => Result): Result {
  assertTags(tags, "'tags'");
  if (typeof work !== 'function') {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `'work' must be a function, in which something is stored; given ${shown(work)}`,
    );
  }
  return given.run(tags, work);
}

/** The tags of an entry whose write says none of its own. */
export function tagsFor(
  key: string,
  value: () => unknown,
  ofStore: Tags | undefined,
): readonly string[] | undefined {
  const around = given.getStore();
  return (around && told(around, key, value)) ?? (ofStore && told(ofStore, key, value));
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` unless they are tags or a function that tells them */
export function assertTags(tags: unknown, name: string): void {
  if (Array.isArray(tags) || typeof tags === 'function') return;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be a list of strings, or a function that makes one of key and value; given ${shown(tags)}`,
  );
}

function told(tags: Tags, key: string, value: () => unknown): readonly string[] | undefined {
  return typeof tags === 'function' ? tags(key, value()) : tags;
}
