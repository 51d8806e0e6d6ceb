import type { Removal } from '../calls/call.ts';
import { monotonicMs } from '../clock.ts';
import { type Engine, SLICE_MS } from '../engine/engine.ts';
import { validTag } from '../entry/entry-options.ts';
import { prefixRange } from '../entry/key.ts';
import { progressOptions, type RemovalOptions } from '../entry/progress-options.ts';
import { clearing } from './clearing.ts';
import { type RemoveRows, type RemoveSome, Steps } from './steps.ts';

const NOTHING = { bytes: 0, entries: 0 };

/** The verbs that remove many entries, step by step. What is being computed meanwhile goes too, see Leases. */
export class Removals {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  clear(options: RemovalOptions | undefined): Removal {
    return clearing(this.#engine, options, this.#removeRows);
  }

  evict(tag: string, options: RemovalOptions | undefined): Removal {
    const checked = validTag(tag);
    const { sql } = this.#engine.storage;
    return this.#steps(options, (rows) => {
      sql.evictInLeases.run({ tag: checked });
      return this.#removeRows(sql.tagged.all(checked, rows), rows);
    });
  }

  deletePrefix(prefix: string, options: RemovalOptions | undefined): Removal {
    const { from, to } = prefixRange(prefix);
    const { sql } = this.#engine.storage;
    return this.#steps(options, (rows) => {
      sql.endLeasesIn.run(from, to);
      return this.#removeRows(sql.inRange.all(from, to, rows), rows);
    });
  }

  expire(options: RemovalOptions | undefined): Removal {
    const { evictor } = this.#engine;
    return this.#steps(options, (rows) => evictor.purge(rows));
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. */
  cull(options: RemovalOptions | undefined): Removal {
    const { evictor, storage } = this.#engine;
    return this.#steps(options, () => {
      const before = storage.transaction.totals.evictions;
      const isLast = evictor.makeRoom(NOTHING, Math.min(this.#engine.sliceEnd, monotonicMs() + SLICE_MS));
      return { removed: storage.transaction.totals.evictions - before, isLast };
    });
  }

  #steps(options: RemovalOptions | undefined, removeSome: RemoveSome): Steps {
    return new Steps(progressOptions(options), removeSome);
  }

  readonly #removeRows: RemoveRows = (rows, wanted) => {
    const { evictor, live } = this.#engine;
    const removed = rows.filter((row) => live.isStillLive(row)).length;
    evictor.removeMany(rows);
    return { removed, isLast: rows.length < wanted };
  };
}
