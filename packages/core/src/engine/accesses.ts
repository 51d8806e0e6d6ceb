import type { Settings } from '../options.ts';
import { halfLife } from '../policy/policy.ts';
import type { Uses } from '../policy/uses.ts';
import type { UseRow } from '../storage/rows/statements.ts';
import type { Storage } from '../storage/storage.ts';

/** The smallest step of time that a double keeps apart at today's dates, and some. */
const STAMP_STEP_MS = 2 ** -10;

/** When entries were stored and used: noted in memory, and written in batches. */
export class Accesses {
  readonly #storage: Storage;
  readonly #uses: Uses;
  readonly #settings: Settings;
  readonly #areNoted: boolean;
  #lastStamp = 0;

  /** @param areNoted whether anything hangs on when entries were used */
  constructor(storage: Storage, uses: Uses, settings: Settings, areNoted: boolean) {
    this.#storage = storage;
    this.#uses = uses;
    this.#settings = settings;
    this.#areNoted = areNoted;
  }

  /** @returns whether there is a note more */
  note(id: number): boolean {
    if (!this.#areNoted || id < 0) return false;
    this.#uses.note(id, this.stamp(), this.#storage.transaction.evictionsSeen);
    return true;
  }

  /** Writes notes. Needs the write lock. */
  write(rows: readonly UseRow[]): void {
    const { sql, transaction } = this.#storage;
    const fading = halfLife(transaction.totals.count);
    for (const row of rows) sql.addUse.run({ ...row, halfLife: fading });
    const { maxIdleMs } = this.#settings;
    if (maxIdleMs !== undefined) for (const { id, at } of rows) sql.slide.run({ id, at, maxIdleMs });
    this.#storage.logged(rows.length);
  }

  /** Writes that an entry has come back. Not only noted: the transaction may be taken back, and this with it. */
  writeReturn(id: number): void {
    this.write([{ id, at: this.stamp(), hits: 1, tick: this.#storage.transaction.evictionsSeen }]);
  }

  /** Strictly increasing in this process, and the clock's time but for fractions of a ms. */
  stamp(): number {
    this.#lastStamp = Math.max(this.#settings.clock.now(), this.#lastStamp + STAMP_STEP_MS);
    return this.#lastStamp;
  }
}
