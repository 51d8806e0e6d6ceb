import { randomInt } from 'node:crypto';
import { monotonicMs } from '../clock.ts';
import type { CollectionTx, CollectionView, Host } from '../collection-store.ts';
import { FENCES, KEPT } from '../entry/named-key.ts';
import { DiskCacheError } from '../errors.ts';
import type { Attempt } from '../waiting/lines.ts';
import type { Patience } from '../waiting/wait-options.ts';
import { dropDead, isFree, type PermitState, permitState, textOf, untilNextEnd } from './permit-state.ts';
import { renewTogether } from './shared-renewal.ts';

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
  /** Whether who waits is served in the order of coming, among all processes, from the first moment. */
  readonly isFair: boolean;
}

/** More than any cache gives in a ms: so what begins anew after clear() begins above what there was. */
const FENCES_A_MS = 1000;
const LATEST_START = 2 ** 52;
const LONGEST_TOKEN = 2 ** 48 - 1;
/** For so long one tries who waits without a place among those who wait; then it takes one, so that it comes to its turn. */
const OUT_OF_TURN_MS = 1000;
/** The next in turn looks as often as that, since nobody else can take what is free. */
const NEXT_LOOKS_MS = 10;
/** What a killed process leaves of a lock that nobody asks for again goes after this time. */
const ABANDONED_MS = 7 * 86_400_000;

/** The greatest number that each cache of this process has given: so none is given again, whenever others clear it. */
const lastFences = new WeakMap<Host, number>();

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

  /**
   * Waits for one: in turn, but first for a while without, unless it is to be fair.
   *
   * @throws the signal's reason, TimeoutError
   */
  async take(patience: Patience): Promise<Permit> {
    patience.signal?.throwIfAborted();
    const { key, label, isFair } = this.terms;
    const token = randomInt(LONGEST_TOKEN);
    const inTurnFrom = isFair ? 0 : monotonicMs() + OUT_OF_TURN_MS;
    let endRenewal: (() => void) | undefined;
    const attempt = () => {
      if (monotonicMs() < inTurnFrom) return this.#attempt();
      endRenewal ??= this.#keepPlace(token);
      return this.#attempt(token);
    };
    let isWaiting = true;
    try {
      // A place is taken in the order of the calls, before this one stands in line for its turn.
      const first = isFair ? await attempt() : undefined;
      const meanwhile = `${label} was held by others`;
      const permit =
        first !== undefined && 'got' in first
          ? first.got
          : await this.#host.lines.wait({ name: isFair ? inTurn(key) : key, attempt, meanwhile }, patience);
      isWaiting = false;
      return permit;
    } finally {
      endRenewal?.();
      if (isWaiting && endRenewal !== undefined) await this.#leave(token);
    }
  }

  /** Believes for another lease that one is held. @returns whether it still was */
  renew({ token }: Permit): Promise<boolean> {
    return this.#change(({ holders }) => this.#renewed(holders, new Set([token])));
  }

  /** Gives one back. @returns whether it still was held */
  async giveBack({ token }: Permit): Promise<boolean> {
    const wasHeld = await this.#change(({ holders }) => without(holders, token));
    this.#changed();
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

  #keepPlace(token: number): () => void {
    const { key, leaseMs } = this.terms;
    return renewTogether(this.#host, { key, leaseMs, token }, (tokens) =>
      this.#change(({ waiting }) => this.#renewed(waiting, tokens)),
    );
  }

  /** When that fails the place goes with its lease. */
  async #leave(token: number): Promise<void> {
    await this.#change(({ waiting }) => without(waiting, token)).catch(() => undefined);
    this.#changed();
  }

  #changed(): void {
    const { lines } = this.#host;
    lines.changed(this.terms.key);
    lines.changed(inTurn(this.terms.key));
  }

  /** Looks first, which costs a read: only what seems to be free is worth a transaction. */
  async #attempt(token?: number): Promise<Attempt<Permit>> {
    const state = await this.#look();
    const hasPlace = token === undefined || state.waiting.some((one) => one.token === token);
    if (hasPlace && !isFree(state, this.terms.count, token)) return this.#later(state, token);
    return this.#change((current, tx) => this.#taken(current, tx, token));
  }

  /** Takes one if it is free; otherwise a place among those who wait, unless it has one, where it has a token for that. */
  #taken(state: PermitState, tx: CollectionTx, token: number | undefined): Attempt<Permit> {
    const now = this.#host.monotonic();
    const { leaseMs } = this.terms;
    dropDead(state, now);
    if (isFree(state, this.terms.count, token)) {
      if (token !== undefined) without(state.waiting, token);
      const permit = { token: token ?? randomInt(LONGEST_TOKEN), fence: this.#nextFence(tx) };
      state.holders.push({ ...permit, until: now + leaseMs, leaseMs });
      return { got: permit };
    }
    const isNew = token !== undefined && !state.waiting.some((one) => one.token === token);
    if (isNew) state.waiting.push({ token, until: now + leaseMs, leaseMs });
    // Who has lost its place, since this process stood still, comes after the others that wait in turn in this process.
    return { ...this.#later(state, token), isLast: isNew && this.terms.isFair };
  }

  #later(state: PermitState, token: number | undefined): Attempt<Permit> {
    const isNext = token !== undefined && state.waiting[0]?.token === token;
    const endMs = untilNextEnd(state, this.#host.monotonic());
    return { againMs: isNext ? Math.min(endMs, NEXT_LOOKS_MS) : endMs };
  }

  /** Whoever has a place in the state keeps it, also when the lease has ended: nobody else has taken it. */
  #renewed(claims: { token: number; until: number }[], tokens: ReadonlySet<number>): boolean {
    const own = claims.filter(({ token }) => tokens.has(token));
    for (const claim of own) claim.until = this.#host.monotonic() + this.terms.leaseMs;
    return own.length > 0;
  }

  #nextFence(tx: CollectionTx): number {
    const start = Math.min(Math.floor(this.#host.now()) * FENCES_A_MS, LATEST_START);
    const last = lastFences.get(this.#host) ?? 0;
    const next = tx.incr(FENCES, 1, { default: Math.max(start, last + 1), ...KEPT });
    const fence = next > last ? next : tx.incr(FENCES, last + 1 - next, KEPT);
    lastFences.set(this.#host, fence);
    return fence;
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

/** The line of those in this process that wait in turn from the first moment. */
function inTurn(key: string): string {
  return `${key}/in turn`;
}

/** Removes a claim. @returns whether it was there */
function without(claims: { readonly token: number }[], token: number): boolean {
  const place = claims.findIndex((one) => one.token === token);
  if (place !== -1) claims.splice(place, 1);
  return place !== -1;
}
