import { constants, copyFileSync, existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { DiskCacheError } from '../../errors.ts';
import { makeTemporaryDirectory, removeAtExit, removeTemporaryDirectory } from '../directory.ts';
import { isCurrentFormat, limitPageCache, statementsOf } from './format.ts';
import type { DatabaseOptions, OpenedDatabase } from './open-database.ts';
import { PathLock } from './path-lock.ts';
import { CONNECTION_PRAGMAS } from './schema.ts';
import { identityOf, isSameFile, wasEmptied } from './set-aside.ts';
import { storageError } from './sqlite-error.ts';
import type { Statements } from './statements.ts';
import { whileBusy } from './while-busy.ts';

/**
 * What SQLite says when the files are not there that processes read a log with, and cannot be made: nobody has
 * the database open, and it is where nothing can be written, or on a full disk.
 */
const CANNOT_SHARE = new Set([
  'SQLITE_CANTOPEN',
  'SQLITE_IOERR_SHMSIZE',
  'SQLITE_READONLY_DIRECTORY',
  'SQLITE_READONLY_CANTINIT',
  'SQLITE_READONLY_RECOVERY',
]);
/** So often a copy is made again because the original changed meanwhile. */
const COPIES = 5;

/**
 * Opens cache.db so that nothing in it can be changed. Where nobody else has it open SQLite still makes its two files
 * beside it, to be ready for a writer; they go when it is closed. Where they cannot be made a copy is opened.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_NOT_FOUND` when there is no cache, `ERR_DISKCACHE_FORMAT`,
 *   `ERR_DISKCACHE_CORRUPT`, `ERR_DISKCACHE_STORAGE`, TimeoutError
 */
export function openReadOnly(options: DatabaseOptions): OpenedDatabase {
  const { path, timeoutMs } = options;
  const lock = new PathLock(path, timeoutMs, { readOnly: true });
  try {
    return lock.together(() => {
      try {
        return inPlace(options, lock);
      } catch (error) {
        if (!(error instanceof Database.SqliteError) || !CANNOT_SHARE.has(error.code)) throw error;
        return copied(options);
      }
    });
  } catch (error) {
    throw storageError(error, `cannot open ${path}`);
  }
}

function inPlace(options: DatabaseOptions, lock: PathLock): OpenedDatabase {
  const { path } = options;
  const file = identityOf(path);
  if (file === undefined || wasEmptied(path)) throw notFound(path);
  const wasClosed = !existsSync(`${path}-wal`);
  const tidyUp = () => {
    if (wasClosed) lock.closing(() => tidy(path));
  };
  try {
    return {
      ...opened(path, options),
      file,
      isCurrent: () => isSameFile(identityOf(path), file),
      close() {
        lock.closing(() => this.db.close());
        tidyUp();
      },
    };
  } catch (error) {
    tidyUp();
    throw error;
  }
}

/** Removes SQLite's two files when they are of no use, as only one that could write does. */
function tidy(path: string): void {
  if (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size !== 0) return;
  try {
    const db = new Database(path, { timeout: 0, fileMustExist: true });
    try {
      db.pragma('user_version');
    } finally {
      db.close();
    }
  } catch {
    // They are empty and harm nobody; the next writer removes them.
  }
}

/** Reading a file of SQLite's by other means would end the locks of this process on it, if it could have any. */
function copied(options: DatabaseOptions): OpenedDatabase {
  const { path } = options;
  const directory = makeTemporaryDirectory();
  const copy = join(directory, basename(path));
  let db: Database.Database | undefined;
  removeAtExit(directory, () => db?.close());
  try {
    for (let attempt = 0; attempt < COPIES; attempt++) {
      const state = stateOf(path);
      for (const suffix of ['', '-wal']) {
        if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix, constants.COPYFILE_FICLONE);
      }
      if (stateOf(path) !== state) continue;
      const file = identityOf(path);
      if (file === undefined) throw notFound(path);
      const copied = opened(copy, options);
      db = copied.db;
      return {
        ...copied,
        file,
        isCurrent: () => stateOf(path) === state,
        close() {
          this.db.close();
          removeTemporaryDirectory(directory);
        },
      };
    }
    throw new DiskCacheError('ERR_DISKCACHE_STORAGE', `${path} changes too fast to be copied`);
  } catch (error) {
    removeTemporaryDirectory(directory);
    throw error;
  }
}

/** Something else whenever the files have changed. */
function stateOf(path: string): string {
  const states = ['', '-wal', '-shm'].map((suffix) => {
    const found = statSync(path + suffix, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? '' : [found.ino, found.size, suffix === '-shm' ? '' : found.mtimeNs].join();
  });
  return states.join(';');
}

function opened(
  path: string,
  { timeoutMs, drawn, parts }: DatabaseOptions,
): { db: Database.Database; sql: Statements } {
  const db = new Database(path, { timeout: 0, readonly: true });
  try {
    const sql = whileBusy(timeoutMs, () => {
      for (const pragma of CONNECTION_PRAGMAS) db.pragma(pragma);
      limitPageCache(db, parts);
      if (!isCurrentFormat(db, path)) throw notFound(path);
      return statementsOf(db, path, drawn);
    });
    return { db, sql };
  } catch (error) {
    db.close();
    throw error;
  }
}

function notFound(path: string): DiskCacheError {
  return new DiskCacheError('ERR_DISKCACHE_NOT_FOUND', `there is no cache in ${dirname(path)} to read`);
}
