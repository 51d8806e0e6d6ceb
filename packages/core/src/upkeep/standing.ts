/** How soon an entry would go, to be compared between parts of a sharded cache. */
export interface Standing {
  /** By the policy: the least goes first. */
  readonly worth: number;
  /** Of two alike the one that was used earlier or, where uses do not matter, came earlier: in ms since the epoch. */
  readonly time: number;
}

/** What is worth no more by this part of it stands about the same, as victims are drawn at random. */
const SLACK = 1 / 8;

/** The moments by which the entries of several parts have one order: so many a ms. */
export const MOMENTS_A_MS = 1024;

/** Below 0 when the first goes first. */
export function compareStandings(one: Standing, other: Standing): number {
  if (one.worth !== other.worth) return one.worth < other.worth ? -1 : 1;
  return one.time - other.time;
}

/** The same with some more time. */
export function later({ worth, time }: Standing, now: number): Standing {
  return { worth, time: time + SLACK * Math.max(0, now - time) };
}

/** Whether an entry goes no later than that, about. */
export function isWithin({ worth, time }: Standing, bound: Standing | undefined): boolean {
  if (bound === undefined || worth < bound.worth) return true;
  if (worth === bound.worth) return time <= bound.time;
  return worth <= bound.worth + SLACK * Math.max(1, Math.abs(bound.worth));
}
