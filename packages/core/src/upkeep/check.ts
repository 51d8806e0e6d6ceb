import type { SqliteDatabase } from '../storage/rows/sqlite-database.ts';
import { totalsFrom } from '../storage/rows/totals.ts';
import { prepareStatements, type Statements } from '../storage/rows/statements.ts';
import { completeName } from '../storage/files/new-file.ts';
import { type FoundFile, ValueFiles } from '../storage/files/value-files.ts';

/** One thing that is not as it should be. */
export interface CheckProblem {
  readonly kind:
    /** SQLite found its file damaged. */
    | 'database'
    /** The kept totals differ from the sums over the entries. */
    | 'totals'
    /** An entry's file is not there. */
    | 'missing-file'
    /** An entry's file is shorter or longer than was written. */
    | 'damaged-file'
    /** A file that no entry points to, and that is too old to be one for which space is just to be reserved. */
    | 'orphan-file';
  readonly detail: string;
}

/** What check() found. */
export interface CheckReport {
  /** Whether there are no problems. */
  readonly ok: boolean;
  readonly problems: readonly CheckProblem[];
  readonly entries: number;
  readonly files: number;
}

/** A file younger than this may belong to a transaction that is not committed yet, or still waits for the lock. */
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
  for (const found of files.list()) {
    const { name } = found;
    if (isOrphan(found, sql, now - ORPHAN_AGE_MS) && !isGoing(name))
      problems.push({ kind: 'orphan-file', detail: name });
  }
  return { ok: problems.length === 0, problems, entries: sums?.count ?? 0, files: fileCount };
}

/**
 * Whether a file neither belongs to an entry nor has space reserved: one that a process which was killed, or lost power, left
 * over.
 *
 * @param before what was last written to before this, in ms since the epoch, is no file that was just begun
 */
export function isOrphan(
  { name, modified }: FoundFile,
  { hasFile, reservation }: Pick<Statements, 'hasFile' | 'reservation'>,
  before: number,
): boolean {
  return (
    modified < before && hasFile.get(name) === undefined && reservation.get(completeName(name)) === undefined
  );
}
