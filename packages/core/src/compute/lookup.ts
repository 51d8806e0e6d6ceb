import type { Find } from '../engine/live-rows.ts';
import type { Engine } from '../engine/engine.ts';
import type { Key } from '../entry/key.ts';
import type { ComputedRow, EntryRow } from '../storage/rows/statements.ts';
import type { ComputeTerms } from './compute-options.ts';
import { isEarly, isUsable } from './freshness.ts';

/** How getOrSet() finds an entry: a live one at the cost of get(), or one that has expired but may still stand in. */
export class Lookup {
  readonly #engine: Engine;
  readonly #findWithCost: Find<EntryRow>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#findWithCost = (key) => {
      const row = engine.storage.findComputed(key);
      return row === undefined || engine.live.isLive(row) ? row : engine.live.find(key);
    };
  }

  /** How to find a live entry, with what tells whether it is to be recomputed already where that is asked for. */
  live({ beta }: ComputeTerms): Find<EntryRow> {
    return beta > 0 ? this.#findWithCost : this.#engine.live.find;
  }

  /** How to find one that is live or has expired for no longer than `staleMs`. */
  usable(staleMs: number): Find<ComputedRow> {
    const { storage } = this.#engine;
    return (key: Key) => {
      const row = storage.sql.findComputed.get(key);
      return row !== undefined && isUsable(row, staleMs, this.#engine.now()) ? row : undefined;
    };
  }

  /** When a live entry was stored, if it is to be recomputed already. */
  storedEarly(row: EntryRow | ComputedRow, { beta }: ComputeTerms): number | undefined {
    if (beta === 0 || !('cost' in row)) return undefined;
    const { random } = this.#engine.settings;
    return isEarly(row, beta, this.#engine.now(), random()) ? row.stored : undefined;
  }
}
