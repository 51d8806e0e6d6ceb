import { SET_BACK_MS } from '../clock.ts';
import { halfLife } from '../policy/policy.ts';
import type { Uses } from '../policy/uses.ts';
import type { ReplacedRow, UseRow } from '../storage/rows/statements.ts';
import { isPinned, type Storage } from '../storage/storage.ts';
import { MOMENTS_A_MS } from '../upkeep/standing.ts';

/** The smallest step of time that a double keeps apart at today's dates, and some. */
const STAMP_STEP_MS = 1 / MOMENTS_A_MS;

export interface UseNotesInputs {
  readonly storage: Storage;
  readonly uses: Uses;
  readonly now: () => number;
  readonly maxIdleMs: number | undefined;
  /** Whether uses matter, so that they have to be noted. */
  readonly isNoting: boolean;
  /** Where entries of several caches are compared: gives stamps that increase in all of them. */
  readonly stamp: (() => number) | undefined;
}

/** Notes when entries are used, and writes it down: for the policy, and for the time at which entries expire. */
export class UseNotes {
  readonly #inputs: UseNotesInputs;
  #lastStamp = 0;

  constructor(inputs: UseNotesInputs) {
    this.#inputs = inputs;
  }

  /** Notes a use in memory. @returns whether there was one to note */
  note(id: number): boolean {
    const { isNoting, uses, storage } = this.#inputs;
    if (!isNoting || id < 0) return false;
    uses.note(id, this.stamp(), storage.transaction.evictionsSeen);
    return true;
  }

  /** Writes notes down. Needs the write lock. */
  write(rows: readonly UseRow[]): void {
    const { storage, maxIdleMs } = this.#inputs;
    const fading = halfLife(storage.transaction.totals.count);
    const latest = this.#latest;
    for (const row of rows) storage.sql.addUse.run({ ...row, halfLife: fading, latest });
    if (maxIdleMs !== undefined)
      for (const { id, at } of rows) storage.sql.slide.run({ id, at, maxIdleMs, latest });
    storage.logged(rows.length);
  }

  /** Moves the time at which an entry expires, where it moves with use, at once. Needs the write lock. */
  slide(row: ReplacedRow): void {
    const { storage, maxIdleMs } = this.#inputs;
    if (maxIdleMs !== undefined && !isPinned(row))
      storage.slide(row, { at: this.stamp(), maxIdleMs, latest: this.#latest });
  }

  /** The same to the time of the note that there is of its last use. @returns whether that was one of this entry */
  slideToNote(row: ReplacedRow): boolean {
    const { storage, uses, maxIdleMs } = this.#inputs;
    const at = uses.lastUse(row.id);
    return (
      maxIdleMs !== undefined &&
      at !== undefined &&
      storage.slide(row, { at, maxIdleMs, latest: this.#latest })
    );
  }

  /** Not only noted: it is part of what the transaction changes, and may be taken back with it. */
  writeReturn(id: number): void {
    this.write([{ id, at: this.stamp(), hits: 1, tick: this.#inputs.storage.transaction.evictionsSeen }]);
  }

  /** The clock's time but for fractions of a ms, and strictly increasing in this process unless the clock is set back. */
  stamp(): number {
    const { stamp } = this.#inputs;
    if (stamp !== undefined) return stamp();
    const now = this.#inputs.now();
    const next = this.#lastStamp + STAMP_STEP_MS;
    this.#lastStamp = next > now + SET_BACK_MS ? now : Math.max(now, next);
    return this.#lastStamp;
  }

  /** What was noted for later than this was noted before the clock was set back. */
  get #latest(): number {
    return this.#inputs.now() + SET_BACK_MS;
  }
}
