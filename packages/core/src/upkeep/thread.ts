import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DiskCacheError, type DiskCacheErrorCode } from '../errors.ts';
import type { Truncated } from '../storage/rows/truncation.ts';
import { damageByCode } from '../storage/rows/sqlite-error.ts';
import type { CheckReport } from './check.ts';

/** What a checkpoint came to. */
export interface CheckpointResult {
  /** Whether somebody was in the way. */
  readonly busy: boolean;
  /** Whether that was another checkpoint. */
  readonly byCheckpoint: boolean;
}

/** What the thread can be asked for, by the name of the order, and what each comes to. */
export interface ThreadResults {
  /** Moves the log into the database as far as nobody is in the way. */
  checkpoint: CheckpointResult;
  /** The same, keeping writers out until the log can be filled from its start again. */
  restart: CheckpointResult;
  /** The same, leaving the log's file empty. */
  truncate: CheckpointResult;
  check: CheckReport;
  /** Removes all entries at once, unless somebody else has the write lock. */
  clear: Truncated | 'busy';
  /** Lets go of the cache. */
  close: undefined;
}

export type ThreadOrderName = keyof ThreadResults;

export interface ThreadOrder {
  readonly id: number;
  readonly name: ThreadOrderName;
  readonly directory: string;
  /** The cache's own time, in ms since the epoch. */
  readonly now: number;
  /** Where the database is, of a cache that is only to be read. */
  readonly readOnlyPath?: string | undefined;
}

export type ThreadReply =
  | { readonly id: number; readonly result: ThreadResults[ThreadOrderName] }
  | { readonly id: number; readonly error: Error; readonly code: string };

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, Waiting>();
/** The caches whose database the thread has open. */
const known = new Set<string>();

/**
 * Has the one thread that all caches of this process share do what would take long, or wait for the disk. The first
 * order starts it; it does not keep the process alive on its own.
 */
export function order<Name extends ThreadOrderName>(
  name: Name,
  directory: string,
  now: number,
  readOnlyPath?: string,
): Promise<ThreadResults[Name]> {
  worker ??= start();
  known.add(directory);
  const id = ++lastId;
  const ordered = worker;
  return new Promise<ThreadResults[Name]>((resolve, reject) => {
    waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
    ordered.ref();
    ordered.postMessage({ id, name, directory, now, readOnlyPath } satisfies ThreadOrder);
  });
}

/** Has the thread let go of a cache, if it was asked for anything there. */
export async function letGo(directory: string): Promise<void> {
  if (!known.has(directory)) return;
  const closed = order('close', directory, 0);
  known.delete(directory);
  await closed;
}

/** An error loses its class on its way between threads. */
function storageFailure(cause: Error, sqliteCode = ''): DiskCacheError {
  return new DiskCacheError(codeOf(sqliteCode), `the thread of DiskCache failed: ${cause.message}`, {
    cause,
  });
}

function codeOf(sqliteCode: string): DiskCacheErrorCode {
  if (sqliteCode === 'SQLITE_FULL') return 'ERR_DISKCACHE_DISK_FULL';
  return damageByCode(sqliteCode) === undefined ? 'ERR_DISKCACHE_STORAGE' : 'ERR_DISKCACHE_CORRUPT';
}

function start(): Worker {
  const started = new Worker(join(__dirname, 'thread-worker.js'), { name: 'diskcache' });
  const fail = (error: Error) => {
    if (worker !== started) return;
    worker = undefined;
    known.clear();
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
  };
  started.on('message', (reply: ThreadReply) => {
    const one = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) one?.reject(storageFailure(reply.error, reply.code));
    else one?.resolve(reply.result);
    if (waiting.size === 0) started.unref();
  });
  started.on('error', fail);
  started.on('exit', (code) => fail(new Error(`the thread of DiskCache ended with code ${code}`)));
  started.unref();
  return started;
}
