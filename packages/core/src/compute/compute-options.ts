import {
  checkOptions,
  deadline,
  LATEST_DATE_MS,
  type SetOptions,
  validTags,
} from '../entry/entry-options.ts';
import type { Key } from '../entry/key.ts';
import { describe, InvalidArgumentError } from '../errors.ts';

/** What `compute` of DiskCache.getOrSet() is given. */
export interface ComputeContext {
  /** The key whose value is wanted. */
  readonly key: Key;
  /** Is aborted when nobody waits for the value any more; it is not stored then. */
  readonly signal: AbortSignal;
}

/** Makes the value of a key. What it throws, the calls that wait for the value reject with. */
export type Compute<Value> = (context: ComputeContext) => Value | PromiseLike<Value>;

/** The same for DiskCacheSync, where nobody can stop waiting. */
export type ComputeSync<Value> = (context: Pick<ComputeContext, 'key'>) => Value;

/** How DiskCacheSync.getOrSet() computes and stores a value. All times are in ms. */
export interface GetOrSetSyncOptions<Value = unknown> {
  /**
   * Lifetime of the entry in ms from its storing on, more than 0, or a function that tells it from the value; where that
   * returns undefined, the cache's `ttl`. @default the cache's `ttl`
   */
  ttl?: number | ((value: Value) => number | undefined) | undefined;
  /** Deadline of the entry in ms since the epoch, in place of a ttl. @default none */
  expires?: number | undefined;
  /** Labels to evict the entry by, or a function that tells them from the value. @default none */
  tags?: readonly string[] | ((value: Value) => readonly string[]) | undefined;
  /**
   * For so long after an entry has expired its value still stands in when computing a new one fails, or takes longer than
   * `timeout`. Both the call that stored it and the one that reads it have to allow that. @default 0
   */
  staleIfError?: number | undefined;
  /**
   * Recomputes an entry before it expires, the likelier the nearer that is and the longer computing took, so that the
   * processes of a machine do not all find it expired in one moment. 1 is what the authors advise, more is earlier. It is
   * off unless asked for, since a value is then computed more often than its ttl says. (XFetch: Vattani, Chierichetti,
   * Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.) @default 0
   */
  beta?: number | undefined;
  /** Whether a value is to be stored. One that is not is returned all the same. @default everything but undefined */
  shouldCache?: ((value: Value) => boolean) | undefined;
  /**
   * How long other processes trust that this one is still computing, without a sign of life. DiskCache gives that sign
   * every third of it; a DiskCacheSync cannot, so that it has to be longer than its computation takes. At most 600,000.
   *
   * @default 5000
   */
  lease?: number | undefined;
  /**
   * For so long a failure is kept: calls for the key, from all processes, fail with `ERR_DISKCACHE_KEPT_FAILURE` (or get
   * the stale value) without computing again. delete() and clear() end that. @default 0: nothing is kept
   */
  errorTtl?: number | undefined;
}

/** How DiskCache.getOrSet() computes and stores a value. All times are in ms. */
export interface GetOrSetOptions<Value = unknown> extends GetOrSetSyncOptions<Value> {
  /**
   * For so long after an entry has expired its value is still returned, at once, and a new one computed in the background.
   * Both the call that stored it and the one that reads it have to allow that. @default 0
   */
  staleWhileRevalidate?: number | undefined;
  /**
   * How long this call waits for a value that is being computed; then it gets the stale one where `staleIfError` allows,
   * else it rejects with TimeoutError. The computation goes on, so that a later call finds its value; once it has taken ten
   * times as long, others may begin anew. To stop it use `signal`.
   *
   * @default no limit
   */
  timeout?: number | undefined;
  /**
   * Ends this call's waiting, with the signal's reason. When nobody else waits the computation is aborted too.
   *
   * @default none
   */
  signal?: AbortSignal | undefined;
}

