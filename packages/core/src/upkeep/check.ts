import { isDamage } from '../storage/rows/sqlite-error.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';
import type { Storage } from '../storage/storage.ts';
import { checkFiles } from './check-files.ts';
import { checkRows } from './check-rows.ts';
import { type CheckReport, Findings } from './findings.ts';

/** The cache that is checked, and how it is changed. */
export interface CheckedCache {
  readonly storage: Storage;
  /**
   * Opens a connection to read from that nobody else has, since whoever is told of the progress may use the cache. Left out
   * where nobody else has `storage`, or in a transaction, of which the check is a part.
   */
  readonly openReader?: (() => Storage) | undefined;
  readonly now: number;
  /** Files younger than this may be just begun, see orphanAge(). */
  readonly orphanAgeMs: number;
  /** Whether a file is known to be about to be removed. */
  readonly isGoing: (file: string) => boolean;
  /**
   * Does a little work in a transaction of its own, and returns false when the lock could not be had in time. Left out
   * where nothing is to be repaired.
   */
  readonly repair?: ((work: () => void) => boolean) | undefined;
  readonly remove: (rows: readonly ReplacedRow[]) => void;
}

/** A file younger than this may belong to a transaction that is not committed yet, or still waits for the lock. */
const ORPHAN_AGE_MS = 60_000;

/** The same for a cache whose writes wait for so long. */
export function orphanAge(timeoutMs: number): number {
  return Math.max(ORPHAN_AGE_MS, 2 * timeoutMs);
}

/** Compares everything that is kept twice, in steps of some ms each. Gives how much was looked at so far, and the report. */
export function* checkSteps(cache: CheckedCache): Generator<number, CheckReport> {
  const findings = new Findings();
  if (isSound(cache.storage, findings)) {
    yield* checkRows(cache, findings);
    yield* checkFiles(cache, findings);
  }
  const { problems, entries, files } = findings;
  return { ok: problems.every(({ isFixed }) => isFixed), problems, entries, files };
}

/** Takes long: SQLite looks at every page. */
function isSound(storage: Storage, findings: Findings): boolean {
  try {
    const lines = storage.db.pragma('quick_check') as { quick_check: string }[];
    for (const { quick_check: line } of lines) if (line !== 'ok') findings.add('database', line);
  } catch (error) {
    if (!isDamage(error)) throw error;
    findings.add('database', error.message);
  }
  return findings.problems.length === 0;
}
