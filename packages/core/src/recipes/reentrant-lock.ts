import { AsyncLocalStorage } from 'node:async_hooks';
import type { Host } from '../collection-store.ts';
import { validFunction } from '../entry/entry-options.ts';
import { patienceOf, type WaitOptions } from '../waiting/wait-options.ts';
import type { Held } from './held.ts';
import type { LeaseOptions } from './lease-options.ts';
import { Lock } from './lock.ts';

/** A lock that is held, and how many calls of run() are in it. */
interface Entered {
  readonly held: Held;
  calls: number;
}

/** What the code that runs now is in, by the caches and names of locks. */
const entered = new AsyncLocalStorage<ReadonlyMap<Host, ReadonlyMap<string, Entered>>>();

/**
 * A lock whose holder may enter it again, see DiskCache.reentrantLock(). The holder is what `body` of run() does and
 * all that it calls, also after an `await`, by Node's AsyncLocalStorage. It excludes a Lock of the same name, too.
 *
 * There is only run(), and no acquire() for `await using`: what comes after an `await acquire()` cannot be told from what
 * its caller begins beside it. (AsyncLocalStorage.enterWith() marks both: of two functions that are begun in one
 * Promise.all() and each acquire the lock, the second would be let in as if it were called by the first.)
 *
 * @example
 * ```ts
 * const lock = cache.reentrantLock('account');
 * const withdraw = () => lock.run(() => 'withdrawn');
 * const transfer = () => lock.run(async () => `${await withdraw()} and paid in`);
 * console.log(await transfer()); // withdrawn and paid in
 * ```
 */
export class ReentrantLock {
  readonly name: string;
  readonly #host: Host;
  readonly #lock: Lock;

  /** @internal */
  constructor(host: Host, name: string, options: LeaseOptions | undefined) {
    this.name = name;
    this.#host = host;
    this.#lock = new Lock(host, name, options);
  }

  /**
   * Calls `body` with what is held, and resolves to what it returned. It waits for the lock first unless it is called by
   * what holds it, and releases it when the last has ended that has entered it.
   *
   * Costs what acquire() and release() of a Lock do, and nothing where it is entered again.
   *
   * @throws what `body` throws; TimeoutError after `timeout`; the reason of `signal`
   * @throws DiskCacheError `ERR_DISKCACHE_NOT_HELD` when it was lost meanwhile, or before it was entered again
   */
  async run<Result>(
    body: (held: Held) => Result | PromiseLike<Result>,
    options?: WaitOptions,
  ): Promise<Result> {
    validFunction('body', body);
    patienceOf(options).signal?.throwIfAborted();
    const outer = entered.getStore();
    const again = outer?.get(this.#host)?.get(this.name);
    // What was begun in it and not waited for may come when it was left.
    if (again !== undefined && again.calls > 0) return this.#enter(again, body);
    const first: Entered = { held: await this.#lock.acquire(options), calls: 0 };
    const ofHost = new Map(outer?.get(this.#host)).set(this.name, first);
    return entered.run(new Map(outer).set(this.#host, ofHost), () => this.#enter(first, body));
  }

  /** Resolves to whether anybody holds it now. Costs one SELECT. */
  async isHeld(): Promise<boolean> {
    return this.#lock.isHeld();
  }

  async #enter<Result>(one: Entered, body: (held: Held) => Result | PromiseLike<Result>): Promise<Result> {
    one.held.signal.throwIfAborted();
    one.calls++;
    await using _ = { [Symbol.asyncDispose]: () => leave(one) };
    return await body(one.held);
  }
}

async function leave(one: Entered): Promise<void> {
  if (--one.calls === 0) await one.held[Symbol.asyncDispose]();
}
