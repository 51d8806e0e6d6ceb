import type { AtOnce } from '../calls/at-once.ts';
import type { Loaded } from '../calls/call.ts';
import type { Find } from '../engine/live-rows.ts';
import { monotonicMs, sleepSync } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { isPromiseLike } from '../engine/promise-like.ts';
import type { Key } from '../entry/key.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import type { EntryRow } from '../storage/rows/statements.ts';
import type { ComputeSync, ComputeTerms } from './compute-options.ts';
import { putComputed } from './computed-value.ts';
import { computeFailure, isOnlyOfStorage, report } from './failures.ts';
import { type Lease, Leases, type Standing, type Wanted } from './leases.ts';
import { Lookup } from './lookup.ts';
import { pauseMs } from './pause.ts';

/** A call of getOrSet(), checked. */
export interface RequestSync {
  readonly key: Key;
  readonly compute: ComputeSync<unknown>;
  readonly terms: ComputeTerms;
}

/** The lease if there is one, or why this call is not to compute. */
type OwnClaim =
  | Exclude<Standing, { is: 'free' }>
  | { readonly is: 'ours'; readonly lease: Lease | undefined };

/**
 * getOrSet() of DiskCacheSync: the caller's thread computes, unless another process does. In a transaction it asks
 * nobody, since it has the lock.
 */
export class GetOrSetSync {
  readonly #engine: Engine;
  readonly #calls: AtOnce;
  readonly #leases: Leases;
  readonly #lookup: Lookup;

  constructor(engine: Engine, calls: AtOnce) {
    this.#engine = engine;
    this.#calls = calls;
    this.#leases = new Leases(engine);
    this.#lookup = new Lookup(engine);
  }

  call(request: RequestSync): unknown {
    const { key, terms } = request;
    const found = this.#calls.load(key, this.#lookup.live(terms));
    if (found === undefined) return this.#missed(request);
    const early = this.#lookup.storedEarly(found.row, terms);
    return early === undefined ? found.value : this.#recomputed(request, found.value, early);
  }

  #missed(request: RequestSync): unknown {
    const { random } = this.#engine.settings;
    for (const since = monotonicMs(); ;) {
      const claim = this.#claim(request, {});
      if (claim.is === 'ours') return this.#computedOrStale(request, claim.lease);
      if (claim.is === 'failed') return this.#standIn(request, claim.error, false);
      if (claim.is === 'stored') {
        const stored = this.#load(request.key, this.#engine.live.find);
        if (stored !== undefined) return stored.value;
      } else {
        sleepSync(pauseMs(monotonicMs() - since, random()));
      }
    }
  }

  /** The present value is still good: it stands in when the new one cannot be had at once. */
  #recomputed(request: RequestSync, present: unknown, early: number): unknown {
    const claim = this.#claim(request, { early });
    if (claim.is !== 'ours') return present;
    try {
      return this.#computed(request, claim.lease);
    } catch (error) {
      if (!(error instanceof ThrownByCompute)) throw error;
      report(this.#engine, computeFailure(request.key, error.error));
      return present;
    }
  }

  #computedOrStale(request: RequestSync, lease: Lease | undefined): unknown {
    try {
      return this.#computed(request, lease);
    } catch (error) {
      if (!(error instanceof ThrownByCompute)) throw error;
      return this.#standIn(request, error.error, true);
    }
  }

  #standIn({ key, terms }: RequestSync, error: unknown, isNews: boolean): unknown {
    const { staleIfErrorMs } = terms;
    const stale = staleIfErrorMs > 0 && this.#load(key, this.#lookup.usable(staleIfErrorMs));
    if (!stale) throw error;
    if (isNews) report(this.#engine, computeFailure(key, error));
    return stale.value;
  }

  #claim({ key, terms }: RequestSync, asked: Wanted): OwnClaim {
    const { settings, storage } = this.#engine;
    // Under the lock, or where nothing can be stored, nobody else is to be asked.
    if (storage.transaction.isOpen || settings.readOnly) return { is: 'ours', lease: undefined };
    const wanted = { ...asked, cannotWait: true };
    const standing = this.#calls.read(() => this.#leases.look(key, wanted));
    if (standing.is !== 'free') return standing;
    try {
      return this.#calls.write({ work: () => this.#leases.claim(key, terms.leaseMs, wanted) });
    } catch (error) {
      if (!isOnlyOfStorage(error)) throw error;
      report(this.#engine, error);
      return { is: 'ours', lease: undefined };
    }
  }

  /** @throws ThrownByCompute */
  #computed({ key, compute, terms }: RequestSync, lease: Lease | undefined): unknown {
    const stopComputing = lease && this.#leases.computing(lease);
    const began = this.#engine.now();
    try {
      let value: unknown;
      try {
        value = synchronous(() => compute({ key }));
      } catch (error) {
        const isFailure = error instanceof ThrownByCompute;
        if (lease) this.#end(lease, isFailure ? terms.errorTtlMs : 0, isFailure ? error.error : undefined);
        throw error;
      }
      this.#store(key, value, terms, lease, this.#engine.now() - began);
      return value;
    } finally {
      stopComputing?.();
    }
  }

  #store(key: Key, value: unknown, terms: ComputeTerms, lease: Lease | undefined, costMs: number): void {
    const { isOpen } = this.#engine.storage.transaction;
    let isStored = false;
    try {
      if (value === undefined || !terms.shouldCache(value) || (lease === undefined && !isOpen)) return;
      isStored = this.#calls.put(
        putComputed(this.#engine, this.#leases, (...given) => this.#engine.values.prepare(...given), {
          key,
          value,
          terms,
          lease,
          costMs,
        }),
      );
    } catch (error) {
      // A transaction is all or nothing.
      if (isOpen || !isOnlyOfStorage(error)) throw error;
      report(this.#engine, error);
    } finally {
      if (!isStored && lease) this.#end(lease);
    }
  }

  #end(lease: Lease, errorTtlMs = 0, error?: unknown): void {
    try {
      this.#calls.write({
        work: () => (errorTtlMs > 0 ? this.#leases.fail(lease, error, errorTtlMs) : this.#leases.end(lease)),
      });
    } catch (failure) {
      // The lease ends by itself.
      report(this.#engine, failure);
    }
  }

  #load<Row extends EntryRow>(key: Key, find: Find<Row>): Loaded<Row> | undefined {
    const row = this.#calls.read(() => find(key));
    return row && this.#calls.valueOf(key, row, find);
  }
}

/** What a compute function threw, told apart from errors of the cache. */
class ThrownByCompute {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

function synchronous(compute: () => unknown): unknown {
  let value: unknown;
  try {
    value = compute();
  } catch (error) {
    throw new ThrownByCompute(error);
  }
  if (!isPromiseLike(value)) return value;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `compute must be synchronous here; given one that returned ${describe(value)} (DiskCache.getOrSet() waits for it)`,
  );
}
