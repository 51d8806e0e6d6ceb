import { types } from 'node:util';

/**
 * Whether what a function returned that has to be synchronous is a promise, of whichever realm, or could be awaited as one. What
 * becomes of a promise is of no interest any more: its caller gets an error for it.
 */
export function isPromiseLike(returned: unknown): boolean {
  if (types.isPromise(returned)) {
    returned.catch(() => undefined);
    return true;
  }
  const isObject = (typeof returned === 'object' && returned !== null) || typeof returned === 'function';
  return isObject && 'then' in returned && typeof returned.then === 'function';
}
