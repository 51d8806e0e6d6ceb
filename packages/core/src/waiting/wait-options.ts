import { checkOptions, validOption } from '../entry/entry-options.ts';

/** How long a call waits for what others have to do first. */
export interface WaitOptions {
  /** Most ms to wait, from 0 up; then the call rejects with a TimeoutError. @default no limit */
  timeout?: number | undefined;
  /** Ends the waiting, with the signal's reason. A try that is just under way is finished first. @default none */
  signal?: AbortSignal | undefined;
}

/** The same, checked. */
export interface Patience {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** So that what was left behind by a killed process does not last for long, whatever its clock said. */
const LONGEST_LEASE_MS = 600_000;
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function patienceOf(options: WaitOptions | undefined): Patience {
  return checkedPatience(checkOptions(options, ['timeout', 'signal']));
}

/** The same of options whose names are checked already. */
export function checkedPatience({ timeout, signal }: WaitOptions): Patience {
  return {
    timeoutMs: timeout === undefined ? undefined : validTimeout(timeout),
    signal: signal === undefined ? undefined : validSignal(signal),
  };
}

export function validLease(given: number): number {
  const isRight = typeof given === 'number' && given > 0 && given <= LONGEST_LEASE_MS;
  return validOption(
    'lease',
    given,
    isRight,
    `a number of milliseconds above 0, at most ${LONGEST_LEASE_MS}`,
  );
}

export function validTimeout(given: number): number {
  const isRight = typeof given === 'number' && given >= 0 && given <= LONGEST_TIMER_MS;
  return validOption('timeout', given, isRight, `a number of milliseconds from 0 to ${LONGEST_TIMER_MS}`);
}

/** Not instanceof: test runners put a class of their own in the place of AbortSignal. */
export function validSignal(given: AbortSignal): AbortSignal {
  const isRight = typeof given?.aborted === 'boolean' && typeof given.addEventListener === 'function';
  return validOption('signal', given, isRight, 'an AbortSignal');
}
