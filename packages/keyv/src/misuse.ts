import { inspect } from 'node:util';
import { DISK_CACHE_OPTIONS, InvalidArgumentError } from '@diskcache/core';

/**
 * The same key when it is one that Keyv and cache-manager have.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
 */
export function stringKey(key: unknown): string {
  if (typeof key === 'string') return key;
  throw new InvalidArgumentError('ERR_DISKCACHE_KEY', `a key must be a string; given ${shown(key)}`);
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` unless `isRight` */
export function assertOption(name: string, given: unknown, isRight: boolean, allowed: string): void {
  if (isRight) return;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `option '${name}' must be ${allowed}; given ${shown(given)}`,
  );
}

/**
 * Refuses options that are none of a store's own, nor of the cache that it opens.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
 */
export function assertOptions(options: unknown, own: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `options must be an object, such as { directory: './cache' }; given ${shown(options)}`,
    );
  }
  const known = [...new Set(['directory', 'cache', ...own, ...DISK_CACHE_OPTIONS])];
  for (const name of Object.keys(options)) if (!known.includes(name)) throw unknownOption(name, known);
}

/** How other caches call what an option means, where that begins as another one does or as none. */
const NAMES_ELSEWHERE = new Map([
  ['max', 'entryLimit'],
  ['maxsize', 'sizeLimit'],
  ['path', 'directory'],
]);

/** The error of an option that there is not. */
export function unknownOption(name: string, known: readonly string[]): InvalidArgumentError {
  const given = name.toLowerCase();
  const elsewhere = NAMES_ELSEWHERE.get(given);
  const meant = known.find((one) => {
    if (elsewhere !== undefined) return one === elsewhere;
    return one.toLowerCase().startsWith(given) || given.startsWith(one.toLowerCase());
  });
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean '${meant}'?`;
  return new InvalidArgumentError('ERR_DISKCACHE_OPTION', `unknown option '${name}'; ${hint}`);
}

export function isTextOrNone(given: unknown): boolean {
  return given === undefined || typeof given === 'string';
}

/** What was given, short and on one line. */
export function shown(given: unknown): string {
  const kind = typeof given === 'number' ? 'the number ' : '';
  return kind + inspect(given, { depth: 0, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 5 });
}
