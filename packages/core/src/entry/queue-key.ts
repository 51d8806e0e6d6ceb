import { describe, DiskCacheError, InvalidArgumentError } from '../errors.ts';
import type { KeyRange } from './key.ts';

/** Between a queue's prefix and an item's number. */
const SEPARATOR = '#';
const DIGITS = 16;
/** Half way between the ends, so that items can be put before it as well. */
const FIRST = 4_500_000_000_000_000;

/** The keys of a queue's items: `prefix#0123456789012345`, in the order of the items. */
export interface QueueKeys {
  /** Something that calls on the same queue have in common, and is no key of a user's. */
  readonly name: string;
  /** All keys of items, and such of other keys as have to be told apart by their form. */
  readonly range: KeyRange;
  /** How many bytes the key of an item has. */
  readonly bytes: number;
  /** The key of the first item of an empty queue. */
  readonly first: string;
  /**
   * The key beside one, on the way to the front (-1) or to the back (1).
   *
   * @throws DiskCacheError `ERR_DISKCACHE_FULL` at the end of all numbers
   */
  beside(key: string, step: -1 | 1): string;
  /** Whether a key in the range, and of the length, is an item's. */
  isItem(key: string): boolean;
}

/**
 * The keys of the queue of a prefix.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_KEY` when the prefix is not a well-formed, non-empty string
 */
export function queueKeys(prefix: unknown): QueueKeys {
  if (typeof prefix !== 'string' || prefix === '' || !prefix.isWellFormed()) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_KEY',
      `the prefix of a queue must be a well-formed, non-empty string; given ${describe(prefix)}`,
    );
  }
  const start = prefix + SEPARATOR;
  const numberOf = (key: string) => Number(key.slice(start.length));
  const keyOf = (number: number) => start + String(number).padStart(DIGITS, '0');
  return {
    name: `\0queue ${prefix}`,
    range: { from: `${start}0`, to: `${start}:` },
    bytes: Buffer.byteLength(start) + DIGITS,
    first: keyOf(FIRST),
    beside: (key, step) => {
      const number = numberOf(key) + step;
      if (isPlace(number)) return keyOf(number);
      throw new DiskCacheError(
        'ERR_DISKCACHE_FULL',
        `there is no place beyond key ${describe(key)} in the queue of ${describe(prefix)}`,
      );
    },
    isItem: (key) => /^\d+$/.test(key.slice(start.length)) && isPlace(numberOf(key)),
  };
}

/** The prefix of the queue whose item a key may be, by its form. */
export function queueOfItem(key: string): string | undefined {
  const end = key.length - DIGITS - SEPARATOR.length;
  const isItem = end > 0 && key[end] === SEPARATOR && /^\d+$/.test(key.slice(end + SEPARATOR.length));
  return isItem ? key.slice(0, end) : undefined;
}

/** A user's own keys may look like items, but for those no place is left beyond them. */
function isPlace(number: number): boolean {
  return number > 0 && number < Number.MAX_SAFE_INTEGER;
}
