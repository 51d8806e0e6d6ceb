import { describe, InvalidArgumentError } from '../errors.ts';
import type { RowExtras } from '../storage/rows/statements.ts';

/** How long an entry lives. At most one of the two. */
export interface ExpiryOptions {
  /** Lifetime from now in ms, more than 0; Infinity for no deadline, whatever the cache's `ttl` is. @default the cache's `ttl` */
  ttl?: number | undefined;
  /**
   * Deadline in ms since the epoch. A deadline that has passed is no error: the entry is gone at once.
   *
   * @default none, unless a `ttl` says otherwise
   */
  expires?: number | undefined;
}

/** What a write may say about its entry. */
export interface SetOptions extends ExpiryOptions {
  /** Labels to evict the entry by, see evict(): non-empty strings. They replace the tags the entry had. @default none */
  tags?: readonly string[] | undefined;
  /**
   * Whether the entry is never evicted to make room, for what is no cached copy of something else, as the state of a
   * lock. It goes by its deadline, by delete() and the like. What is pinned has to fit into the limits. @default false
   */
  pinned?: boolean | undefined;
}

/** How long entries live whose write does not say so. */
export interface Lifetimes {
  readonly ttlMs: number | undefined;
  readonly maxIdleMs: number | undefined;
}

/** When an entry expires. */
export interface Expiry {
  /** Epoch ms, or null for never. */
  readonly expires: number | null;
  /** How far each use may move that, in epoch ms; null where it does not move. */
  readonly deadline: number | null;
}

/** The same, checked: what a row records. */
export interface EntryTerms {
  /** Epoch ms, or null for no deadline. */
  readonly expires: number | null;
  /** JSON array of each tag once, or null for none. */
  readonly tags: string | null;
  /** Whether it is never evicted. */
  readonly isPinned: boolean;
  /** What few entries have. */
  readonly extras: RowExtras | undefined;
  /** In a shard: when it was called for, see SharedLimits.moment(). */
  readonly called?: number;
}

/** The names of SetOptions. */
export const SET_OPTIONS = ['ttl', 'expires', 'tags', 'pinned'] as const satisfies (keyof SetOptions)[];

const NO_TERMS: EntryTerms = { expires: null, tags: null, isPinned: false, extras: undefined };
/** The last moment that a Date can tell. */
export const LATEST_DATE_MS = 8.64e15;

/**
 * Checks a write's options and turns a ttl into a deadline.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_TTL` or `ERR_DISKCACHE_TAG`
 */
export function entryTerms(options: SetOptions | undefined, lifetimes: Lifetimes, now: number): EntryTerms {
  if (options === undefined && lifetimes.ttlMs === undefined && lifetimes.maxIdleMs === undefined)
    return NO_TERMS;
  const { tags, pinned, ttl, expires } = checkOptions(options, SET_OPTIONS);
  const isPinned = validPinned(pinned);
  const lifetime = isPinned ? { ...lifetimes, maxIdleMs: undefined } : lifetimes;
  const expiry = expiryOf({ ttl, expires }, lifetime, now);
  return {
    expires: expiry.expires,
    tags: tags === undefined ? null : tagText(tags),
    isPinned,
    extras:
      expiry.deadline === null ? undefined : { deadline: expiry.deadline, staleUntil: null, cost: null },
  };
}

/**
 * The new expiry that options ask for, or undefined when they ask for none, so that an entry keeps its own.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` or `ERR_DISKCACHE_TTL`
 */
export function renewedExpiry(
  options: ExpiryOptions | undefined,
  lifetimes: Lifetimes,
  now: number,
): Expiry | undefined {
  const checked = checkOptions(options, ['ttl', 'expires']);
  const asksForNone = deadline(checked, lifetimes.ttlMs, now) === null && checked.ttl !== Infinity;
  return asksForNone ? undefined : expiryOf(checked, lifetimes, now);
}

/**
 * The same number when it is a ttl.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_TTL`
 */
export function validTtl(ttl: unknown, name = 'ttl', without = 'for no limit'): number {
  if (typeof ttl === 'number' && ttl > 0 && ttl <= LATEST_DATE_MS) return ttl;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_TTL',
    `${name} must be a number of milliseconds above 0 and up to ${LATEST_DATE_MS} (leave it out ${without}); ` +
      `given ${describe(ttl)}`,
  );
}

/**
 * The same string when it is a tag.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_TAG`
 */
export function validTag(tag: unknown): string {
  if (typeof tag === 'string' && tag !== '' && tag.isWellFormed()) return tag;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_TAG',
    `a tag must be a well-formed, non-empty string; given ${describe(tag)}`,
  );
}

