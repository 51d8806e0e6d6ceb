import { InvalidArgumentError } from '@diskcache/core';

/**
 * The same key when it is one that Keyv and cache-manager have.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_KEY`
 */
export function stringKey(key: unknown): string {
  if (typeof key === 'string') return key;
  const given = typeof key === 'number' ? `the number ${key}` : key === null ? 'null' : typeof key;
  throw new InvalidArgumentError('ERR_DISKCACHE_KEY', `a key must be a string; given ${given}`);
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` unless `isRight` */
export function assertOption(isRight: boolean, name: string, allowed: string): void {
  if (isRight) return;
  throw new InvalidArgumentError('ERR_DISKCACHE_OPTION', `option '${name}' must be ${allowed}`);
}

export function isTextOrNone(given: unknown): boolean {
  return given === undefined || typeof given === 'string';
}
