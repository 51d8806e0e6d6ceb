import { inspect } from 'node:util';
import { InvalidArgumentError } from '@diskcache/core';

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

export function isTextOrNone(given: unknown): boolean {
  return given === undefined || typeof given === 'string';
}

/** What was given, short and on one line. */
export function shown(given: unknown): string {
  const kind = typeof given === 'number' ? 'the number ' : '';
  return kind + inspect(given, { depth: 0, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 5 });
}
