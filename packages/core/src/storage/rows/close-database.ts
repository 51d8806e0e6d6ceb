import { existsSync, renameSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { PathLock } from './path-lock.ts';
import { COMPANIONS, type FileIdentity, identityOf, isSameFile } from './set-aside.ts';

/** Closes a database that was opened as the file `file`. Not within together() or alone(). */
export function closeDatabase(
  db: Database.Database,
  path: string,
  file: FileIdentity | undefined,
  lock: PathLock,
): void {
  if (isSameFile(identityOf(path), file)) lock.closing(() => db.close());
  else lock.closingAlone(() => closeMoved(db, path));
}

/**
 * Closes a database whose place another one may have by now. SQLite removes the log of a database, by its name, if nobody
 * else has it open and it is still in its place; but it takes a file without any page for one that is. So the log of the
 * other one goes out of the way meanwhile. Needs the path for itself.
 */
export function closeMoved(db: Database.Database, path: string): void {
  if (!db.open || db.readonly || hasPages(db)) {
    db.close();
    return;
  }
  const hidden = COMPANIONS.filter((suffix) => existsSync(path + suffix));
  for (const suffix of hidden) renameSync(path + suffix, `${path}.kept${suffix}`);
  try {
    db.close();
  } finally {
    for (const suffix of hidden) renameSync(`${path}.kept${suffix}`, path + suffix);
  }
}

function hasPages(db: Database.Database): boolean {
  try {
    return Number(db.pragma('page_count', { simple: true })) > 0;
  } catch {
    return false;
  }
}
