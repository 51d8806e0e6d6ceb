import { checkOptions, validFunction } from '../entry/entry-options.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { RateOptions } from './token-bucket.ts';

/** How often a throttled function may be called. All processes should say the same of one name. */
export interface ThrottleOptions extends RateOptions {
  /** Whose calls are counted together; also the name of the RateLimiter. @default the function's own name */
  name?: string | undefined;
}

/** A function that waits before each call until it may be called. */
export type Throttled<Wrapped extends (...args: never[]) => unknown> = (
  this: ThisParameterType<Wrapped>,
  ...args: Parameters<Wrapped>
) => Promise<Awaited<ReturnType<Wrapped>>>;

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_KEY` */
export function throttle<Wrapped extends (...args: never[]) => unknown>(
  limiterOf: (name: string, rate: RateOptions) => RateLimiter,
  given: Wrapped,
  options: ThrottleOptions,
): Throttled<Wrapped> {
  const fn = validFunction('fn', given) as unknown as (this: unknown, ...args: unknown[]) => unknown;
  const { name = fn.name, ...rate } = checkOptions(options, ['limit', 'interval', 'burst', 'name']);
  if (name === '')
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `name must be given for a function that has none; given ${describe(name)}`,
    );
  const limiter = limiterOf(name, rate as RateOptions);
  async function call(this: unknown, ...args: unknown[]): Promise<unknown> {
    await limiter.take();
    return fn.apply(this, args);
  }
  Object.defineProperty(call, 'name', { value: name, configurable: true });
  Object.defineProperty(call, 'length', { value: fn.length, configurable: true });
  return call as Throttled<Wrapped>;
}
