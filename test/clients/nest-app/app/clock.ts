import { type Clock, systemClock } from '@diskcache/core';

let advanced = 0;

/** The machine's, and what a test has added to it. */
export const clock: Clock = { ...systemClock, now: () => systemClock.now() + advanced };

export function advance(ms: number): void {
  advanced += ms;
}
