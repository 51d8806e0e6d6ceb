import { describe, InvalidArgumentError } from '../errors.ts';
import { isPromiseLike } from './promise-like.ts';
import { ThrownByBody } from '../storage/rows/sqlite-error.ts';

/** The same body when it is a function. */
export function validBody<Body>(body: Body): Body {
  if (typeof body === 'function') return body;
  throw invalidBody('a function', describe(body));
}

/** What the body returns, once it is sure to be synchronous. */
export function carriedOut<Tx, Result>(body: (tx: Tx) => Result, tx: Tx): Result {
  validBody(body);
  let result: Result;
  try {
    result = body(tx);
  } catch (error) {
    throw new ThrownByBody(error);
  }
  if (!isPromiseLike(result)) return result;
  throw invalidBody('synchronous', 'one that returned a promise');
}

function invalidBody(allowed: string, given: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_TRANSACTION',
    `the body of transact() or snapshot() must be ${allowed}; given ${given}`,
  );
}
