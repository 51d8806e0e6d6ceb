import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { DiskCacheError } from '../errors.ts';
import { CONNECTION_PRAGMAS, FORMAT_VERSION } from '../storage/rows/schema.ts';
import { closeDatabase } from '../storage/rows/close-database.ts';
import { isCurrentFormat } from '../storage/rows/format.ts';
import { PathLock } from '../storage/rows/path-lock.ts';
import { identityOf } from '../storage/rows/set-aside.ts';
import { isBusy } from '../storage/rows/sqlite-error.ts';
import { type Truncated, truncateNow } from '../storage/rows/truncation.ts';
import type { CheckReport } from './findings.ts';
import type { CheckpointResult, ThreadAbort, ThreadOrder, ThreadReply, ThreadResults } from './thread.ts';
import { checkOnThread, type CheckTerms } from './thread-check.ts';

/** How long a checkpoint may wait for a reader or writer. Writers may wait as long for it, so it is short. */
const PATIENCE_MS = 100;

/** Orders that are to be given up. */
const aborted = new Set<number>();

interface Opened {
  readonly db: Database.Database;
  close(): void;
}

const databases = new Map<string, Opened>();

function databaseOf(directory: string): Database.Database {
  let known = databases.get(directory);
  if (known === undefined) {
    known = opened(join(directory, 'cache.db'));
    databases.set(directory, known);
  }
  return known.db;
}

function opened(path: string): Opened {
  const lock = new PathLock(path, PATIENCE_MS);
  return lock.together(() => {
    const file = identityOf(path);
    const db = new Database(path, { timeout: PATIENCE_MS, fileMustExist: true });
    try {
      for (const pragma of CONNECTION_PRAGMAS) db.pragma(pragma);
      // Also opens the log, which the first read does.
      if (isCurrentFormat(db, path)) return { db, close: () => closeDatabase(db, path, file, lock) };
      throw new DiskCacheError('ERR_DISKCACHE_FORMAT', `${path} is no cache`);
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

function checkpoint(directory: string, mode: 'PASSIVE' | 'RESTART' | 'TRUNCATE'): CheckpointResult {
  const db = databaseOf(directory);
  const [row] = db.pragma(`wal_checkpoint(${mode})`) as { busy: number; log: number; checkpointed: number }[];
  const { busy, log, checkpointed } = row ?? { busy: 1, log: 0, checkpointed: 0 };
  if (mode !== 'TRUNCATE' && busy === 0 && log > 0 && log === checkpointed) beginLog(db);
  return { busy: busy !== 0, byCheckpoint: log === -1 };
}

/** Who first writes to a log that is filled anew waits for the disk: better this thread than another. */
function beginLog(db: Database.Database): void {
  try {
    db.transaction(() => db.pragma(`user_version = ${FORMAT_VERSION}`)).immediate();
  } catch (error) {
    // Then somebody else has done it.
    if (!isBusy(error)) throw error;
  }
}

function clear(db: Database.Database, now: number): Truncated | 'busy' {
  try {
    return truncateNow(db, now);
  } catch (error) {
    if (isBusy(error)) return 'busy';
    throw error;
  }
}

function carryOut({
  id,
  name,
  directory,
  now,
  check,
}: ThreadOrder): ThreadResults[ThreadOrder['name']] | Promise<CheckReport | undefined> {
  switch (name) {
    case 'checkpoint':
      return checkpoint(directory, 'PASSIVE');
    case 'restart':
      return checkpoint(directory, 'RESTART');
    case 'truncate':
      return checkpoint(directory, 'TRUNCATE');
    case 'check':
      return checkOnThread(directory, now, check as CheckTerms, (progress) => {
        parentPort?.postMessage({ id, progress } satisfies ThreadReply);
        return !aborted.delete(id);
      });
    case 'clear':
      return clear(databaseOf(directory), now);
    case 'close':
      databases.get(directory)?.close();
      databases.delete(directory);
      return undefined;
  }
}

async function reply(given: ThreadOrder): Promise<void> {
  let reply: ThreadReply;
  try {
    const result = carryOut(given);
    reply = { id: given.id, result: result instanceof Promise ? await result : result };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    reply = { id: given.id, error: error as Error, code };
  }
  aborted.delete(given.id);
  parentPort?.postMessage(reply);
}

parentPort?.on('message', (given: ThreadOrder | ThreadAbort) => {
  if ('abort' in given) aborted.add(given.abort);
  else void reply(given);
});
