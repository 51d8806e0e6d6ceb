import { setImmediate } from 'node:timers';

/**
 * Where a cache gets its time from. Pass another one to move time by hand in tests.
 *
 * @example
 * ```ts
 * import { type Clock, DiskCache } from '@diskcache/core';
 *
 * let now = 1_000;
 * const clock: Clock = { now: () => now, every: () => () => undefined };
 * const cache = new DiskCache('./cache', { clock });
 * await cache.set('key', 'value', { ttl: 50 });
 * now += 50;
 * console.log(await cache.get('key')); // undefined
 * await cache.close();
 * ```
 */
export interface Clock {
  /** The current time in ms since the epoch; deadlines of entries are compared with it. */
  now(): number;
  /**
   * Calls `work` about every `intervalMs` without keeping the process alive.
   *
   * @returns a function that stops it
   */
  every(intervalMs: number, work: () => void): () => void;
}

/** The machine's own clock, which is the default: Date.now(), and timers that do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  every: (intervalMs, work) => {
    const timer = setInterval(work, intervalMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/**
 * A time that was noted, and is so much later than it is now, tells that the clock was set back since. Less is the
 * difference between two processes' looks at it.
 */
export const SET_BACK_MS = 1000;

/** Milliseconds that only move forward: for waits and time slices, which are real whatever the cache's clock says. */
export function monotonicMs(): number {
  return performance.now();
}

/**
 * Resolves when the event loop has turned once, so that timers and sockets had their share. Not the global function:
 * test runners replace that one.
 */
export function nextTurn(): Promise<void> {
  return new Promise(setImmediate);
}

const neverNotified = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the calling thread for `ms`. */
export function sleepSync(ms: number): void {
  Atomics.wait(neverNotified, 0, 0, ms);
}
