import { randomInt } from 'node:crypto';
import { SET_BACK_MS } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { LATEST_DATE_MS } from '../entry/entry-options.ts';
import type { Key } from '../entry/key.ts';
import type { DiskCacheError } from '../errors.ts';
import type { LeaseRow } from '../storage/rows/statements.ts';
import { failureText, keptFailure } from './failures.ts';

/** The right to compute the value of a key for all processes, as long as it is renewed. */
export interface Lease {
  readonly key: Key;
  readonly token: number;
  readonly leaseMs: number;
  /** When the entry that the key has, live or not, was stored. */
  readonly before: number | undefined;
}

/** How things stand with a key whose value is wanted. */
export type Standing =
  /** There is a live entry by now. */
  | { readonly is: 'stored' }
  /** Somebody else computes it. */
  | { readonly is: 'elsewhere' }
  /** It could not be computed lately, and that is kept. */
  | { readonly is: 'failed'; readonly error: DiskCacheError }
  /** Nobody computes it. */
  | { readonly is: 'free' };

/** The same, once the lease is taken where nobody had it. */
export type Claim = Exclude<Standing, { is: 'free' }> | { readonly is: 'ours'; readonly lease: Lease };

/** What the asking call wants to know it by. */
export interface Wanted {
  /** When the live entry was stored that is to be replaced before its time. */
  readonly early?: number | undefined;
  /** Whether what this very thread computes counts as nobody's: who cannot wait would keep it from being finished. */
  readonly cannotWait?: boolean;
}

/** The leases that this thread has. */
const here = new Set<number>();

/**
 * Who computes which value, among all processes. A lease is a row; it ends with the computation, or by itself a while
 * after its last renewal, when its process was killed. Whoever deletes a key, or evicts a tag, in the meantime ends the
 * lease, or notes that with it: then what arrives later is older than that, and is not stored. What has been set in the
 * meantime is not overwritten either.
 */
export class Leases {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Reads only. */
  look(key: Key, { early, cannotWait = false }: Wanted = {}): Standing {
    const { sql } = this.#engine.storage;
    if (this.#engine.live.has(key) && (early === undefined || early !== sql.storedAt.get(key)))
      return { is: 'stored' };
    const lease = sql.findLease.get(key);
    if (lease === undefined || this.#isOver(lease)) return { is: 'free' };
    if (lease.error !== null) return { is: 'failed', error: keptFailure(key, lease.error, lease.until) };
    return { is: cannotWait && here.has(lease.token) ? 'free' : 'elsewhere' };
  }

  /** Takes the lease if nobody has it. Needs the write lock. */
  claim(key: Key, leaseMs: number, wanted?: Wanted): Claim {
    const { sql } = this.#engine.storage;
    const standing = this.look(key, wanted);
    if (standing.is !== 'free') return standing;
    // Not from the cache's own random numbers: two processes may have been given the same ones.
    const token = randomInt(2 ** 48 - 1);
    sql.takeLease.run(key, token, this.#until(leaseMs), leaseMs);
    return { is: 'ours', lease: { key, token, leaseMs, before: sql.storedAt.get(key) } };
  }

  /** Needs the write lock. */
  renew({ key, token, leaseMs }: Lease): void {
    this.#engine.storage.sql.renewLease.run(this.#until(leaseMs), key, token);
  }

  /** Lets others compute. Needs the write lock. */
  end({ key, token }: Lease): void {
    this.#engine.storage.sql.endLease.run(key, token);
  }

  /** Keeps others from computing for a while, since it failed. Needs the write lock. */
  fail({ key, token }: Lease, error: unknown, errorTtlMs: number): void {
    const { sql } = this.#engine.storage;
    sql.failLease.run(this.#until(errorTtlMs), errorTtlMs, failureText(error), key, token);
  }

  /** Notes that this thread computes now. @returns what to call when it has ended, whatever becomes of the lease */
  computing({ token }: Lease): () => void {
    here.add(token);
    return () => here.delete(token);
  }

  /** Whether nothing was deleted or evicted meanwhile that the computation may have seen. */
  isUndisturbed({ key, token }: Lease): boolean {
    const lease = this.#engine.storage.sql.findLease.get(key);
    return lease?.token === token && lease.evicted === null;
  }

  /** Whether a value that was computed, and gets these tags, may take its place. */
  mayStore({ key, token, before }: Lease, tags: string | null): boolean {
    const { sql } = this.#engine.storage;
    const lease = sql.findLease.get(key);
    if (lease?.token !== token || hasEvicted(lease, tags)) return false;
    const stored = sql.storedAt.get(key);
    return stored === undefined || stored === before;
  }

  /** What ends later than it could was taken before the clock was set back: nobody knows when it ends. */
  #isOver({ until, lasts }: LeaseRow): boolean {
    const left = until - this.#engine.now();
    return left <= 0 || left > lasts + SET_BACK_MS;
  }

  #until(ms: number): number {
    return Math.min(Math.ceil(this.#engine.now() + ms), LATEST_DATE_MS);
  }
}

function hasEvicted({ evicted }: LeaseRow, tags: string | null): boolean {
  if (evicted === null || tags === null) return false;
  const gone = new Set(JSON.parse(evicted) as string[]);
  return (JSON.parse(tags) as string[]).some((tag) => gone.has(tag));
}
