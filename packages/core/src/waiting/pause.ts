const SHORTEST_MS = 1;
const LONGEST_MS = 100;

/**
 * How long to pause before looking again whether another process has finished: about a tenth of what was waited so far, so
 * that a wait is never much longer than it had to be, and a long one costs little.
 */
export function pauseMs(waitedMs: number, random: number): number {
  return Math.min(Math.max(waitedMs / 10, SHORTEST_MS), LONGEST_MS) * (0.5 + random);
}
