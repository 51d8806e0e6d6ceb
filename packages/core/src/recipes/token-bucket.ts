import { checkOptions, validOption } from '../entry/entry-options.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import { validCount } from './lease-options.ts';

/** How often something may be done. All processes should say the same of one name. */
export interface RateOptions {
  /** How many tokens there are in each `interval`, from 1 up. */
  limit: number;
  /** In how many ms there are `limit` tokens, more than 0. @default 1000 */
  interval?: number | undefined;
  /**
   * Most tokens that are saved up while nobody takes any, and so most that can be taken at once, from 1 up. With 1 what is
   * done has a pause after each, and what comes a little late is not made up for. @default `limit`
   */
  burst?: number | undefined;
}

/** The same, checked. */
export interface Rate {
  readonly tokensAMs: number;
  readonly burst: number;
}

/** What was in the bucket at some time. */
interface Level {
  readonly tokens: number;
  /** By Host.monotonic(). */
  readonly at: number;
}

/** Fractions are added up with some error. */
const PART_OF_A_TOKEN = 1e-6;

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function rateOf(options: RateOptions): Rate {
  const { limit, interval = 1000, burst = limit } = checkOptions(options, ['limit', 'interval', 'burst']);
  const isRight = typeof interval === 'number' && interval > 0 && interval < Infinity;
  validOption('interval', interval, isRight, 'a number of milliseconds above 0');
  const tokensAMs = Math.min(validCount('limit', limit) / interval, Number.MAX_VALUE);
  return { tokensAMs, burst: validCount('burst', burst) };
}

/** The same number when so many tokens can ever be in the bucket. @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function validTokens(given: unknown, { burst }: Rate): number {
  const tokens = validCount('tokens', given);
  if (tokens <= burst) return tokens;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `tokens must be at most ${burst}, which is what the limiter saves up (option 'burst'); given ${describe(tokens)}`,
  );
}

/**
 * What is in a bucket now that fills as time passes, up to its brim, and loses what is taken: a token bucket (ITU-T I.371).
 * One of which nothing is known is full.
 */
export function levelNow(text: string | undefined, { tokensAMs, burst }: Rate, now: number): Level {
  if (text === undefined) return { tokens: burst, at: now };
  const [tokens, at] = JSON.parse(text) as [tokens: number, at: number];
  // The time goes back only when the machine was started anew, from 0 on.
  const passedMs = now < at ? now : now - at;
  return { tokens: Math.min(tokens + passedMs * tokensAMs, burst), at: now };
}

/** The level after so many tokens were taken, as it is stored; undefined when there are not so many. */
export function textAfter({ tokens, at }: Level, taken: number): string | undefined {
  const left = tokens - taken;
  return left < -PART_OF_A_TOKEN ? undefined : JSON.stringify([Math.max(left, 0), at]);
}

/** In how many ms there are so many tokens. */
export function untilThereAre(wanted: number, { tokens }: Level, { tokensAMs }: Rate): number {
  return Math.max((wanted - tokens) / tokensAMs, 0);
}
