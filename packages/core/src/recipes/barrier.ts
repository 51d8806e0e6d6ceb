import { randomInt } from 'node:crypto';
import type { Host } from '../collection-store.ts';
import { checkOptions } from '../entry/entry-options.ts';
import { keyOfName } from '../entry/named-key.ts';
import { describe } from '../errors.ts';
import type { Attempt } from '../waiting/lines.ts';
import { patienceOf, type WaitOptions } from '../waiting/wait-options.ts';
import { checkedLeaseTerms, type LeaseOptions, validCount } from './lease-options.ts';
import { isAlive } from './permit-state.ts';
import { keepRenewing } from './renewal.ts';

/** For whom a barrier opens. All processes should say the same of one name. */
export interface BarrierOptions extends Pick<LeaseOptions, 'lease'> {
  /** How many have to arrive before it opens, from 1 up. */
  parties: number;
}

interface Arrival {
  readonly token: number;
  /** Until when it is believed to be alive, by Host.monotonic(). */
  until: number;
  readonly leaseMs: number;
}

/** Who has arrived in this round, which has a number of its own. */
interface Round {
  readonly number: number;
  arrivals: Arrival[];
}

const LARGEST_NUMBER = 2 ** 48 - 1;
/** For so long it is remembered that it opened, for those who have not heard of it yet. */
const REMEMBERED_MS = 86_400_000;

/**
 * Where so many wait for each other, see DiskCache.barrier(): it opens when the last arrives, and is closed again for the
 * next round. Who dies waiting, or stops waiting, has not arrived.
 *
 * @example
 * ```ts
 * const barrier = cache.barrier('migrated', { parties: 2 });
 * const opened = await Promise.all([barrier.wait(), barrier.wait()]);
 * console.log(opened); // [ false, true ]
 * ```
 */
export class Barrier {
  readonly name: string;
  readonly #host: Host;
  readonly #key: string;
  readonly #parties: number;
  readonly #leaseMs: number;

  /** @internal */
  constructor(host: Host, name: string, options: BarrierOptions) {
    const { parties, lease } = checkOptions(options, ['parties', 'lease']);
    this.name = name;
    this.#host = host;
    this.#key = keyOfName('barrier', name);
    this.#parties = validCount('parties', parties);
    this.#leaseMs = checkedLeaseTerms({ lease }).leaseMs;
  }

  /**
   * Arrives, and waits until all have; resolves to whether this one was the last, which is so for one in each round.
   *
   * Costs a transaction to arrive and one every third of the lease. Who waits looks again when the last has arrived in its
   * own process, and otherwise after 1 ms at first and 150 ms at most, with one SELECT.
   *
   * @throws TimeoutError after `timeout`, or the reason of `signal`: then it has not arrived
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    const patience = patienceOf(options);
    patience.signal?.throwIfAborted();
    const token = randomInt(LARGEST_NUMBER);
    let round = await this.#arrive(token);
    if (round === undefined) return true;
    const attempt = async (): Promise<Attempt<boolean>> => {
      const now = roundOf(await this.#host.store.get<string>(this.#key));
      if (now !== undefined && now.number !== round) return { got: false };
      const isIn = now?.arrivals.some((one) => one.token === token) === true;
      // This process stood still for so long that it was thought dead, or somebody has cleared the cache.
      if (!isIn) round = await this.#arrive(token);
      return round === undefined ? { got: true } : { againMs: Infinity };
    };
    const renewal = keepRenewing(this.#host, this.#leaseMs, () => this.#renew(token));
    let isOpen = false;
    try {
      const meanwhile = `the barrier ${describe(this.name)} was waiting for others`;
      // Each for itself, as all go on at once.
      const name = `${this.#key}/${token}`;
      const wasLast = await this.#host.lines.wait({ name, attempt, meanwhile }, patience);
      isOpen = true;
      return wasLast;
    } finally {
      renewal.stop();
      // When that fails the arrival goes with its lease.
      if (!isOpen) await this.#leave(token).catch(() => undefined);
    }
  }

  /** Resolves to how many have arrived and wait. Costs one SELECT. */
  async waiting(): Promise<number> {
    const round = roundOf(await this.#host.store.get<string>(this.#key));
    return round === undefined ? 0 : this.#alive(round).length;
  }

  /** @returns the number of the round, or undefined when it was the last and has opened the barrier */
  async #arrive(token: number): Promise<number | undefined> {
    const number = await this.#change((round) => {
      const leaseMs = this.#leaseMs;
      const others = this.#alive(round).filter((one) => one.token !== token);
      if (others.length + 1 >= this.#parties) return undefined;
      round.arrivals = [...others, { token, until: this.#host.monotonic() + leaseMs, leaseMs }];
      return round.number;
    });
    if (number === undefined) this.#host.lines.changedBelow(`${this.#key}/`);
    return number;
  }

  #renew(token: number): Promise<boolean> {
    return this.#change((round) => {
      const arrival = round.arrivals.find((one) => one.token === token);
      if (arrival !== undefined) arrival.until = this.#host.monotonic() + this.#leaseMs;
      return true;
    });
  }

  #leave(token: number): Promise<boolean> {
    return this.#change((round) => {
      round.arrivals = round.arrivals.filter((one) => one.token !== token);
      return true;
    });
  }

  #alive({ arrivals }: Round): Arrival[] {
    const now = this.#host.monotonic();
    return arrivals.filter((one) => isAlive(one, now));
  }

  /** Where `change` returns undefined a new round begins. */
  #change<Result>(change: (round: Round) => Result): Promise<Result> {
    return this.#host.store.transact(
      (tx) => {
        const before = tx.get<string>(this.#key);
        const round = roundOf(before) ?? newRound();
        const result = change(round);
        const after = JSON.stringify(result === undefined ? newRound() : round);
        if (after !== before) tx.set(this.#key, after, { pinned: true, ttl: REMEMBERED_MS });
        return result;
      },
      { keys: [this.#key] },
    );
  }
}

function newRound(): Round {
  return { number: randomInt(LARGEST_NUMBER), arrivals: [] };
}

function roundOf(text: string | undefined): Round | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Round);
}
