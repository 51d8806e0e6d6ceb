import { monotonicMs, sleepSync } from '../../clock.ts';
import { TimeoutError } from '../../errors.ts';
import { isBusy } from './sqlite-error.ts';

const LONGEST_PAUSE_MS = 20;

/**
 * Repeats what another connection's lock prevents, on the caller's thread: for what is rarely locked, and not for long.
 *
 * @throws {@link TimeoutError} when it is still locked after `timeoutMs`
 */
export function whileBusy<T>(timeoutMs: number, attempt: () => T): T {
  const end = monotonicMs() + timeoutMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (monotonicMs() > end) throw new TimeoutError(timeoutMs);
      sleepSync(pause * (0.5 + Math.random()));
    }
  }
}
