import type { Removal } from '../calls/call.ts';
import { monotonicMs } from '../clock.ts';
import { type Engine, type Slice, SLICE_MS } from '../engine/engine.ts';
import { validTag } from '../entry/entry-options.ts';
import { prefixRange } from '../entry/key.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';

const NOTHING = { bytes: 0, entries: 0 };

/** The verbs that remove many entries, step by step. */
export class Removals {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  clear(): Removal {
    const { sql } = this.#engine.storage;
    return () => this.#slice((rows) => sql.first.all(rows));
  }

  evict(tag: string): Removal {
    const checked = validTag(tag);
    const { sql } = this.#engine.storage;
    return () => this.#slice((rows) => sql.tagged.all(checked, rows));
  }

  deletePrefix(prefix: string): Removal {
    const { from, to } = prefixRange(prefix);
    const { sql } = this.#engine.storage;
    return () => this.#slice((rows) => sql.inRange.all(from, to, rows));
  }

  expire(): Removal {
    return () => {
      const { removedAtOnce } = this.#engine.fullDisk;
      const removed = this.#engine.evictor.purge(removedAtOnce);
      return { removed, isLast: removed < removedAtOnce };
    };
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. */
  cull(): Removal {
    const { evictor, storage } = this.#engine;
    return () => {
      const before = storage.transaction.totals.evictions;
      const isLast = evictor.makeRoom(NOTHING, Math.min(this.#engine.sliceEnd, monotonicMs() + SLICE_MS));
      return { removed: storage.transaction.totals.evictions - before, isLast };
    };
  }

  #slice(find: (atMost: number) => readonly ReplacedRow[]): Slice {
    const { evictor, fullDisk } = this.#engine;
    const { removedAtOnce } = fullDisk;
    const rows = find(removedAtOnce);
    let removed = 0;
    for (const row of rows) {
      if (this.#engine.live.isLive(row)) removed++;
      evictor.remove(row);
    }
    return { removed, isLast: rows.length < removedAtOnce };
  }
}
