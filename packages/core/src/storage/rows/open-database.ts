import Database from 'better-sqlite3';
import { DiskCacheError } from '../../errors.ts';
import type { Recreation } from '../../events.ts';
import { closeDatabase, closeMoved } from './close-database.ts';
import { createDatabase, isCurrentFormat, limitPageCache, statementsOf } from './format.ts';
import { createPrivateFile, PathLock } from './path-lock.ts';
import { asideName, type FileIdentity, identityOf, isSameFile, setAside, wasEmptied } from './set-aside.ts';
import { damageOf, storageError } from './sqlite-error.ts';
import { CONNECTION_PRAGMAS } from './schema.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { Statements } from './statements.ts';
import { whileBusy } from './while-busy.ts';

export interface DatabaseOptions {
  readonly path: string;
  readonly readOnly: boolean;
  /** How long others may keep it locked. */
  readonly timeoutMs: number;
  /** Of how many databases it is one that make up one cache. */
  readonly parts?: number | undefined;
  /** How many entries are drawn at a time when a victim is chosen. */
  readonly drawn: number;
  /** What becomes of a database that cannot be used. */
  readonly onCorrupt: 'recreate' | 'throw';
  /** Hears of a database that was set aside. */
  readonly onRecreate: (recreation: Recreation) => void;
  /** The time in ms since the epoch, for the names of what is set aside. */
  readonly now: () => number;
}

/** An open database. */
export interface OpenedDatabase {
  readonly db: SqliteDatabase;
  readonly sql: Statements;
  /** Which file it is. */
  readonly file: FileIdentity;
  /** Whether it still shows what is at its path. */
  isCurrent(): boolean;
  close(): void;
}

/** A database that was opened and cannot be used, or is no longer in its place. */
interface Unusable {
  readonly db: Database.Database | undefined;
  readonly file: FileIdentity;
  readonly error: unknown;
}

/** So often in a row it is tried again when another process has changed what is at the path. */
const ATTEMPTS = 100;
/** So many databases in a row are set aside: more would mean that none can be made here. */
const SET_ASIDE_LIMIT = 3;

/**
 * Opens cache.db, and makes it first if there is none. Opening one that exists writes nothing to it. Any number of
 * processes may do this at once.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_FORMAT` when the file is newer than this version; the same or
 *   `ERR_DISKCACHE_CORRUPT` when it cannot be used and is not to be set aside; `ERR_DISKCACHE_STORAGE` when the system
 *   refuses; TimeoutError when others keep it locked for `timeoutMs`
 */
export function openDatabase(options: DatabaseOptions): OpenedDatabase {
  const { path, timeoutMs, onCorrupt } = options;
  const lock = new PathLock(path, timeoutMs);
  try {
    let setAsideCount = 0;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const isThere = identityOf(path) !== undefined;
      const outcome = isThere ? lock.together(() => openFile(options, lock)) : undefined;
      if (outcome === undefined) lock.alone(() => makeFile(options));
      else if ('sql' in outcome) return outcome;
      else {
        const maySetAside = onCorrupt === 'recreate' && setAsideCount < SET_ASIDE_LIMIT;
        const settled = lock.alone(() => settle(options, lock, outcome, maySetAside));
        if (typeof settled === 'object') return settled;
        if (settled === 'set aside') setAsideCount++;
      }
    }
    throw new DiskCacheError('ERR_DISKCACHE_STORAGE', `${path} is replaced again and again`);
  } catch (error) {
    throw storageError(error, `cannot open ${path}`);
  }
}

/** A log whose database is gone is not to become the log of the new one. */
function makeFile(options: DatabaseOptions): void {
  const { path } = options;
  if (identityOf(path) !== undefined) return;
  setAside(path, asideName(options, 'removed'));
  createPrivateFile(path);
}

/** @returns undefined where there is no file */
function openFile(options: DatabaseOptions, lock: PathLock): OpenedDatabase | Unusable | undefined {
  const { path, timeoutMs } = options;
  const file = identityOf(path);
  if (file === undefined) return undefined;
  // SQLite would remove the log, which somebody may have open.
  if (wasEmptied(path)) return { db: undefined, file, error: emptied(path) };
  const db = connected(path);
  if (db === undefined) return undefined;
  const isCurrent = () => isSameFile(identityOf(path), file);
  try {
    const sql = whileBusy(timeoutMs, () => prepared(db, options));
    if (!isCurrent()) return { db, file, error: undefined };
    return { db, sql, file, isCurrent, close: () => closeDatabase(db, path, file, lock) };
  } catch (error) {
    if (damageOf(error) !== undefined) return { db, file, error };
    db.close();
    throw error;
  }
}

function connected(path: string): Database.Database | undefined {
  try {
    // The wait for a lock is ours: SQLite's would block the event loop.
    return new Database(path, { timeout: 0, fileMustExist: true });
  } catch (error) {
    if (identityOf(path) === undefined) return undefined;
    throw error;
  }
}

/**
 * Looks at a database again that seemed to be of no use, when nobody can be making, opening or moving it, and sets it aside if
 * it is of none. Closes what was opened of it.
 *
 * @returns the database where it turns out to be sound
 * @throws what is wrong with it, unless it may be set aside
 */
function settle(
  options: DatabaseOptions,
  lock: PathLock,
  before: Unusable,
  maySetAside: boolean,
): OpenedDatabase | 'set aside' | 'changed' {
  const { path } = options;
  let found: OpenedDatabase | Unusable | undefined;
  try {
    if (!isSameFile(identityOf(path), before.file)) return 'changed';
    found = openFile(options, lock);
    if (found === undefined) return 'changed';
    if ('sql' in found) return found;
    const reason = damageOf(found.error);
    if (reason === undefined) return 'changed';
    if (!maySetAside) throw found.error;
    // Windows moves no open file.
    if (process.platform === 'win32') for (const one of [before, found]) one.db?.close();
    const movedTo = asideName(options, reason);
    setAside(path, movedTo);
    options.onRecreate({ reason, movedTo });
    return 'set aside';
  } finally {
    giveUp(before, path);
    if (found !== undefined && !('sql' in found)) giveUp(found, path);
  }
}

/** Closes a database that cannot be used, once it is moved if it is to be: then SQLite does not change it any more. */
function giveUp({ db, file }: Unusable, path: string): void {
  if (isSameFile(identityOf(path), file)) db?.close();
  else if (db !== undefined) closeMoved(db, path);
}

function emptied(path: string): DiskCacheError {
  return new DiskCacheError('ERR_DISKCACHE_CORRUPT', `${path} is empty, though it has a log`);
}

function prepared(db: Database.Database, { path, drawn, parts }: DatabaseOptions): Statements {
  for (const pragma of CONNECTION_PRAGMAS) db.pragma(pragma);
  limitPageCache(db, parts);
  if (!isCurrentFormat(db, path)) createDatabase(db, path);
  return statementsOf(db, path, drawn);
}
