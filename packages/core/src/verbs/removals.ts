import type { Stepwise } from '../calls/call.ts';
import { monotonicMs } from '../clock.ts';
import { validTag } from '../entry/entry-options.ts';
import { prefixRange } from '../entry/key.ts';
import { progressOptions, type RemovalOptions } from '../entry/progress-options.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';
import { clearing } from './clearing.ts';
import type { Engine } from '../engine/engine.ts';
import { SLICE_MS } from '../engine/slice.ts';
import { type Slice, Steps, type StepSize } from './steps.ts';

/** The verbs that remove many entries, step by step. What is being computed meanwhile goes too, see Leases. */
export class Removals {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  clear(options: RemovalOptions | undefined): Stepwise {
    return clearing(this.#engine, options, this.#removeRows);
  }

  evict(tag: string, options: RemovalOptions | undefined): Stepwise {
    const checked = validTag(tag);
    const { sql } = this.#engine.storage;
    return this.#steps(options, ({ amount: rows }) => {
      sql.evictInLeases.run({ tag: checked });
      return this.#removeRows(sql.tagged.all(checked, rows), rows);
    });
  }

  deletePrefix(prefix: string, options: RemovalOptions | undefined): Stepwise {
    const { from, to } = prefixRange(prefix);
    const { sql } = this.#engine.storage;
    return this.#steps(options, ({ amount: rows }) => {
      sql.endLeasesIn.run(from, to);
      return this.#removeRows(sql.inRange.all(from, to, rows), rows);
    });
  }

  expire(options: RemovalOptions | undefined): Stepwise {
    const { evictor } = this.#engine;
    return this.#steps(options, ({ amount }) => {
      const { removed, isLast } = evictor.purge(amount);
      return { done: removed, isLast };
    });
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. */
  cull(options: RemovalOptions | undefined): Stepwise {
    const { evictor, storage } = this.#engine;
    return this.#steps(options, () => {
      const before = storage.transaction.totals.evictions;
      const isLast = evictor.cull(Math.min(this.#engine.sliceEnd, monotonicMs() + SLICE_MS));
      return { done: storage.transaction.totals.evictions - before, isLast };
    });
  }

  #steps(options: RemovalOptions | undefined, removeSome: (size: StepSize) => Slice): Stepwise {
    return new Steps(progressOptions(options), (removed) => ({ removed }), removeSome);
  }

  readonly #removeRows = (rows: readonly ReplacedRow[], wanted: number): Slice => {
    const { evictor, live } = this.#engine;
    const removed = rows.filter((row) => live.isStillLive(row)).length;
    evictor.removeMany(rows);
    return { done: removed, isLast: rows.length < wanted };
  };
}
