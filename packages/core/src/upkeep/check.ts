import { damageOf } from '../storage/rows/sqlite-error.ts';
import type { SqliteDatabase } from '../storage/rows/sqlite-database.ts';
import { totalsFrom } from '../storage/rows/totals.ts';
import { prepareStatements } from '../storage/rows/statements.ts';
import { ValueFiles } from '../storage/files/value-files.ts';

/** One thing that is not as it should be. */
export interface CheckProblem {
  readonly kind:
    /** SQLite found its file damaged (PRAGMA quick_check). */
    | 'database'
    /** The kept totals differ from the sums over the entries. */
    | 'totals'
    /** An entry's file is not there. */
    | 'missing-file'
    /** An entry's file is shorter or longer than was written. */
    | 'damaged-file'
    /** A file that no entry points to, and that is over a minute old: upkeep removes it. */
    | 'orphan-file';
  /** Which file, or what differs, for people to read. */
  readonly detail: string;
}

/** What check() found. */
export interface CheckReport {
  /** Whether there are no problems. */
  readonly ok: boolean;
  readonly problems: readonly CheckProblem[];
  /** Entries that were counted, expired ones included. */
  readonly entries: number;
  /** How many of them have a file. */
  readonly files: number;
}

/** A file younger than this may belong to a write that is still waiting for the lock, with the usual timeout. */
export const ORPHAN_AGE_MS = 60_000;

const PAGE_ROWS = 1000;

/**
 * Compares everything that is kept twice. Reads only; works on the caller's thread.
 *
 * @param isGoing whether a file is known to be about to be removed
 */
export function checkCache(
  db: SqliteDatabase,
  directory: string,
  now: number,
  isGoing: (file: string) => boolean = () => false,
): CheckReport {
  try {
    return compared(db, directory, now, isGoing);
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    const problem: CheckProblem = { kind: 'database', detail: (error as Error).message };
    return { ok: false, problems: [problem], entries: 0, files: 0 };
  }
}

function compared(
  db: SqliteDatabase,
  directory: string,
  now: number,
  isGoing: (file: string) => boolean,
): CheckReport {
  const sql = prepareStatements(db);
  const files = new ValueFiles(directory, () => 0);
  const problems: CheckProblem[] = [];

  for (const { quick_check: line } of db.pragma('quick_check') as { quick_check: string }[]) {
    if (line !== 'ok') problems.push({ kind: 'database', detail: line });
  }

  sql.beginRead.run();
  const totals = totalsFrom(sql.totals.get());
  const sums = sql.sums.get();
  sql.commit.run();
  if (totals.count !== sums?.count || totals.space !== sums.space) {
    const text = (sum: { count: number; space: number } | undefined) =>
      `${sum?.count} entries of ${sum?.space} bytes`;
    problems.push({ kind: 'totals', detail: `kept: ${text(totals)}; counted: ${text(sums)}` });
  }

  let fileCount = 0;
  for (let last = ''; ;) {
    const rows = sql.filesAfter.all(last, PAGE_ROWS);
    for (const { file, size } of rows) {
      const found = files.size(file);
      // Replaced between the two looks: the row points elsewhere by now.
      if (found !== size && sql.hasFile.get(file) === undefined) continue;
      if (found === undefined) problems.push({ kind: 'missing-file', detail: file });
      else if (found !== size)
        problems.push({ kind: 'damaged-file', detail: `${file}: ${found} bytes of ${size}` });
    }
    fileCount += rows.length;
    last = rows.at(-1)?.file ?? '';
    if (rows.length < PAGE_ROWS) break;
  }
  for (const name of orphans(files, (file) => sql.hasFile.get(file) !== undefined, now - ORPHAN_AGE_MS)) {
    if (!isGoing(name)) problems.push({ kind: 'orphan-file', detail: name });
  }
  return { ok: problems.length === 0, problems, entries: sums?.count ?? 0, files: fileCount };
}

/** Files that no row points to: what a process that was killed, or lost power, left over. */
export function* orphans(
  files: ValueFiles,
  hasRow: (name: string) => boolean,
  before: number,
): Generator<string> {
  for (const { name, modified } of files.list()) {
    if (modified < before && !hasRow(name)) yield name;
  }
}
