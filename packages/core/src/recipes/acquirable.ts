import type { Host } from '../collection-store.ts';
import { validFunction } from '../entry/entry-options.ts';
import { patienceOf, type WaitOptions } from '../waiting/wait-options.ts';
import { Held } from './held.ts';
import { Permits, type PermitTerms } from './permits.ts';

/** What Lock and Semaphore have in common: something to be held for a while, by so many at a time. */
export abstract class Acquirable {
  readonly name: string;
  /** @internal */
  protected readonly permits: Permits;
  readonly #host: Host;

  /** @internal */
  constructor(host: Host, name: string, terms: PermitTerms) {
    this.name = name;
    this.#host = host;
    this.permits = new Permits(host, terms);
  }

  /**
   * Waits until it is to be had, and resolves to what has to be released.
   *
   * When its process is killed it comes free with its lease. Those of one process that wait are served in the order of
   * their calls. Of several processes whoever looks first gets it, but who has waited for a second is served in turn; with
   * `fair` all are.
   *
   * Costs one small transaction, and one to release it. Of those that wait for the same in a process one looks again
   * after 1 ms at first and 150 ms at most, with one SELECT. Who waits in turn has a transaction to begin with, and all of
   * a process together one every third of the lease.
   *
   * @throws TimeoutError after `timeout`; the reason of `signal`; InvalidArgumentError `ERR_DISKCACHE_OPTION`
   */
  async acquire(options?: WaitOptions): Promise<Held> {
    const permit = await this.permits.take(patienceOf(options));
    return new Held(this.#host, this.permits, permit);
  }

  /**
   * The same without waiting: resolves to undefined when it is not to be had now. Costs one SELECT then.
   */
  async tryAcquire(): Promise<Held | undefined> {
    const permit = await this.permits.tryTake();
    return permit && new Held(this.#host, this.permits, permit);
  }

  /**
   * Acquires it, calls `body` with what is held, and releases it when that has ended. Resolves to what `body` returned.
   *
   * @throws what `body` throws, what acquire() or release() throws; a SuppressedError where both body and release() fail
   */
  async run<Result>(
    body: (held: Held) => Result | PromiseLike<Result>,
    options?: WaitOptions,
  ): Promise<Result> {
    validFunction('body', body);
    await using held = await this.acquire(options);
    return await body(held);
  }
}
