import type { ExpiryOptions } from '@diskcache/core';

/** The last moment that a Date can tell. What is to live longer lives for ever. */
const LATEST_MS = 8.64e15;

const GONE_AT_ONCE: ExpiryOptions = { expires: 0 };

/**
 * A ttl as Keyv and cache-manager mean it: a lifetime in ms; none, NaN and Infinity stand for no limit, 0 and less for
 * an entry that is gone at once.
 */
export function expiryOfTtl(ttl: number | undefined): ExpiryOptions | undefined {
  if (ttl === undefined || ttl === null || Number.isNaN(ttl) || ttl > LATEST_MS) return undefined;
  return ttl <= 0 ? GONE_AT_ONCE : { ttl };
}

/** A deadline as Keyv 6 means it: ms since the epoch; none, NaN and Infinity stand for no limit. It may be past. */
export function expiryOfDeadline(expires: number | undefined): ExpiryOptions | undefined {
  if (expires === undefined || expires === null || Number.isNaN(expires) || expires > LATEST_MS)
    return undefined;
  return expires <= 0 ? GONE_AT_ONCE : { expires };
}
