import type { ComputedRow } from '../storage/rows/statements.ts';

/**
 * Whether a live entry is to be recomputed already. The time that is left is compared with the time that computing took,
 * times `beta`, times a random number that is 1 on average and seldom large: -ln(random). Of many readers one is so likely
 * to be early, and no two are likely to be so together (XFetch, VLDB 2015).
 *
 * @param random from 0 to below 1
 */
export function isEarly(
  { expires, deadline, cost }: Pick<ComputedRow, 'expires' | 'deadline' | 'cost'>,
  beta: number,
  now: number,
  random: number,
): boolean {
  // Where each use moves the time at which it expires, that is no time to be early for.
  const end = deadline ?? expires;
  return end !== null && cost !== null && now - cost * beta * Math.log(random) >= end;
}

/** Whether an entry's value may be returned, live or expired for no longer than `staleMs`. */
export function isUsable(
  { expires, staleUntil }: Pick<ComputedRow, 'expires' | 'staleUntil'>,
  staleMs: number,
  now: number,
): boolean {
  return expires === null || expires > now || ((staleUntil ?? 0) > now && expires + staleMs > now);
}
