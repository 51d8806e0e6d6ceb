import { setImmediate } from 'node:timers';
import { TimeoutError } from '@diskcache/core';
import type { AnswerStore, Storable } from '../store/answer-store.ts';
import { isOfCache } from './is-of-cache.ts';

/** What a route's method answered. */
export interface Made extends Storable {
  /** What is sent. */
  readonly body: unknown;
}

/** What a request is answered with. */
export interface Answer {
  readonly body: unknown;
  /** Whether it was made for another request. */
  readonly isHit: boolean;
}

/**
 * An answer for a key that has none in the store: of all requests for it, in all processes, one makes it, and the others
 * get what was stored then, if they need not wait for it longer than 30 s. Nobody gets another request's failure, nor
 * anything that was not to be stored: then each makes its own. What the cache itself fails with is told by the store, and
 * fails no request.
 *
 * @param route whose answer it is
 * @param make makes the answer of this request, for itself alone or to be stored
 * @throws what `make` throws
 */
export function sharedAnswer(
  store: AnswerStore,
  { key, route }: { key: string; route: string },
  make: (isToStore: boolean) => Promise<Made>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let isOurs = false;
    let failure: unknown;
    const own = (made: Made) => resolve({ body: made.body, isHit: false });
    const alone = () => void make(false).then(own, reject);
    const makeForAll = async () => {
      isOurs = true;
      try {
        const made = await make(true);
        // Whoever gets the body may change it, and its stored form is made before the next turn of the event loop.
        setImmediate(own, made);
        return made;
      } catch (error) {
        failure = error;
        reject(error);
        throw error;
      }
    };
    const failed = (error: unknown) => {
      if (isOfCache(error) && error !== failure && !(error instanceof TimeoutError))
        store.fails(error, route);
      if (!isOurs) alone();
    };
    store.getOrMake(key, makeForAll).then((value) => {
      if (isOurs) return;
      if (value === undefined || value === null) alone();
      else resolve({ body: value, isHit: true });
    }, failed);
  });
}
