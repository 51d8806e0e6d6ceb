import type { Host } from '../collection-store.ts';

/** What keeps a lease from ending. */
export interface Renewal {
  /** Whether the lease, as it was renewed last, has not ended. */
  isCurrent(): boolean;
  stop(): void;
}

/** A sign of life is given so many times a lease: two may fail before it ends. */
const SIGNS_A_LEASE = 3;

/**
 * Gives a sign of life now and then, so that a lease does not end while its process is alive.
 *
 * @param renew resolves to whether there was still something to be renewed
 * @param onLost called, and nothing done any more, when there was not, or when that could not be found out before the lease
 *   ended, with the reason; left out where it is tried again in any case
 */
export function keepRenewing(
  host: Host,
  leaseMs: number,
  renew: () => Promise<boolean>,
  onLost?: (cause?: unknown) => void,
): Renewal {
  let until = host.monotonic() + leaseMs;
  let isUnderWay = false;
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    stopTicking();
  };
  const lose = (cause?: unknown) => {
    if (isStopped || onLost === undefined) return;
    stop();
    onLost(cause);
  };
  const tick = async () => {
    const began = host.monotonic();
    try {
      if (await renew()) until = began + leaseMs;
      else lose();
    } catch (error) {
      if (host.monotonic() >= until) lose(error);
    }
  };
  const stopTicking = host.every(leaseMs / SIGNS_A_LEASE, () => {
    if (isUnderWay) return;
    isUnderWay = true;
    void tick().finally(() => (isUnderWay = false));
  });
  return { isCurrent: () => host.monotonic() < until, stop };
}
