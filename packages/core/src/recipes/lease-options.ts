import { checkOptions, validOption } from '../entry/entry-options.ts';
import { validLease } from '../waiting/wait-options.ts';

/** How a lock, or what is like one, is held and waited for. All processes should say the same of one name. */
export interface LeaseOptions {
  /**
   * For how many ms others believe without a sign of life that who holds it, or waits for it in turn, is alive; at most
   * 600,000. A sign is given every third of it. When the process is killed, others wait no longer than this. One
   * that stands still for longer (a stopped process, an event loop that is kept) loses it. @default 10000
   */
  lease?: number | undefined;
  /**
   * Whether those that wait for it are served in the order in which they came, among all processes, from the first moment
   * on: a transaction more for each that waits, and slower from process to process. Without it whoever looks first gets it,
   * for a second; who has waited for longer is served in turn as well. Who dies waiting in turn is passed over when its
   * lease has ended. @default false
   */
  fair?: boolean | undefined;
}

/** Longer than a write waits for others by default, so that a sign of life can be given in time. */
const DEFAULT_LEASE_MS = 10_000;

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function leaseTerms(options: LeaseOptions | undefined): { leaseMs: number; isFair: boolean } {
  return checkedLeaseTerms(checkOptions(options, ['lease', 'fair']));
}

/** The same of options whose names are checked already. */
export function checkedLeaseTerms({ lease = DEFAULT_LEASE_MS, fair = false }: LeaseOptions): {
  leaseMs: number;
  isFair: boolean;
} {
  const isFair = validOption('fair', fair, typeof fair === 'boolean', 'true or false');
  return { leaseMs: validLease(lease), isFair };
}

/** A whole number of something, from 1 up. @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function validCount(name: string, given: unknown): number {
  const isRight = typeof given === 'number' && Number.isSafeInteger(given) && given >= 1;
  return validOption(name, given as number, isRight, 'a whole number from 1 up');
}
