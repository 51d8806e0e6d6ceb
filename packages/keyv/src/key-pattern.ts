import { InvalidArgumentError } from '@diskcache/core';
import { shown } from './misuse.ts';

/** Which keys a pattern means. */
export interface KeyPattern {
  /** What all of them begin with. */
  readonly prefix: string;
  readonly matches: (key: string) => boolean;
}

/**
 * A pattern in which `*` stands for any text, `?` for one character, and all else for itself.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it is no string
 */
export function keyPattern(pattern: string): KeyPattern {
  if (typeof pattern !== 'string') {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `a pattern of keys must be a string, such as 'user:*'; given ${shown(pattern)}`,
    );
  }
  const [prefix] = pattern.split(/[*?]/, 1) as [string];
  const source = pattern
    .replaceAll(/[\\^$.|+()[\]{}/]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 'su');
  return { prefix, matches: (key) => expression.test(key) };
}
