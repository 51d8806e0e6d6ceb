import type { CollectionTx, Host } from '../collection-store.ts';
import { keyOfName } from '../entry/named-key.ts';
import { describe } from '../errors.ts';
import type { Attempt } from '../waiting/lines.ts';
import { patienceOf, type WaitOptions } from '../waiting/wait-options.ts';
import {
  levelNow,
  type Rate,
  rateOf,
  type RateOptions,
  textAfter,
  untilThereAre,
  validTokens,
} from './token-bucket.ts';

/** For so long after it is full again a bucket is remembered, so that a jump of the time of day does not fill it. */
const REMEMBERED_MS = 3_600_000;
/** One that takes longer to be full is remembered for good: a century, far from what a deadline can be. */
const LONGEST_REMEMBERED_MS = 36_525 * 86_400_000;

/**
 * A limit of how often something is done by all processes together, see DiskCache.rateLimiter(): a bucket into which
 * tokens drop steadily, and out of which who does it takes one. What nobody takes is saved up, to `burst`.
 *
 * @example
 * ```ts
 * const limiter = cache.rateLimiter('api', { limit: 2, interval: 60_000 });
 * await limiter.take();
 * console.log(await limiter.tryTake(), await limiter.tryTake()); // true false
 * console.log(await limiter.take(1, { timeout: 10 }).catch((error) => error.code)); // ERR_DISKCACHE_TIMEOUT
 * ```
 */
export class RateLimiter {
  readonly name: string;
  readonly #host: Host;
  readonly #key: string;
  readonly #rate: Rate;

  /** @internal */
  constructor(host: Host, name: string, options: RateOptions) {
    this.name = name;
    this.#host = host;
    this.#key = keyOfName('rate', name);
    this.#rate = rateOf(options);
  }

  /**
   * Takes tokens, and waits until there are so many.
   *
   * Those of one process are served in the order of their calls. Among processes whoever comes first when there are
   * enough: where others always take what there is, one who asks for many may wait long. Who waits has taken nothing
   * yet: whoever stops waiting, or dies, leaves all to the others.
   *
   * Costs one small transaction when there are tokens. Who waits sleeps until there can be, and then looks with one
   * SELECT; of those of a process only the first does.
   *
   * @param tokens a whole number from 1 to `burst` @default 1
   * @throws TimeoutError when it would take longer than `timeout`; the reason of `signal`
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
   */
  async take(tokens = 1, options?: WaitOptions): Promise<void> {
    const wanted = validTokens(tokens, this.#rate);
    const patience = patienceOf(options);
    const meanwhile = `the rate of ${describe(this.name)} allowed no more`;
    const attempt = () => this.#attempt(wanted);
    await this.#host.lines.wait({ name: this.#key, attempt, meanwhile }, patience);
  }

  /** Takes tokens if there are so many now, and resolves to whether it did. Costs one SELECT when it did not. */
  async tryTake(tokens = 1): Promise<boolean> {
    return 'got' in (await this.#attempt(validTokens(tokens, this.#rate)));
  }

  /** Resolves to how many whole tokens there are now. Costs one SELECT. */
  async tokens(): Promise<number> {
    return Math.floor((await this.#level()).tokens);
  }

  async #attempt(wanted: number): Promise<Attempt<true>> {
    const level = await this.#level();
    if (textAfter(level, wanted) === undefined) return this.#later(wanted, level);
    return this.#host.store.transact((tx) => this.#taken(tx, wanted), { keys: [this.#key] });
  }

  #taken(tx: CollectionTx, wanted: number): Attempt<true> {
    const level = levelNow(tx.get<string>(this.#key), this.#rate, this.#host.monotonic());
    const after = textAfter(level, wanted);
    if (after === undefined) return this.#later(wanted, level);
    const fullInMs = this.#rate.burst / this.#rate.tokensAMs;
    const ttl = fullInMs < LONGEST_REMEMBERED_MS ? fullInMs + REMEMBERED_MS : Infinity;
    tx.set(this.#key, after, { pinned: true, ttl });
    return { got: true };
  }

  #later(wanted: number, level: { tokens: number; at: number }): Attempt<true> {
    return { againMs: untilThereAre(wanted, level, this.#rate), isSure: true };
  }

  async #level(): Promise<{ tokens: number; at: number }> {
    const text = await this.#host.store.get<string>(this.#key);
    return levelNow(text, this.#rate, this.#host.monotonic());
  }
}
