import { setTimeout as sleep } from 'node:timers/promises';
import type { Loaded } from '../calls/call.ts';
import type { Find } from '../engine/live-rows.ts';
import type { InTurn } from '../calls/in-turn.ts';
import { monotonicMs } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { type Key, keyIdentity } from '../entry/key.ts';
import { DiskCacheError } from '../errors.ts';
import { isBusy, storageError } from '../storage/rows/sqlite-error.ts';
import type { EntryRow } from '../storage/rows/statements.ts';
import type { Compute, ComputeTerms } from './compute-options.ts';
import { putComputed } from './computed-value.ts';
import { computeFailure, isOnlyOfStorage, report } from './failures.ts';
import { Flight, type Outcome } from './flight.ts';
import { type Claim, type Lease, Leases } from './leases.ts';
import { Lookup } from './lookup.ts';
import { inTime } from './in-time.ts';
import { pauseMs } from '../waiting/pause.ts';

/** A call of getOrSet(), checked. */
export interface Request {
  readonly key: Key;
  readonly compute: Compute<unknown>;
  readonly terms: ComputeTerms;
}

/** What is computed although there is a value: one that has expired, or was stored then and is replaced before its time. */
interface Background {
  readonly early: number | undefined;
}

type OwnClaim = Exclude<Claim, { is: 'ours' }> | { readonly is: 'ours'; readonly lease: Lease | undefined };

const ELSEWHERE: Outcome = { is: 'elsewhere' };

/**
 * getOrSet() of DiskCache. Of the calls of this process for a key one computes; of all processes, the one that has the
 * lease. Nothing here makes the event loop wait.
 */
export class GetOrSet {
  readonly #engine: Engine;
  readonly #calls: InTurn;
  readonly #leases: Leases;
  readonly #lookup: Lookup;
  /** What calls for a key can join. */
  readonly #flights = new Map<string | number, Flight>();
  /** All that have not ended. */
  readonly #underway = new Set<Flight>();
  #isClosing = false;

  constructor(engine: Engine, calls: InTurn) {
    this.#engine = engine;
    this.#calls = calls;
    this.#leases = new Leases(engine);
    this.#lookup = new Lookup(engine);
  }

  /** @returns no promise where the value is in a row and no turn had to be waited for */
  call(request: Request): unknown {
    const { signal, timeoutMs } = request.terms;
    signal?.throwIfAborted();
    const began = timeoutMs === undefined ? 0 : monotonicMs();
    const found = this.#calls.load(request.key, this.#lookup.live(request.terms));
    if (!(found instanceof Promise)) return this.#looked(request, found, began);
    const waited = inTime(found, request.terms, 'earlier calls on the key were under way');
    return this.#calls.underway(waited.then((one) => this.#looked(request, one, began)));
  }

  /** Aborts what nobody waits for. What calls wait for goes on as long as they do. */
  close(): void {
    this.#isClosing = true;
    const { directory } = this.#engine;
    const reason = new DiskCacheError('ERR_DISKCACHE_CLOSED', `the cache in ${directory} is closed`);
    for (const flight of this.#underway) flight.abortIfIdle(reason);
  }

  #looked(request: Request, found: Loaded<EntryRow> | undefined, began: number): unknown {
    if (found === undefined) return this.#calls.underway(this.#missed(request, began));
    const early = this.#lookup.storedEarly(found.row, request.terms);
    if (early !== undefined) this.#recompute(request, { early });
    return found.value;
  }