/** The same for what does not expire for want of uses. */
export function withoutIdling({ expires, deadline }: Expiry): Expiry {
  if (deadline === null) return { expires, deadline };
  return { expires: deadline === LATEST_DATE_MS ? null : deadline, deadline: null };
}

function expiryOf(options: ExpiryOptions, { ttlMs, maxIdleMs }: Lifetimes, now: number): Expiry {
  const latest = deadline(options, ttlMs, now);
  if (maxIdleMs === undefined) return { expires: latest, deadline: null };
  const furthest = latest ?? LATEST_DATE_MS;
  return { expires: Math.min(furthest, Math.ceil(now + maxIdleMs)), deadline: furthest };
}

function validPinned(pinned: unknown): boolean {
  if (pinned === undefined || typeof pinned === 'boolean') return pinned === true;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `pinned must be true or false; given ${describe(pinned)}`,
  );
}

/**
 * The time that the options name, or null when they name none.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_TTL`
 */
export function deadline(
  { ttl, expires }: ExpiryOptions,
  defaultTtlMs: number | undefined,
  now: number,
): number | null {
  if (expires !== undefined) {
    if (ttl !== undefined) {
      throw new InvalidArgumentError('ERR_DISKCACHE_TTL', 'give either ttl or expires, not both');
    }
    return validDeadline(expires);
  }
  const lifetime = ttl === undefined ? defaultTtlMs : ttl === Infinity ? undefined : validTtl(ttl);
  return lifetime === undefined ? null : Math.min(Math.ceil(now + lifetime), LATEST_DATE_MS);
}

function validDeadline(expires: unknown): number {
  if (typeof expires === 'number' && Math.abs(expires) <= LATEST_DATE_MS) return Math.ceil(expires);
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_TTL',
    `expires must be a time in milliseconds since the epoch (leave it out for no limit); given ${describe(expires)}`,
  );
}

/**
 * The same array when it is one of tags.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_TAG`
 */
export function validTags(tags: unknown): readonly string[] {
  if (!Array.isArray(tags)) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_TAG',
      `tags must be an array of non-empty strings; given ${describe(tags)}`,
    );
  }
  // Not every(), which passes over holes.
  for (const tag of tags) validTag(tag);
  return tags as readonly string[];
}

function tagText(tags: unknown): string | null {
  const valid = validTags(tags);
  return valid.length === 0 ? null : JSON.stringify([...new Set(valid)]);
}

/**
 * What a verb for several keys or entries was given, as an array.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` when it cannot be gone through, or is itself a key
 */
export function given<T>(name: string, all: Iterable<T>): T[] {
  const isIterable = typeof all === 'object' && typeof all?.[Symbol.iterator] === 'function';
  if (isIterable && !(all instanceof Uint8Array)) return [...all];
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be an array or another iterable; given ${describe(all)}`,
  );
}

/**
 * What a verb for several entries was given, as an array of pairs.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` when it is anything else
 */
export function givenPairs<Pair extends readonly unknown[]>(name: string, all: Iterable<Pair>): Pair[] {
  const pairs = given(name, all);
  for (const pair of pairs) {
    if (Array.isArray(pair) && (pair.length === 2 || pair.length === 3)) continue;
    const what = Array.isArray(pair) ? `an array of ${pair.length}` : describe(pair);
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `each of ${name} must be [key, value] or [key, value, options]; given ${what}`,
    );
  }
  return pairs;
}

/**
 * The options object itself when it has only names that are known.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function checkOptions<T extends object>(
  options: T | undefined,
  known: readonly (keyof T & string)[],
): Partial<T> {
  if (options === undefined) return {};
  if (options === null || typeof options !== 'object' || Symbol.iterator in options) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `options must be an object; given ${describe(options)}`,
    );
  }
  for (const name in options) {
    if (!(known as readonly string[]).includes(name)) throw unknownOption(name, known);
  }
  return options;
}

/**
 * What was given, when it is right.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function validOption<Given>(name: string, given: Given, isRight: boolean, allowed: string): Given {
  if (isRight) return given;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be ${allowed}; given ${describe(given)}`,
  );
}

/**
 * The same function when it is one.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function validFunction<Given>(name: string, given: Given): Given {
  return validOption(name, given, typeof given === 'function', 'a function');
}

function unknownOption(name: string, known: readonly string[]): InvalidArgumentError {
  const meant = known.find((one) => one.toLowerCase() === name.toLowerCase());
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean '${meant}'?`;
  return new InvalidArgumentError('ERR_DISKCACHE_OPTION', `unknown option '${name}'; ${hint}`);
}
