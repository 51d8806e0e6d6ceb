import { clearTimeout, setTimeout } from 'node:timers';
import { TimeoutError } from '../errors.ts';
import type { ComputeTerms } from './compute-options.ts';

/**
 * What `promise` comes to, unless the call's time is up or its signal aborted before that.
 *
 * @param meanwhile what happened in that time, for the error
 * @throws the signal's reason, TimeoutError
 */
export function inTime<T>(
  promise: Promise<T>,
  { signal, timeoutMs }: Pick<ComputeTerms, 'signal' | 'timeoutMs'>,
  meanwhile: string,
): Promise<T> {
  if (signal === undefined && timeoutMs === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal?.reason);
    const onTimeout = () => reject(new TimeoutError(timeoutMs as number, meanwhile));
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  });
}