/** The options as the rest of the code uses them: complete and right. */
export interface ComputeTerms {
  readonly ttl: number | ((value: unknown) => number | undefined) | undefined;
  readonly expires: number | undefined;
  readonly tags: readonly string[] | ((value: unknown) => readonly string[]) | undefined;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly beta: number;
  readonly shouldCache: (value: unknown) => boolean;
  readonly leaseMs: number;
  readonly errorTtlMs: number;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

const SYNC_NAMES = [
  'ttl',
  'expires',
  'tags',
  'staleIfError',
  'beta',
  'shouldCache',
  'lease',
  'errorTtl',
] as const satisfies readonly (keyof GetOrSetSyncOptions)[];
const NAMES = [
  ...SYNC_NAMES,
  'staleWhileRevalidate',
  'timeout',
  'signal',
] as const satisfies readonly (keyof GetOrSetOptions)[];

/** Outlives a stalled event loop and a full wait for the lock, and is over soon when the process was killed. */
const DEFAULT_LEASE_MS = 5000;
/** The value of a process that is killed comes no later from another. */
const LONGEST_LEASE_MS = 600_000;
const LONGEST_TIMER_MS = 0x7fff_ffff;

const DEFAULTS: ComputeTerms = {
  ttl: undefined,
  expires: undefined,
  tags: undefined,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  beta: 0,
  shouldCache: () => true,
  leaseMs: DEFAULT_LEASE_MS,
  errorTtlMs: 0,
  timeoutMs: undefined,
  signal: undefined,
};

/**
 * Checks the options of getOrSet(), but for what functions among them will return.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_TTL` or `ERR_DISKCACHE_TAG`
 */
export type CheckTerms = (options: GetOrSetOptions<never> | undefined) => ComputeTerms;

const checking =
  (names: readonly string[]): CheckTerms =>
  (options) =>
    options === undefined ? DEFAULTS : checkedTerms(options, names);

export const computeTerms = checking(NAMES);
export const computeSyncTerms = checking(SYNC_NAMES);
/** The same among those of memoize(), which are these and two more. */
export const memoizeTerms = checking([...NAMES, 'name', 'key']);
export const memoizeSyncTerms = checking([...SYNC_NAMES, 'name', 'key']);

/**
 * The same function when it is one.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function validFunction<Given>(name: string, given: Given): Given {
  return valid(name, given, typeof given === 'function', 'a function');
}

/** What set() would be told about a value that was computed. */
export function setOptionsOf({ ttl, expires, tags }: ComputeTerms, value: unknown): SetOptions {
  return {
    ttl: typeof ttl === 'function' ? ttl(value) : ttl,
    expires,
    tags: typeof tags === 'function' ? tags(value) : tags,
  };
}

function checkedTerms(options: GetOrSetOptions<never>, names: readonly string[]): ComputeTerms {
  // Which values its functions take is for the compiler to know.
  const given = checkOptions(options as GetOrSetOptions, names as typeof NAMES);
  const { ttl, expires, tags, staleWhileRevalidate = 0, staleIfError = 0 } = given;
  const { beta = 0, shouldCache, lease = DEFAULT_LEASE_MS, errorTtl = 0, timeout, signal } = given;
  if (typeof ttl !== 'function') deadline({ ttl, expires }, undefined, 0);
  else if (expires !== undefined) deadline({ ttl: 1, expires }, undefined, 0);
  if (tags !== undefined && typeof tags !== 'function') validTags(tags);
  return {
    ttl,
    expires,
    tags,
    staleWhileRevalidateMs: duration('staleWhileRevalidate', staleWhileRevalidate),
    staleIfErrorMs: duration('staleIfError', staleIfError),
    beta: valid('beta', beta, typeof beta === 'number' && beta >= 0 && beta < Infinity, 'a number from 0 up'),
    shouldCache: shouldCache === undefined ? DEFAULTS.shouldCache : validFunction('shouldCache', shouldCache),
    leaseMs: validLease(lease),
    errorTtlMs: duration('errorTtl', errorTtl),
    timeoutMs: timeout === undefined ? undefined : validTimeout(timeout),
    signal: signal === undefined ? undefined : validSignal(signal),
  };
}

function duration(name: string, given: number): number {
  const isRight = typeof given === 'number' && given >= 0 && (given <= LATEST_DATE_MS || given === Infinity);
  return valid(name, given, isRight, 'a number of milliseconds from 0 up, or Infinity');
}

function validLease(given: number): number {
  const isRight = typeof given === 'number' && given > 0 && given <= LONGEST_LEASE_MS;
  return valid('lease', given, isRight, `a number of milliseconds above 0, at most ${LONGEST_LEASE_MS}`);
}

function validTimeout(given: number): number {
  const isRight = typeof given === 'number' && given >= 0 && given <= LONGEST_TIMER_MS;
  return valid('timeout', given, isRight, `a number of milliseconds from 0 to ${LONGEST_TIMER_MS}`);
}

/** Not instanceof: test runners put a class of their own in the place of AbortSignal. */
function validSignal(given: AbortSignal): AbortSignal {
  const isRight = typeof given?.aborted === 'boolean' && typeof given.addEventListener === 'function';
  return valid('signal', given, isRight, 'an AbortSignal');
}

function valid<Given>(name: string, given: Given, isRight: boolean, allowed: string): Given {
  if (isRight) return given;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be ${allowed}; given ${describe(given)}`,
  );
}
