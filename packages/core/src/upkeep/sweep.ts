import type { FoundFile } from '../storage/files/value-files.ts';
import type { Statements } from '../storage/rows/statements.ts';
import { isOrphan } from './check-files.ts';

/** One look at all value files for those that no row points to. Times are ms since the epoch. */
export class Sweep {
  readonly #now: number;
  readonly #ageMs: number;
  readonly #aheadBefore: ReadonlySet<string>;
  /** Orphans that were last written to, as it seems, when it was later than it is now. */
  readonly #ahead = new Set<string>();

  /**
   * @param ageMs a file that is younger may have been begun just now
   * @param before the look before
   */
  constructor(now: number, ageMs: number, before: Sweep | undefined) {
    this.#now = now;
    this.#ageMs = ageMs;
    this.#aheadBefore = before === undefined ? new Set() : before.#ahead;
  }

  /** Whether a file is left over. Where the clock was set back since it was written, only at the second look. */
  finds(file: FoundFile, sql: Pick<Statements, 'hasFile' | 'reservation'>): boolean {
    if (file.modified <= this.#now + this.#ageMs) return isOrphan(file, sql, this.#now - this.#ageMs);
    if (!isOrphan(file, sql, Infinity)) return false;
    this.#ahead.add(file.name);
    return this.#aheadBefore.has(file.name);
  }
}
