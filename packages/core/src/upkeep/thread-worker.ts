import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { CONNECTION_PRAGMAS } from '../storage/rows/schema.ts';
import { checkCache } from './check.ts';
import type { ThreadOrder, ThreadReply, ThreadResults } from './thread.ts';

/** How long a checkpoint may wait for a reader or writer. Writers may wait as long for it, so it is short. */
const PATIENCE_MS = 100;

const databases = new Map<string, Database.Database>();

function databaseOf(directory: string): Database.Database {
  let db = databases.get(directory);
  if (db === undefined) {
    db = new Database(join(directory, 'cache.db'), { fileMustExist: true });
    for (const pragma of CONNECTION_PRAGMAS) db.pragma(pragma);
    db.pragma(`busy_timeout = ${PATIENCE_MS}`);
    databases.set(directory, db);
  }
  return db;
}

function checkpoint(directory: string, mode: 'PASSIVE' | 'RESTART' | 'TRUNCATE'): { busy: boolean } {
  const [row] = databaseOf(directory).pragma(`wal_checkpoint(${mode})`) as { busy: number }[];
  return { busy: row?.busy !== 0 };
}

function carryOut({ name, directory, now }: ThreadOrder): ThreadResults[ThreadOrder['name']] {
  switch (name) {
    case 'checkpoint':
      return checkpoint(directory, 'PASSIVE');
    case 'restart':
      return checkpoint(directory, 'RESTART');
    case 'truncate':
      return checkpoint(directory, 'TRUNCATE');
    case 'check':
      return checkCache(databaseOf(directory), directory, now);
    case 'close':
      databases.get(directory)?.close();
      databases.delete(directory);
      return undefined;
  }
}

parentPort?.on('message', (given: ThreadOrder) => {
  let reply: ThreadReply;
  try {
    reply = { id: given.id, result: carryOut(given) };
  } catch (error) {
    reply = { id: given.id, error: error as Error };
  }
  parentPort?.postMessage(reply);
});
