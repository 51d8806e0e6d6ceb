import type { Candidate, Policy } from '../policy/policy.ts';
import type { Uses } from '../policy/uses.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';
import type { Storage } from '../storage/storage.ts';
import { isWithin, MOMENTS_A_MS, type Standing } from './standing.ts';

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
  readonly #now: () => number;

  constructor(
    storage: Storage,
    policy: Policy,
    uses: Uses,
    { random, now }: { readonly random: () => number; readonly now: () => number },
  ) {
    this.#storage = storage;
    this.#policy = policy;
    this.#uses = uses;
    this.#random = random;
    this.#now = now;
  }

  /**
   * @param spare the id of one that is not to go
   * @param bound only one that goes no later than an entry that stands so would, about
   */
  next(spare: number | undefined, bound?: Standing): ReplacedRow | undefined {
    switch (this.#policy.victims) {
      case 'none':
        return undefined;
      case 'first': {
        const first = this.#storage.arrivals.first(spare);
        return first !== undefined && isWithin(arrivalOf(first), bound) ? first : undefined;
      }
      case 'drawn': {
        const least = this.#least(spare);
        if (least === undefined || !isWithin(least.standing, bound)) return undefined;
        return this.#storage.sql.findReplacedById.get(least.id);
      }
    }
  }

  /** How the next one stands; undefined where there is none. */
  standingOfNext(spare: number | undefined): Standing | undefined {
    if (this.#policy.victims === 'drawn') return this.#least(spare)?.standing;
    const first = this.#policy.victims === 'first' ? this.#storage.arrivals.first(spare) : undefined;
    return first && arrivalOf(first);
  }

  /** Of some drawn at random the one that goes first. */
  #least(spare: number | undefined): { readonly id: number; readonly standing: Standing } | undefined {
    const { count } = this.#storage.transaction.totals;
    let id: number | undefined;
    let least: Standing = { worth: Infinity, time: Infinity };
    for (const one of this.#draw()) {
      const worth = this.#policy.worth(one, count);
      const goesFirst = worth < least.worth || (worth === least.worth && one.lastUse < least.time);
      if (one.id === spare || (!goesFirst && id !== undefined)) continue;
      id = one.id;
      least = { worth, time: one.lastUse };
    }
    return id === undefined ? undefined : { id, standing: least };
  }

  /** Some entries, each as likely as any other. */
  #draw(): Candidate[] {
    const { sql, transaction } = this.#storage;
    const { low, high } = sql.idBounds.get() ?? { low: null, high: null };
    if (low === null || high === null) return [];
    const { evictions } = transaction.totals;
    const now = this.#now();
    const candidate = (row: Parameters<Uses['candidate']>[0]) => this.#uses.candidate(row, evictions, now);
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

/** Of a part of a sharded cache, in which the place in the order of insertion is a moment. */
function arrivalOf({ seq }: ReplacedRow): Standing {
  return { worth: 0, time: seq / MOMENTS_A_MS };
}
