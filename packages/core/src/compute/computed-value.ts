import type { Put } from '../calls/call.ts';
import type { Engine } from '../engine/engine.ts';
import type { PreparedValue, UnfinishedValue } from '../engine/value-layout.ts';
import { type EntryTerms, entryTerms, LATEST_DATE_MS } from '../entry/entry-options.ts';
import type { Key } from '../entry/key.ts';
import { type ComputeTerms, setOptionsOf } from './compute-options.ts';
import type { Prepare } from '../verbs/writes.ts';
import type { Lease, Leases } from './leases.ts';

/**
 * Stores what was computed, and ends the lease with it; or does neither when the lease was lost, or the key set, deleted
 * or evicted meanwhile.
 *
 * @param lease left out where the write lock has been held all the time
 * @param costMs how long it took to compute
 */
export function putComputed<Value extends PreparedValue | UnfinishedValue>(
  engine: Engine,
  leases: Leases,
  prepare: Prepare<Value>,
  {
    key,
    value,
    terms,
    lease,
    costMs,
  }: {
    readonly key: Key;
    readonly value: unknown;
    readonly terms: ComputeTerms;
    readonly lease: Lease | undefined;
    readonly costMs: number;
  },
): Put<Value> {
  const entry = termsOf(engine, terms, value, costMs);
  const prepared = prepare(key, value, entry.tags);
  const put = (finished: PreparedValue) => engine.changes.put(key, finished, entry);
  if (lease === undefined) return { concerned: [key], replaced: key, value: prepared, work: put };
  return {
    concerned: [key],
    replaced: key,
    value: prepared,
    isInVain: () => !leases.mayStore(lease, entry.tags),
    work: (finished) => {
      const isStored = leases.mayStore(lease, entry.tags) && put(finished);
      if (isStored === true) leases.end(lease);
      return isStored;
    },
  };
}

function termsOf(engine: Engine, terms: ComputeTerms, value: unknown, costMs: number): EntryTerms {
  const entry = entryTerms(setOptionsOf(terms, value), engine.settings, engine.now());
  const staleMs = Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs);
  if (entry.expires === null || (staleMs === 0 && terms.beta === 0)) return entry;
  return {
    ...entry,
    extras: {
      deadline: entry.extras?.deadline ?? null,
      staleUntil: staleMs === 0 ? null : Math.min(Math.ceil(entry.expires + staleMs), LATEST_DATE_MS),
      // The clock may have been set back meanwhile.
      cost: terms.beta === 0 ? null : Math.max(0, costMs),
    },
  };
}
