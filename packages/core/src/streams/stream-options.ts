import { checkOptions, SET_OPTIONS, type SetOptions } from '../entry/entry-options.ts';
import { describe, InvalidArgumentError } from '../errors.ts';

/** What setStream() may be told about its entry and its source. A `ttl` counts from when the entry is stored. */
export interface SetStreamOptions extends SetOptions {
  /** Gives the stream up, as long as its entry is not stored: the promise rejects with its reason. @default none */
  signal?: AbortSignal | undefined;
  /**
   * How many bytes the source will give, where that is known: room is made for all of them at once, what cannot fit is
   * refused before anything is read, and a source that ends early or goes on is an error.
   *
   * @default that of a Blob; else found out on the way
   */
  size?: number | undefined;
}

/** Which bytes getStream() gives, counted from 0. */
export interface StreamRange {
  /** The first byte. @default 0 */
  start?: number | undefined;
  /** The last byte, itself included, as fs.createReadStream() counts; one past the end means the end. @default the last */
  end?: number | undefined;
}

/** A range, checked as far as it can be before the value's size is known. */
export interface CheckedRange {
  readonly start: number;
  readonly end: number;
}

/** The options of a setStream(), told apart. */
export interface CheckedStreamOptions {
  readonly terms: SetOptions;
  readonly signal: AbortSignal | undefined;
  readonly size: number | undefined;
}

/** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` */
export function checkStreamOptions(options: SetStreamOptions | undefined): CheckedStreamOptions {
  const { signal, size, ...terms } = checkOptions(options, [...SET_OPTIONS, 'signal', 'size']);
  if (signal !== undefined && !isSignal(signal)) throw invalidOption('signal', 'an AbortSignal', signal);
  return { terms, signal, size: size === undefined ? undefined : wholeNumber('size', size) };
}

/** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` */
export function checkRange(range: StreamRange | undefined): CheckedRange {
  const { start = 0, end } = checkOptions(range, ['start', 'end']);
  const checked = {
    start: wholeNumber('start', start),
    end: end === undefined ? Infinity : wholeNumber('end', end),
  };
  if (checked.start > checked.end)
    throw invalidOption('end', `start (${checked.start}) or more`, checked.end);
  return checked;
}

/**
 * The part of so many bytes that a range means, the end left out.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` when it starts past the last one
 */
export function partOf(size: number, { start, end }: CheckedRange): { from: number; to: number } {
  if (start > 0 && start >= size)
    throw invalidOption('start', `below the value's size of ${size} bytes`, start);
  return { from: start, to: Math.min(end + 1, size) };
}

/** Not by its class: a test runner may have put another in its place. */
function isSignal(given: unknown): boolean {
  const { aborted, addEventListener } = (given ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

function wholeNumber(name: string, given: unknown): number {
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given;
  throw invalidOption(name, 'a whole number of bytes from 0 up', given);
}

function invalidOption(name: string, allowed: string, given: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be ${allowed}; given ${describe(given)}`,
  );
}
