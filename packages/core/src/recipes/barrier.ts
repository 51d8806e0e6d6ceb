import { randomInt } from 'node:crypto';
import type { Host } from '../collection-store.ts';
import { checkOptions } from '../entry/entry-options.ts';
import { keyOfName } from '../entry/named-key.ts';
import { describe } from '../errors.ts';
import type { Attempt } from '../waiting/lines.ts';
import { patienceOf, type WaitOptions } from '../waiting/wait-options.ts';
import { checkedLeaseTerms, type LeaseOptions, validCount } from './lease-options.ts';
import { isAlive } from './permit-state.ts';
import { renewTogether } from './shared-renewal.ts';

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
  /** Tokens of those that were taken for dead before it opened, in this round or an earlier one. */
  passedOver: number[];
}

const LARGEST_NUMBER = 2 ** 48 - 1;
/** For so long it is remembered that it opened, for those who have not heard of it yet. */
const REMEMBERED_MS = 86_400_000;
/** So many that were taken for dead are remembered, should they go on. */
const MOST_PASSED_OVER = 100;
/** More than there are while one that waits does not look. */
const MOST_ROUNDS = 1_000_000;

/**
 * Where so many wait for each other, see DiskCache.barrier(): it opens when the last arrives, and is closed again for the
 * next round. Who stops waiting has not arrived. Who dies waiting counts for its lease at most.
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
   * Costs a transaction to arrive, and for all that wait in a process one every third of the lease. One of them looks again
   * when the last has arrived in its own process, and otherwise after 1 ms at first and 150 ms at most, with one SELECT.
   *
   * @throws TimeoutError after `timeout`, or the reason of `signal`: then it has not arrived
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    const patience = patienceOf(options);
    patience.signal?.throwIfAborted();
    const token = randomInt(LARGEST_NUMBER);
    const first = await this.#arrive(token);
    if (first === undefined) return true;
    let number = first;
    const attempt = async (): Promise<Attempt<boolean>> => {
      const round = roundOf(await this.#host.store.get<string>(this.#key));
      if (round !== undefined && hasOpened(round, number, token)) return { got: false };
      const isIn = round?.number === number && round?.arrivals.some((one) => one.token === token) === true;
      if (isIn) return { againMs: Infinity };
      // This process stood still for so long that it was taken for dead, or somebody has cleared the cache.
      const again = await this.#arrive(token);
      if (again === undefined) return { got: true };
      number = again;
      return { againMs: Infinity, isLast: true };
    };
    const place = { key: this.#key, leaseMs: this.#leaseMs, token };
    const endRenewal = renewTogether(this.#host, place, (tokens) => this.#renew(tokens));
    try {
      const meanwhile = `the barrier ${describe(this.name)} was waiting for others`;
      return await this.#host.lines.wait({ name: this.#key, attempt, meanwhile }, patience);
    } catch (error) {
      // When leaving fails the arrival goes with its lease.
      if (await this.#leave(token, number).catch(() => true)) throw error;
      return false;
    } finally {
      endRenewal();
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
      const alive = this.#alive(round);
      const dead = round.arrivals.filter((one) => !alive.includes(one)).map((one) => one.token);
      const isOther = (other: number) => other !== token;
      round.passedOver = [...round.passedOver, ...dead].filter(isOther).slice(-MOST_PASSED_OVER);
      const others = alive.filter((one) => isOther(one.token));
      if (others.length + 1 >= this.#parties) return undefined;
      round.arrivals = [...others, { token, until: this.#host.monotonic() + leaseMs, leaseMs }];
      return round.number;
    });
    if (number === undefined) this.#host.lines.changed(this.#key);
    return number;
  }

  #renew(tokens: ReadonlySet<number>): Promise<boolean> {
    return this.#change((round) => {
      const until = this.#host.monotonic() + this.#leaseMs;
      for (const arrival of round.arrivals) if (tokens.has(arrival.token)) arrival.until = until;
      return true;
    });
  }

  /** Takes an arrival back. @returns whether it was in time for that: the barrier has not opened for it meanwhile */
  #leave(token: number, number: number): Promise<boolean> {
    return this.#change((round) => {
      const isOpen = hasOpened(round, number, token);
      round.arrivals = round.arrivals.filter((one) => one.token !== token);
      return !isOpen;
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
        const after = JSON.stringify(result === undefined ? nextRound(round) : round);
        if (after !== before) tx.set(this.#key, after, { pinned: true, ttl: REMEMBERED_MS });
        return result;
      },
      { keys: [this.#key] },
    );
  }
}

/** Whether the barrier has opened for one who arrived in a round, as it is known from the round that there is now. */
function hasOpened({ number, passedOver }: Round, arrivedIn: number, token: number): boolean {
  // Numbers from after a clear() of the cache are not near.
  const rounds = number - arrivedIn;
  return rounds > 0 && rounds < MOST_ROUNDS && !passedOver.includes(token);
}

function newRound(): Round {
  return { number: randomInt(LARGEST_NUMBER), arrivals: [], passedOver: [] };
}

function nextRound({ number, passedOver }: Round): Round {
  return { number: number + 1, arrivals: [], passedOver };
}

function roundOf(text: string | undefined): Round | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Round);
}
