import { SqliteError } from 'better-sqlite3';
import { DiskCacheError } from '../../errors.ts';

/** Whether the failure is only another connection's lock, so that trying again can succeed. */
export function isBusy(error: unknown): boolean {
  return error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY');
}

/** Whether SQLite found its file damaged. */
export function isDamage(error: unknown): error is Error {
  return error instanceof SqliteError && damageByCode(error.code) !== undefined;
}

/** Whether it cannot be done in the transaction that this connection has open. */
export function isLocked(error: unknown): boolean {
  return error instanceof SqliteError && error.code.startsWith('SQLITE_LOCKED');
}

/** What the body of a transaction threw, on its way to the caller: never to be taken for an error of ours. */
export class ThrownByBody {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** The file is an SQLite database, but none that DiskCache has made. */
export class ForeignDatabase extends DiskCacheError {
  constructor(message: string) {
    super('ERR_DISKCACHE_FORMAT', message);
  }
}

/** Why a database that caused this failure is of no use any more; undefined when it is not the database's fault. */
export function damageOf(error: unknown): 'corrupt' | 'foreign' | undefined {
  if (error instanceof ForeignDatabase) return 'foreign';
  if (error instanceof DiskCacheError) return error.code === 'ERR_DISKCACHE_CORRUPT' ? 'corrupt' : undefined;
  return error instanceof SqliteError ? damageByCode(error.code) : undefined;
}

/** The same by the code of SQLite's error. */
export function damageByCode(code: string): 'corrupt' | 'foreign' | undefined {
  if (code === 'SQLITE_NOTADB') return 'foreign';
  // Its file, or its log, ends before the page that should be there.
  if (code === 'SQLITE_IOERR_SHORT_READ') return 'corrupt';
  return code.startsWith('SQLITE_CORRUPT') ? 'corrupt' : undefined;
}

/** Whether SQLite or the system failed, for whatever reason but another's lock. */
export function isStorageFailure(error: unknown): boolean {
  if (error instanceof DiskCacheError) return error.code === 'ERR_DISKCACHE_STORAGE';
  return (error instanceof SqliteError && !isBusy(error)) || isSystemError(error) || isClosed(error);
}

/** SQLite's codes and the system's: the last of SQLite's is about the file that processes read the log with. */
const DISK_FULL = new Set([
  'SQLITE_FULL',
  'SQLITE_IOERR_SHMSIZE',
  'ENOSPC',
  'EDQUOT',
  'ERR_DISKCACHE_DISK_FULL',
]);

/** Whether it failed for want of room on the disk. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DISK_FULL.has(error.code as string);
}

/**
 * Errors of SQLite and of the system as a DiskCacheError, so that they have a stable code: `ERR_DISKCACHE_CORRUPT` and
 * `ERR_DISKCACHE_FORMAT` for a database that is of no use, `ERR_DISKCACHE_DISK_FULL`, else `ERR_DISKCACHE_STORAGE`. What a transaction's body threw,
 * and all others, as they are.
 */
export function storageError(error: unknown, what: string): unknown {
  if (error instanceof ThrownByBody) return error.error;
  if (isClosed(error)) return failure('ERR_DISKCACHE_CLOSED', `${what}: the cache was closed`, error);
  if (!(error instanceof SqliteError) && !isSystemError(error)) return error;
  if (isDiskFull(error)) return failure('ERR_DISKCACHE_DISK_FULL', `${what}: ${error.message}`, error);
  switch (damageOf(error)) {
    case 'foreign':
      return failure('ERR_DISKCACHE_FORMAT', `${what}: the file is not a database`, error);
    case 'corrupt':
      return failure('ERR_DISKCACHE_CORRUPT', `${what}: ${error.message}`, error);
    case undefined:
      return failure('ERR_DISKCACHE_STORAGE', `${what}: ${error.message}`, error);
  }
}

/** What better-sqlite3 says of a database that was closed. */
function isClosed(error: unknown): error is TypeError {
  return error instanceof TypeError && error.message === 'The database connection is not open';
}

function failure(code: DiskCacheError['code'], message: string, cause: Error): DiskCacheError {
  return new DiskCacheError(code, message, { cause });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
