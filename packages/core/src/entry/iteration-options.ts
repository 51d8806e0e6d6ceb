import { describe, InvalidArgumentError } from '../errors.ts';
import { checkOptions, validTag } from './entry-options.ts';
import { compareKeys, type Key, keyAfter, prefixRange, validKey } from './key.ts';

/** Which entries to look at, and in what order. */
export interface PeekEntryOptions {
  /** Only string keys that start with it. @default all keys */
  prefix?: string | undefined;
  /** Only entries that have this tag. @default all */
  tag?: string | undefined;
  /**
   * Only what comes after this key in the direction of the iteration. In the order of insertion it has to be in the
   * cache, or what comes after it cannot be known. @default from the start
   */
  after?: Key | undefined;
  /**
   * 'key': numbers, then strings by their UTF-8 bytes, then bytes. 'insertion': as the keys were first stored since they
   * were last absent; an overwrite keeps the place, as in a Map. Of sets that are called together the first to be
   * committed comes first. @default 'key'
   */
  order?: 'key' | 'insertion' | undefined;
}

/** Which entries to go through, and in what order. */
export interface IterationOptions extends PeekEntryOptions {
  /** Most entries to go through, a whole number from 0 up. @default all */
  limit?: number | undefined;
  /** From the last to the first. @default false */
  reverse?: boolean | undefined;
}

/** The same, checked. */
export interface Course {
  /** Only keys from here on. */
  readonly from: Key;
  /** Only keys below it, if there is such an end. */
  readonly to: Key | undefined;
  readonly tag: string | undefined;
  readonly order: 'key' | 'insertion';
  /** In the order of insertion: only what comes after this key, or before it in reverse; `seq` is its place, where that is known. */
  readonly beside:
    | { readonly key: Key; readonly side: 'after' | 'before'; readonly seq?: number }
    | undefined;
  readonly isBackward: boolean;
  readonly limit: number;
}

const PEEK_NAMES = ['prefix', 'tag', 'after', 'order'] as const;

/** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_KEY` or `ERR_DISKCACHE_TAG` */
export function iterationCourse(options: IterationOptions | undefined): Course {
  const checked = checkOptions(options, [...PEEK_NAMES, 'limit', 'reverse']);
  const isBackward = validReverse(checked.reverse);
  return { ...course(checked, isBackward), isBackward, limit: validLimit(checked.limit) };
}

/** The way to the first or the last entry. @throws the same */
export function courseTo(edge: 'first' | 'last', options: PeekEntryOptions | undefined): Course {
  if (edge !== 'first' && edge !== 'last') throw invalid('edge', "'first' or 'last'", edge);
  return {
    ...course(checkOptions(options, PEEK_NAMES), false),
    isBackward: edge === 'last',
    limit: Infinity,
  };
}

function course(
  { prefix, tag, after, order = 'key' }: PeekEntryOptions,
  isReverse: boolean,
): Omit<Course, 'isBackward' | 'limit'> {
  if (order !== 'key' && order !== 'insertion') throw invalid('order', "'key' or 'insertion'", order);
  let { from, to }: { from: Key; to: Key | undefined } =
    prefix === undefined ? { from: -Infinity, to: undefined } : prefixRange(prefix);
  const key = after === undefined ? undefined : validKey(after);
  if (key !== undefined && order === 'key') {
    if (isReverse) to = to === undefined ? key : lesser(key, to);
    else from = greater(keyAfter(key), from);
  }
  const beside =
    key === undefined || order === 'key'
      ? undefined
      : ({ key, side: isReverse ? 'before' : 'after' } as const);
  return { from, to, tag: tag === undefined ? undefined : validTag(tag), order, beside };
}

function lesser(a: Key, b: Key): Key {
  return compareKeys(a, b) < 0 ? a : b;
}

function greater(a: Key, b: Key): Key {
  return compareKeys(a, b) > 0 ? a : b;
}

function validLimit(limit: unknown): number {
  if (limit === undefined) return Infinity;
  if (typeof limit === 'number' && limit >= 0 && (Number.isInteger(limit) || limit === Infinity))
    return limit;
  throw invalid('limit', 'a whole number from 0 up', limit);
}

function validReverse(reverse: unknown): boolean {
  if (reverse === undefined || typeof reverse === 'boolean') return reverse === true;
  throw invalid('reverse', 'true or false', reverse);
}

function invalid(name: string, allowed: string, given: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be ${allowed}; given ${describe(given)}`,
  );
}
