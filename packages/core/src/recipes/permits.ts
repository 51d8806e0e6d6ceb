import { randomInt } from 'node:crypto';
import type { CollectionTx, CollectionView, Host } from '../collection-store.ts';
import { KEPT } from '../entry/named-key.ts';
import { DiskCacheError } from '../errors.ts';
import type { Attempt } from '../waiting/lines.ts';
import type { Patience } from '../waiting/wait-options.ts';
import { keepRenewing } from './renewal.ts';
import { dropDead, isFree, type PermitState, permitState, textOf, untilNextEnd } from './permit-state.ts';

/** What one has who holds a permit. */
export interface Permit {
  readonly token: number;
  /** Greater than that of all who got one before, of whatever name. */
  readonly fence: number;
}

export interface PermitTerms {
  readonly key: string;
  /** What is held, for errors. */
  readonly label: string;
  /** How many there are. */
  readonly count: number;
  readonly leaseMs: number;
  /** Whether who waits is served in the order of coming, among all processes. */
  readonly isFair: boolean;
}

/** Its value is the last fence that was given. */
const FENCES = '@fence';
/** More than any cache gives in a ms: so what begins anew after clear() begins above what there was. */
const FENCES_A_MS = 1000;
const LATEST_START = 2 ** 52;
const LONGEST_TOKEN = 2 ** 48 - 1;
/** What a killed process leaves of a lock that nobody asks for again goes after this time. */
const ABANDONED_MS = 7 * 86_400_000;

/**
 * Permits of which so many may be held at one time among all processes, each for as long as it is renewed: an entry that
 * says who holds one, and who waits in turn, and until when that is believed.
 */
export class Permits {
  readonly terms: PermitTerms;
  readonly #host: Host;

  constructor(host: Host, terms: PermitTerms) {
    this.#host = host;
    this.terms = terms;
  }

  /** Takes one if it is free. */
  async tryTake(): Promise<Permit | undefined> {
    const attempt = await this.#attempt();
    return 'got' in attempt ? attempt.got : undefined;
  }

  /** Waits for one. @throws the signal's reason, TimeoutError */
  async take(patience: Patience): Promise<Permit> {
    patience.signal?.throwIfAborted();
    return this.terms.isFair ? this.#takeInTurn(patience) : this.#wait(() => this.#attempt(), patience);
  }

  /** Believes for another lease that one is held. @returns whether it still was */
  renew({ token }: Permit): Promise<boolean> {
    return this.#change(({ holders }) => this.#renewed(holders, token));
  }

  /** Gives one back. @returns whether it still was held */
  async giveBack({ token }: Permit): Promise<boolean> {
    const wasHeld = await this.#change(({ holders }) => without(holders, token));
    this.#host.lines.changed(this.terms.key);
    return wasHeld;
  }

  /**
   * Whether one is still held. In a transaction nobody else can get it before that ends, even if its lease has.
   */
  isHeld(view: CollectionView, { token }: Permit): boolean {
    return permitState(view.get<string>(this.terms.key)).holders.some((one) => one.token === token);
  }

  /** How many are held now. */
  async held(): Promise<number> {
    return (await this.#look()).holders.length;
  }

  notHeld(cause?: unknown): DiskCacheError {
    const message = `${this.terms.label} is not held any more: it was released, or its lease had ended`;
    return new DiskCacheError('ERR_DISKCACHE_NOT_HELD', message, cause === undefined ? undefined : { cause });
  }

  /** Takes a place among those who wait, and keeps it while it waits. */
  async #takeInTurn(patience: Patience): Promise<Permit> {
    const token = randomInt(LONGEST_TOKEN);
    const attempt = await this.#change((state, tx) => this.#taken(state, tx, token));
    if ('got' in attempt) return attempt.got;
    const renew = () => this.#change(({ waiting }) => this.#renewed(waiting, token));
    const stopRenewing = keepRenewing(this.#host, this.terms.leaseMs, renew);
    let isInQueue = true;
    try {
      const permit = await this.#wait(() => this.#attempt(token), patience);
      isInQueue = false;
      return permit;
    } finally {
      stopRenewing();
      // When that fails the place goes with its lease.
      if (isInQueue) await this.#change(({ waiting }) => without(waiting, token)).catch(() => undefined);
    }
  }

  #wait(attempt: () => Promise<Attempt<Permit>>, patience: Patience): Promise<Permit> {
    const { key, label } = this.terms;
    return this.#host.lines.wait({ name: key, attempt, meanwhile: `${label} was held by others` }, patience);
  }

  /** Looks first, which costs a read: only what seems to be free is worth a transaction. */
  async #attempt(token?: number): Promise<Attempt<Permit>> {
    const state = await this.#look();
    const hasPlace = token === undefined || state.waiting.some((one) => one.token === token);
    if (hasPlace && !isFree(state, this.terms, token)) return this.#later(state);
    return this.#change((current, tx) => this.#taken(current, tx, token));
  }

  /** Takes one if it is free; otherwise a place among those who wait, unless it has one, where it has a token for that. */
  #taken(state: PermitState, tx: CollectionTx, token: number | undefined): Attempt<Permit> {
    const now = this.#host.monotonic();
    const { leaseMs } = this.terms;
    dropDead(state, now);
    if (isFree(state, this.terms, token)) {
      if (token !== undefined) without(state.waiting, token);
      const permit = { token: token ?? randomInt(LONGEST_TOKEN), fence: this.#nextFence(tx) };
      state.holders.push({ ...permit, until: now + leaseMs, leaseMs });
      return { got: permit };
    }
    if (token !== undefined && !state.waiting.some((one) => one.token === token))
      state.waiting.push({ token, until: now + leaseMs, leaseMs });
    return this.#later(state);
  }

  #later(state: PermitState): Attempt<Permit> {
    return { againMs: untilNextEnd(state, this.#host.monotonic()) };
  }

  /** Whoever has a place in the state keeps it, also when the lease has ended: nobody else has taken it. */
  #renewed(claims: { token: number; until: number }[], token: number): boolean {
    const claim = claims.find((one) => one.token === token);
    if (claim !== undefined) claim.until = this.#host.monotonic() + this.terms.leaseMs;
    return claim !== undefined;
  }

  #nextFence(tx: CollectionTx): number {
    const start = Math.min(Math.floor(this.#host.now()) * FENCES_A_MS, LATEST_START);
    return tx.incr(FENCES, 1, { default: start, ...KEPT });
  }

  async #look(): Promise<PermitState> {
    const state = permitState(await this.#host.store.get<string>(this.terms.key));
    dropDead(state, this.#host.monotonic());
    return state;
  }

  #change<Result>(change: (state: PermitState, tx: CollectionTx) => Result): Promise<Result> {
    const { key } = this.terms;
    const body = (tx: CollectionTx) => {
      const before = tx.get<string>(key);
      const state = permitState(before);
      const result = change(state, tx);
      const after = textOf(state);
      if (after === undefined) tx.delete(key);
      else if (after !== before) tx.set(key, after, { pinned: true, ttl: ABANDONED_MS });
      return result;
    };
    return this.#host.store.transact(body, { keys: [key] });
  }
}

/** Removes a claim. @returns whether it was there */
function without(claims: { readonly token: number }[], token: number): boolean {
  const place = claims.findIndex((one) => one.token === token);
  if (place !== -1) claims.splice(place, 1);
  return place !== -1;
}
