import { describe, InvalidArgumentError } from '../errors.ts';

/** What can be gone through, at once or as it comes. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Does the work with what a source gives, some at a time; with the first of what is there at once before it returns, and
 * where there is nothing, with nothing.
 *
 * @param most of them in one transaction, which takes some ms then
 * @returns what the work with the last came to
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it cannot be gone through
 */
export async function inBatches<T, Result>(
  name: string,
  source: Source<T>,
  most: number,
  work: (some: readonly T[]) => Promise<Result>,
): Promise<Result> {
  if (isIterable(source, Symbol.iterator)) {
    const all = [...source];
    for (;;) {
      const result = await work(all.splice(0, most));
      if (all.length === 0) return result;
    }
  }
  if (!isIterable(source, Symbol.asyncIterator)) throw notIterable(name, source);
  let some: T[] = [];
  for await (const one of source) {
    some.push(one);
    if (some.length < most) continue;
    await work(some);
    some = [];
  }
  return work(some);
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it is no pair of key and value */
export function validPair<Pair extends readonly [unknown, unknown]>(given: Pair): Pair {
  if (Array.isArray(given) && given.length === 2) return given;
  const what = Array.isArray(given) ? `an array of ${given.length}` : describe(given);
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `each of entries must be [key, value]; given ${what}`,
  );
}

/** What a source gives that gives all at once. @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function allOf<T>(name: string, source: Iterable<T>): T[] {
  if (isIterable(source, Symbol.iterator)) return [...source];
  throw notIterable(name, source);
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when it cannot be gone through */
export function iteratorOf<T>(name: string, source: Source<T>): Iterator<T> | AsyncIterator<T> {
  if (isIterable(source, Symbol.asyncIterator)) return source[Symbol.asyncIterator]();
  if (isIterable(source, Symbol.iterator)) return source[Symbol.iterator]();
  throw notIterable(name, source);
}

function isIterable<Way extends typeof Symbol.iterator | typeof Symbol.asyncIterator>(
  source: unknown,
  way: Way,
): source is Way extends typeof Symbol.iterator ? Iterable<never> : AsyncIterable<never> {
  return typeof source === 'object' && source !== null && way in source;
}

function notIterable(name: string, given: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be an array or another iterable; given ${describe(given)}`,
  );
}
