import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { monotonicMs, sleepSync } from '../../clock.ts';
import { DiskCacheError, TimeoutError } from '../../errors.ts';
import { APPLICATION_ID, CONNECTION_PRAGMAS, CREATION_PRAGMAS, FORMAT_VERSION, SCHEMA } from './schema.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { isBusy, storageError } from './sqlite-error.ts';

/**
 * Opens cache.db, and makes it first if there is none. Opening one that exists writes nothing to it. Any number of
 * processes may do this at once.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_FORMAT` when the file is not ours or is newer than this version,
 *   `ERR_DISKCACHE_STORAGE` when the system refuses, {@link TimeoutError} when others keep it locked for `timeoutMs`
 */
export function openDatabase(path: string, timeoutMs: number): SqliteDatabase {
  createPrivateFile(path);
  // The wait for a lock is ours: SQLite's would block the event loop.
  const db = new Database(path, { timeout: 0 });
  try {
    whileBusy(timeoutMs, () => {
      for (const pragma of CONNECTION_PRAGMAS) db.pragma(pragma);
      if (!isCurrentFormat(db, path)) create(db, path);
    });
    return db;
  } catch (error) {
    db.close();
    throw storageError(error, `cannot open ${path}`);
  }
}

/** SQLite gives its own files the mode of this one. */
function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw storageError(error, `cannot create ${path}`);
  }
}

/** False for a database that holds nothing yet. */
function isCurrentFormat(db: Database.Database, path: string): boolean {
  const marks = db
    .prepare<[], { application: number; version: number; objects: number }>(
      `SELECT (SELECT application_id FROM pragma_application_id) AS application,
              (SELECT user_version FROM pragma_user_version) AS version,
              (SELECT count(*) FROM sqlite_schema) AS objects`,
    )
    .get();
  const { application, version, objects } = marks ?? { application: 0, version: 0, objects: 0 };
  if (application === 0 && version === 0 && objects === 0) return false;
  if (application !== APPLICATION_ID) {
    throw new DiskCacheError('ERR_DISKCACHE_FORMAT', `${path} is the database of another program`);
  }
  if (version !== FORMAT_VERSION) {
    throw new DiskCacheError(
      'ERR_DISKCACHE_FORMAT',
      `${path} has format version ${version}; this DiskCache reads version ${FORMAT_VERSION}`,
    );
  }
  return true;
}

/** Each step can be repeated, so another process may be at the same, or may have died in the middle. */
function create(db: Database.Database, path: string): void {
  for (const pragma of CREATION_PRAGMAS) db.pragma(pragma);
  db.transaction(() => {
    if (!isCurrentFormat(db, path)) db.exec(SCHEMA);
  }).immediate();
}

function whileBusy(timeoutMs: number, attempt: () => void): void {
  const end = monotonicMs() + timeoutMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (monotonicMs() > end) throw new TimeoutError(timeoutMs);
      sleepSync(pause * (0.5 + Math.random()));
    }
  }
}
