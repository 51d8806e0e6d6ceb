import { cacheKey } from '../entry/cache-key.ts';
import { validFunction } from '../entry/entry-options.ts';
import { type Key, validKey } from '../entry/key.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import {
  type CheckTerms,
  type ComputeTerms,
  type GetOrSetOptions,
  type GetOrSetSyncOptions,
} from './compute-options.ts';

/** Where the results of a memoized function are kept. */
export interface MemoizeKeyOptions<Args extends unknown[]> {
  /**
   * What its keys begin with, before `:` and the cacheKey() of the arguments. Two functions of one name share their
   * entries; a new name leaves those of the old one. @default the function's own name
   */
  name?: string | undefined;
  /** Makes the whole key of the arguments, where cacheKey() cannot or should not. @default `name:` and cacheKey(...args) */
  key?: ((...args: Args) => Key) | undefined;
}

/** How DiskCache.memoize() keeps results: as getOrSet() does. */
export interface MemoizeOptions<Args extends unknown[] = unknown[], Value = unknown>
  extends GetOrSetOptions<Value>, MemoizeKeyOptions<Args> {}

/** How DiskCacheSync.memoize() keeps results: as getOrSet() does. */
export interface MemoizeSyncOptions<Args extends unknown[] = unknown[], Value = unknown>
  extends GetOrSetSyncOptions<Value>, MemoizeKeyOptions<Args> {}

/** What a memoized function has beside its call. */
export interface MemoizedParts<Wrapped extends (...args: never[]) => unknown> {
  /** The function itself, for a call past the cache. */
  readonly fn: Wrapped;
  /** The key of the entry for these arguments. Throws `ERR_DISKCACHE_KEY` where they make none. */
  readonly key: (...args: Parameters<Wrapped>) => Key;
}

/** A function whose results DiskCache keeps, see DiskCache.memoize(). Calls reject where getOrSet() would. */
export interface Memoized<Wrapped extends (...args: never[]) => unknown> extends MemoizedParts<Wrapped> {
  (this: ThisParameterType<Wrapped>, ...args: Parameters<Wrapped>): Promise<Awaited<ReturnType<Wrapped>>>;
  /** Removes the entry for these arguments. @returns whether there was a live one */
  readonly delete: (...args: Parameters<Wrapped>) => Promise<boolean>;
}

/** A function whose results DiskCacheSync keeps, see DiskCacheSync.memoize(). Calls throw where getOrSet() would. */
export interface MemoizedSync<Wrapped extends (...args: never[]) => unknown> extends MemoizedParts<Wrapped> {
  (this: ThisParameterType<Wrapped>, ...args: Parameters<Wrapped>): ReturnType<Wrapped>;
  /** Removes the entry for these arguments. @returns whether there was a live one */
  readonly delete: (...args: Parameters<Wrapped>) => boolean;
}

/** Any function, and what it is called with. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** What memoize() was given, checked. */
export interface MemoizePlan {
  readonly fn: AnyFunction;
  readonly name: string;
  readonly key: (...args: unknown[]) => Key;
  readonly terms: ComputeTerms;
}

/**
 * Checks what memoize() was given.
 *
 * @param termsOf checks the options of getOrSet() among these
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_TTL` or `ERR_DISKCACHE_TAG`
 */
export function memoizePlan(
  given: unknown,
  options: (GetOrSetOptions<never> & { name?: string | undefined; key?: unknown }) | undefined,
  termsOf: CheckTerms,
): MemoizePlan {
  const fn = validFunction('fn', given as AnyFunction);
  const terms = termsOf(options);
  const { name = fn.name, key } = options ?? {};
  if (key !== undefined) {
    const keyOf = validFunction('key', key) as (...args: unknown[]) => unknown;
    return { fn, name, key: (...args) => validKey(keyOf(...args)), terms };
  }
  const prefix = `${validName(name)}:`;
  return { fn, name, key: (...args) => prefix + cacheKey(...args), terms };
}

/** The function whose calls are computed by `computing`, as promises. */
export function memoizedBy(
  computing: {
    call(request: Pick<MemoizePlan, 'terms'> & { key: Key; compute: () => unknown }): unknown;
  },
  plan: MemoizePlan,
  remove: (key: Key) => unknown,
): unknown {
  const { key, terms } = plan;
  async function call(this: unknown, ...args: unknown[]): Promise<unknown> {
    return computing.call({ key: key(...args), compute: () => plan.fn.apply(this, args), terms });
  }
  return dressed(call, plan, async (...args) => remove(key(...args)));
}

/** Gives the function that calls the cache the parts of a memoized one, and the looks of the one it calls. */
export function dressed(
  call: AnyFunction,
  { fn, name, key }: MemoizePlan,
  remove: (...args: unknown[]) => unknown,
): unknown {
  Object.defineProperty(call, 'name', { value: name, configurable: true });
  Object.defineProperty(call, 'length', { value: fn.length, configurable: true });
  return Object.assign(call, { fn, key, delete: remove });
}

function validName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.isWellFormed()) return name;
  const given = name === '' ? 'a function without a name, and no name' : describe(name);
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `name must be a well-formed, non-empty string, which begins the keys of a memoized function; given ${given}`,
  );
}
