import type { Host } from './collection-store.ts';
import { Deque } from './collections/deque.ts';
import type { DequeOptions } from './collections/deque-options.ts';
import { Index } from './collections/ordered-index.ts';
import type { Key } from './entry/key.ts';
import type { Kind } from './entry/named-key.ts';
import { Averager } from './recipes/averager.ts';
import { Barrier, type BarrierOptions } from './recipes/barrier.ts';
import type { LeaseOptions } from './recipes/lease-options.ts';
import { Lock } from './recipes/lock.ts';
import { RateLimiter } from './recipes/rate-limiter.ts';
import { ReentrantLock } from './recipes/reentrant-lock.ts';
import { Semaphore, type SemaphoreOptions } from './recipes/semaphore.ts';
import { throttle, type Throttled, type ThrottleOptions } from './recipes/throttle.ts';
import type { RateOptions } from './recipes/token-bucket.ts';

/**
 * What a cache hands out by name: collections that it keeps, and recipes by which its processes work together. All who ask
 * for one kind and name get the same, in whatever process. A name is any well-formed, non-empty string.
 *
 * To ask for one costs nothing, and nothing has to be closed. What they keep is in entries of the cache that are never
 * evicted, whose keys begin with `@` and the kind: it counts against the limits, and cache.clear() removes it, also what
 * somebody holds. Where the limits are full of what is not evicted, a verb that needs more room is an `ERR_DISKCACHE_FULL`.
 *
 * Who waits for something when the cache is closed gets an `ERR_DISKCACHE_CLOSED`.
 */
export abstract class CollectionDoor {
  /**
   * Where what has this name lives.
   *
   * @internal
   */
  abstract hostOf(kind: Kind, name: unknown): Host;

  /**
   * Returns the persistent double-ended queue of a name, see Deque.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none, `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * const jobs = cache.deque<{ id: number }>('jobs', { maxLength: 1000 });
   * await jobs.append({ id: 1 });
   * console.log(await jobs.popLeft()); // { id: 1 }
   * ```
   */
  deque<T = unknown>(name: string, options?: DequeOptions): Deque<T> {
    return new Deque<T>(this.hostOf('deque', name), name, options);
  }

  /**
   * Returns the persistent ordered map of a name, see Index.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none
   * @example
   * ```ts
   * const results = cache.index<string, number>('results');
   * await results.set('a', 1);
   * console.log(await results.last()); // [ 'a', 1 ]
   * ```
   */
  index<K extends Key = Key, V = unknown>(name: string): Index<K, V> {
    return new Index<K, V>(this.hostOf('index', name), name);
  }

  /**
   * Returns the lock of a name, which one at a time holds among all processes, see Lock.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none, `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * await using _ = await cache.lock('report-123').acquire();
   * console.log(await cache.lock('report-123').isHeld()); // true
   * ```
   */
  lock(name: string, options?: LeaseOptions): Lock {
    return new Lock(this.hostOf('lock', name), name, options);
  }

  /**
   * Returns the lock of a name for code that may meet it again while it holds it, see ReentrantLock.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none, `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * const lock = cache.reentrantLock('account');
   * console.log(await lock.run(() => lock.run(() => 'twice in it'))); // twice in it
   * ```
   */
  reentrantLock(name: string, options?: LeaseOptions): ReentrantLock {
    return new ReentrantLock(this.hostOf('lock', name), name, options);
  }

  /**
   * Returns the semaphore of a name, which so many at a time hold among all processes, see Semaphore.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none, `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * const downloads = cache.semaphore('downloads', { permits: 2 });
   * await using _ = await downloads.acquire({ timeout: 60_000 });
   * console.log(await downloads.held()); // 1
   * ```
   */
  semaphore(name: string, options: SemaphoreOptions): Semaphore {
    return new Semaphore(this.hostOf('semaphore', name), name, options);
  }

  /**
   * Returns the rate limiter of a name, which says when something may be done again by any process, see RateLimiter.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none, `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * const limiter = cache.rateLimiter('example.org', { limit: 10, interval: 1_000 });
   * await limiter.take();
   * console.log(await limiter.tokens()); // 9
   * ```
   */
  rateLimiter(name: string, options: RateOptions): RateLimiter {
    return new RateLimiter(this.hostOf('rate', name), name, options);
  }

  /**
   * Returns a function that calls `fn` no more often than so, in all processes together: each call waits for a token of
   * the rateLimiter() of its name, and then calls `fn` with the same `this` and arguments.
   *
   * @throws InvalidArgumentError (at once) `ERR_DISKCACHE_OPTION`, also for a function without a name that is given none
   * @example
   * ```ts
   * const send = cache.throttle(async (to: string) => `sent to ${to}`, { name: 'send', limit: 5, interval: 1_000 });
   * console.log(await send('ada@example.org')); // sent to ada@example.org
   * ```
   */
  throttle<Wrapped extends (...args: never[]) => unknown>(
    fn: Wrapped,
    options: ThrottleOptions,
  ): Throttled<Wrapped> {
    return throttle((name, rate) => this.rateLimiter(name, rate), fn, options);
  }

  /**
   * Returns the barrier of a name, at which so many wait for each other, see Barrier.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none, `ERR_DISKCACHE_OPTION`
   * @example
   * ```ts
   * const ready = cache.barrier('ready', { parties: 2 });
   * console.log(await Promise.all([ready.wait(), ready.wait()])); // [ false, true ]
   * ```
   */
  barrier(name: string, options: BarrierOptions): Barrier {
    return new Barrier(this.hostOf('barrier', name), name, options);
  }

  /**
   * Returns the average of a name, to which all processes add numbers, see Averager.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` for a name that is none
   * @example
   * ```ts
   * const latency = cache.averager('latency');
   * await latency.add(20);
   * console.log(await latency.add(40)); // 30
   * ```
   */
  averager(name: string): Averager {
    return new Averager(this.hostOf('averager', name).store, name);
  }
}
