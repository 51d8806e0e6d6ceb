import { SqliteError } from 'better-sqlite3';
import { DiskCacheError } from '../../errors.ts';

/** Whether the failure is only another connection's lock, so that trying again can succeed. */
export function isBusy(error: unknown): boolean {
  return error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY');
}

/** Whether SQLite found its file damaged. */
export function isDamage(error: unknown): error is Error {
  return error instanceof SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}

/** What the body of a transaction threw, on its way to the caller: never to be taken for an error of ours. */
export class ThrownByBody {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/**
 * Errors of SQLite and of the system as `ERR_DISKCACHE_STORAGE`, so that they have a stable code; what a transaction's
 * body threw, and all others, as they are.
 */
export function storageError(error: unknown, what: string): unknown {
  if (error instanceof ThrownByBody) return error.error;
  if (error instanceof SqliteError && error.code === 'SQLITE_NOTADB') {
    return new DiskCacheError('ERR_DISKCACHE_FORMAT', `${what}: the file is not a database`, {
      cause: error,
    });
  }
  if (error instanceof TypeError && error.message === 'The database connection is not open') {
    return new DiskCacheError('ERR_DISKCACHE_CLOSED', `${what}: the cache was closed`, { cause: error });
  }
  if (error instanceof SqliteError || isSystemError(error)) {
    return new DiskCacheError('ERR_DISKCACHE_STORAGE', `${what}: ${error.message}`, { cause: error });
  }
  return error;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
