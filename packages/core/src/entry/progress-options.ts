import { describe, InvalidArgumentError } from '../errors.ts';
import { checkOptions } from './entry-options.ts';

/** What a verb may be told that works step by step, with others in between. */
export interface ProgressOptions<Progress> {
  /**
   * Called after each step, once it is committed (in the body of a transaction: once it is done), with what all steps so
   * far came to. What it throws ends the call. @default nothing is called
   */
  onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Ends the call before its next step; what the steps before did stays done. The call fails with the signal's reason.
   *
   * @default none
   */
  signal?: AbortSignal | undefined;
}

/** What clear(), evict(), deletePrefix(), expire() and cull() may be told. */
export type RemovalOptions = ProgressOptions<{
  /** Entries that were removed so far. */
  readonly removed: number;
}>;

/**
 * The options themselves when they are right.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function progressOptions<Options extends ProgressOptions<never>>(
  options: Options | undefined,
  known: readonly (keyof Options & string)[] = ['onProgress', 'signal'],
): Partial<Options> {
  const checked = checkOptions<Options>(options, known);
  const { onProgress, signal } = checked;
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw invalid('onProgress', 'a function', onProgress);
  if (signal !== undefined && !isSignal(signal)) throw invalid('signal', 'an AbortSignal', signal);
  return checked;
}

/** One of another realm, or of a library, is one too. */
function isSignal(given: unknown): given is AbortSignal {
  return typeof given === 'object' && given !== null && 'aborted' in given && 'reason' in given;
}

function invalid(name: string, allowed: string, given: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `option '${name}' must be ${allowed}; given ${describe(given)}`,
  );
}
