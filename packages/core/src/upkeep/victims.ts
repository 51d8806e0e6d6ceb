import type { Candidate, Policy } from '../policy/policy.ts';
import type { Uses } from '../policy/uses.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';
import type { Storage } from '../storage/storage.ts';
import { MOMENTS_A_MS } from './shared-limits.ts';

/** Up to this many entries are all compared, so that a small cache evicts exactly by its policy. */
const ALL_COMPARED = 64;
/** With fewer found than this, as ids have gaps, entries are drawn again. */
const ENOUGH_DRAWN = 5;
const DRAWS = 3;

/** Chooses which entry goes next, by the policy. Needs the write lock. */
export class Victims {
  readonly #storage: Storage;
  readonly #policy: Policy;
  readonly #uses: Uses;
  readonly #random: () => number;

  constructor(storage: Storage, policy: Policy, uses: Uses, random: () => number) {
    this.#storage = storage;
    this.#policy = policy;
    this.#uses = uses;
    this.#random = random;
  }

  /**
   * @param spare the id of one that is not to go
   * @param latest only one whose time is not after this, see timeOfNext()
   */
  next(spare: number | undefined, latest = Infinity): ReplacedRow | undefined {
    switch (this.#policy.victims) {
      case 'none':
        return undefined;
      case 'first': {
        const first = this.#storage.arrivals.first(spare);
        return first !== undefined && first.seq / MOMENTS_A_MS <= latest ? first : undefined;
      }
      case 'drawn': {
        const least = this.#least(spare);
        if (least === undefined || least.lastUse > latest) return undefined;
        return this.#storage.sql.findReplacedById.get(least.id);
      }
    }
  }

  /**
   * When it was last used or, where uses do not matter, came, in ms since the epoch; undefined where there is none. When an
   * entry came is only known in a part of a sharded cache.
   */
  timeOfNext(spare: number | undefined): number | undefined {
    if (this.#policy.victims === 'drawn') return this.#least(spare)?.lastUse;
    const first = this.#policy.victims === 'first' ? this.#storage.arrivals.first(spare) : undefined;
    return first && first.seq / MOMENTS_A_MS;
  }

  #least(spare: number | undefined): Candidate | undefined {
    return this.#leastWorth(this.#draw().filter((one) => one.id !== spare));
  }

  #leastWorth(candidates: readonly Candidate[]): Candidate | undefined {
    const { count } = this.#storage.transaction.totals;
    let least: Candidate | undefined;
    let leastWorth = Infinity;
    for (const one of candidates) {
      const worth = this.#policy.worth(one, count);
      if (
        least === undefined ||
        worth < leastWorth ||
        (worth === leastWorth && one.lastUse < least.lastUse)
      ) {
        least = one;
        leastWorth = worth;
      }
    }
    return least;
  }

  /** Some entries, each as likely as any other. */
  #draw(): Candidate[] {
    const { sql, transaction } = this.#storage;
    const { low, high } = sql.idBounds.get() ?? { low: null, high: null };
    if (low === null || high === null) return [];
    const { evictions } = transaction.totals;
    const candidate = (row: Parameters<Uses['candidate']>[0]) => this.#uses.candidate(row, evictions);
    if (high - low < ALL_COMPARED) return sql.candidatesFrom.all(low, ALL_COMPARED).map(candidate);

    const anyId = () => low + Math.floor(this.#random() * (high - low + 1));
    const drawn = [];
    for (let draw = 0; draw < DRAWS && drawn.length < ENOUGH_DRAWN; draw++) {
      drawn.push(...sql.candidatesAt.all(...Array.from({ length: this.#policy.drawn }, anyId)));
    }
    // So full of gaps that it takes what follows one: not evenly drawn, but drawn.
    if (drawn.length < 2)
      drawn.push(...sql.candidatesFrom.all(anyId(), this.#policy.drawn), ...sql.candidatesFrom.all(low, 2));
    return drawn.map(candidate);
  }
}