  async #missed(request: Request, began: number): Promise<unknown> {
    const { staleWhileRevalidateMs, timeoutMs, signal } = request.terms;
    const end = timeoutMs === undefined ? undefined : began + timeoutMs;
    if (staleWhileRevalidateMs > 0) {
      const stale = await this.#load(request.key, this.#lookup.usable(staleWhileRevalidateMs));
      if (stale !== undefined) {
        this.#recompute(request, { early: undefined });
        return stale.value;
      }
    }
    for (;;) {
      signal?.throwIfAborted();
      const flight = this.#joinable(request.key) ?? this.#begin(request);
      const leftMs = end === undefined ? undefined : end - monotonicMs();
      const outcome = await flight.join({ signal, timeoutMs, leftMs });
      if (outcome.is === 'value') return outcome.value;
      if (outcome.is === 'broken') throw outcome.error;
      if (outcome.is === 'failed') return this.#standIn(request, outcome, flight);
    }
  }

  /** The stale value in the place of a failure, which is reported then; or the failure. */
  async #standIn(
    { key, terms }: Request,
    { error, isNews }: Extract<Outcome, { is: 'failed' }>,
    flight: Flight,
  ): Promise<unknown> {
    const { staleIfErrorMs } = terms;
    const stale = staleIfErrorMs > 0 && (await this.#load(key, this.#lookup.usable(staleIfErrorMs)));
    if (!stale) throw error;
    if (isNews && flight.takeReport()) report(this.#engine, computeFailure(key, error));
    return stale.value;
  }

  #recompute(request: Request, background: Background): void {
    if (!this.#isClosing && this.#joinable(request.key) === undefined) this.#begin(request, background);
  }

  #begin(request: Request, background?: Background): Flight {
    const { timeoutMs } = request.terms;
    const flight = new Flight({
      ...(background === undefined ? {} : { inBackground: { timeoutMs } }),
      isClosing: () => this.#isClosing,
      run: (self) => this.#run(self, request, background),
    });
    const identity = keyIdentity(request.key);
    this.#flights.set(identity, flight);
    this.#underway.add(flight);
    void this.#calls.underway(flight.outcome).then(() => {
      this.#underway.delete(flight);
      if (this.#flights.get(identity) === flight) this.#flights.delete(identity);
    });
    return flight;
  }

  /** What of this process computes the key's value, unless it began before something that its result must not undo. */
  #joinable(key: Key): Flight | undefined {
    const flight = this.#flights.get(keyIdentity(key));
    if (flight === undefined || flight.signal.aborted) return undefined;
    if (flight.lease === undefined) return flight;
    try {
      return !flight.isOverdue && this.#leases.isUndisturbed(flight.lease) ? flight : undefined;
    } catch (error) {
      if (isBusy(error)) return flight;
      throw storageError(error, 'cannot read');
    }
  }

  async #run(flight: Flight, request: Request, background: Background | undefined): Promise<Outcome> {
    let outcome: Outcome;
    try {
      outcome = await this.#outcome(flight, request, background);
    } catch (error) {
      outcome = { is: 'broken', error };
    }
    const isHeard = flight.isWaitedFor || flight.signal.aborted;
    if (!isHeard && (outcome.is === 'broken' || (outcome.is === 'failed' && outcome.isNews)))
      report(this.#engine, computeFailure(request.key, outcome.error));
    return outcome;
  }

  async #outcome(flight: Flight, request: Request, background: Background | undefined): Promise<Outcome> {
    const { random } = this.#engine.settings;
    for (const since = monotonicMs(); ;) {
      const claim = await this.#claim(request, background);
      if (claim.is === 'ours') return this.#compute(flight, request, claim.lease);
      if (claim.is === 'failed') return { is: 'failed', error: claim.error, isNews: false };
      if (background !== undefined) return ELSEWHERE;
      if (claim.is === 'stored') {
        const stored = await this.#load(request.key, this.#engine.live.find);
        if (stored !== undefined) return { is: 'value', value: stored.value };
      } else {
        await sleep(pauseMs(monotonicMs() - since, random()), undefined, { signal: flight.signal });
      }
    }
  }

  /** Looks how things stand, without a lock as long as others compute. */
  async #claim({ key, terms }: Request, background: Background | undefined): Promise<OwnClaim> {
    // Nothing can be stored: each computes for itself.
    if (this.#engine.settings.readOnly) return { is: 'ours', lease: undefined };
    const { goOn } = this.#calls;
    const standing = await goOn.read([key], () => this.#leases.look(key, background));
    if (standing.is !== 'free') return standing;
    try {
      const work = () => this.#leases.claim(key, terms.leaseMs, background);
      return await goOn.write({ concerned: [], work });
    } catch (error) {
      if (background !== undefined || !isOnlyOfStorage(error)) throw error;
      report(this.#engine, error);
      return { is: 'ours', lease: undefined };
    }
  }

  async #compute(
    flight: Flight,
    { key, compute, terms }: Request,
    lease: Lease | undefined,
  ): Promise<Outcome> {
    const { signal } = flight;
    const stopRenewing = lease && this.#keepRenewing(flight, lease);
    const began = this.#engine.now();
    try {
      let value: unknown;
      try {
        value = await unlessAborted(signal, () => compute({ key, signal }));
      } catch (error) {
        if (lease !== undefined) await this.#end(lease, signal.aborted ? 0 : terms.errorTtlMs, error);
        return { is: 'failed', error, isNews: true };
      }
      if (lease !== undefined) await this.#store(key, value, terms, lease, this.#engine.now() - began);
      return { is: 'value', value };
    } finally {
      stopRenewing?.();
    }
  }

  /** When it cannot be stored it is no worse a value. */
  async #store(key: Key, value: unknown, terms: ComputeTerms, lease: Lease, costMs: number): Promise<void> {
    let isStored = false;
    try {
      if (value === undefined || !terms.shouldCache(value)) return;
      const put = putComputed(
        this.#engine,
        this.#leases,
        (...given) => this.#engine.values.prepareLater(...given),
        { key, value, terms, lease, costMs },
      );
      isStored = await this.#calls.goOn.put(put);
    } catch (error) {
      if (!isOnlyOfStorage(error)) throw error;
      report(this.#engine, error);
    } finally {
      if (!isStored) await this.#end(lease);
    }
  }

  /** Lets others compute: now, or when the failure has been kept for so long. */
  async #end(lease: Lease, errorTtlMs = 0, error?: unknown): Promise<void> {
    const work = () =>
      errorTtlMs > 0 ? this.#leases.fail(lease, error, errorTtlMs) : this.#leases.end(lease);
    await this.#writeSilently(work);
  }

  #keepRenewing(flight: Flight, lease: Lease): () => void {
    flight.lease = lease;
    const stopComputing = this.#leases.computing(lease);
    const stopTicking = this.#engine.settings.clock.every(lease.leaseMs / 3, () => {
      if (!flight.isOverdue) void this.#writeSilently(() => this.#leases.renew(lease));
    });
    return () => {
      stopTicking();
      stopComputing();
    };
  }

  /** For what only others wait for: a lease ends by itself when that fails. */
  async #writeSilently(work: () => void): Promise<void> {
    try {
      await this.#calls.goOn.write({ concerned: [], work });
    } catch (error) {
      report(this.#engine, error);
    }
  }

  async #load<Row extends EntryRow>(key: Key, find: Find<Row>): Promise<Loaded<Row> | undefined> {
    const row = await this.#calls.goOn.read([key], () => find(key));
    return row && this.#calls.valueOf(key, row, find);
  }
}

/** What `work` comes to, or the signal's reason when that comes first. */
function unlessAborted<T>(signal: AbortSignal, work: () => T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    (async () => work())().then(resolve, reject);
  });
}
