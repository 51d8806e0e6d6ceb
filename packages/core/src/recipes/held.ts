import type { CollectionView, Host } from '../collection-store.ts';
import type { DiskCacheError } from '../errors.ts';
import type { Permit, Permits } from './permits.ts';
import { keepRenewing, type Renewal } from './renewal.ts';

/**
 * What acquire() of a lock or semaphore gives: the right to go on, until it is released or lost.
 *
 * It is kept for as long as this process is alive and its event loop turns: it gives a sign of life every third of the
 * lease. When it stands still for longer than the lease, others may take its place while it still believes to hold it.
 * Whoever cannot bear that asks where it matters: `assertHeld(tx)` for what is in the cache, `fence` for what is elsewhere.
 *
 * Only release() gives it back, and `using`. close() of the cache does not, nor does the end of the process, since what it
 * protects may still go on: then it comes free with its lease. clear() of the cache takes it away.
 *
 * @example
 * ```ts
 * const lock = cache.lock('report');
 * {
 *   await using held = await lock.acquire();
 *   console.log(held.isHeld, await lock.tryAcquire()); // true undefined
 * }
 * console.log(await lock.isHeld()); // false
 * ```
 */
export class Held {
  /**
   * A number that is greater than that of all who held anything of this cache before. Who keeps the greatest number it
   * has seen can refuse what comes late from one that was thought dead. After a clear() of the cache numbers begin at the
   * time of day, which is above those before unless that was set back, or both are within one ms, by different processes.
   */
  readonly fence: number;
  readonly #permits: Permits;
  readonly #permit: Permit;
  readonly #controller = new AbortController();
  readonly #renewal: Renewal;
  #isReleased = false;

  /** @internal */
  constructor(host: Host, permits: Permits, permit: Permit) {
    this.fence = permit.fence;
    this.#permits = permits;
    this.#permit = permit;
    this.#renewal = keepRenewing(
      host,
      permits.terms.leaseMs,
      () => permits.renew(permit),
      (cause) => this.#lost(cause),
    );
  }

  /** Is aborted, with an `ERR_DISKCACHE_NOT_HELD`, when it turns out that it is lost; not by release(). */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Whether it is held, as far as this process knows: not after release(), not when it is lost, and not for the moment
   * after its lease has ended in which that is being found out.
   */
  get isHeld(): boolean {
    return !this.#isReleased && !this.signal.aborted && this.#renewal.isCurrent();
  }

  /**
   * Throws unless it is still held, to be called in the body of a transact(): then all that the body writes is written
   * while it is held, or not at all, however long this process stood still before. Costs one SELECT.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_NOT_HELD`
   * @example
   * ```ts
   * await using held = await cache.lock('report').acquire();
   * await cache.transact((tx) => {
   *   held.assertHeld(tx);
   *   tx.set('report', 'of who holds the lock');
   * });
   * ```
   */
  assertHeld(tx: CollectionView): void {
    if (this.#isReleased || !this.#permits.isHeld(tx, this.#permit)) throw this.#permits.notHeld();
  }

  /**
   * Gives it back, so that the next one gets it. Costs one transaction; when that fails it comes free with its lease.
   *
   * @throws DiskCacheError `ERR_DISKCACHE_NOT_HELD` when it was released before, or lost: others may have held it
   *   meanwhile
   */
  async release(): Promise<void> {
    if (this.#isReleased) throw this.#permits.notHeld();
    this.#isReleased = true;
    this.#renewal.stop();
    if (!(await this.#permits.giveBack(this.#permit))) throw this.#permits.notHeld(this.#lostFor);
  }

  /** Begins to release it at the end of the block of a `using`. What fails of that is a process warning. */
  [Symbol.dispose](): void {
    this[Symbol.asyncDispose]().catch((error: DiskCacheError) => process.emitWarning(error));
  }

  /** Releases it at the end of the block of an `await using`, unless it was released before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isReleased) await this.release();
  }

  get #lostFor(): unknown {
    const reason: unknown = this.signal.reason;
    return reason instanceof Error ? reason.cause : undefined;
  }

  #lost(cause: unknown): void {
    this.#controller.abort(this.#permits.notHeld(cause));
  }
}
