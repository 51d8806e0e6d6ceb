import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DiskCacheError, type DiskCacheErrorCode } from '../errors.ts';
import type { Truncated } from '../storage/rows/truncation.ts';
import { damageByCode } from '../storage/rows/sqlite-error.ts';
import type { CheckReport } from './findings.ts';
import type { CheckTerms } from './thread-check.ts';

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
  /** Undefined when it was given up. */
  check: CheckReport | undefined;
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
  /** Of the order to check it. */
  readonly check?: CheckTerms | undefined;
}

/** Has an order given up, if it can be. */
export interface ThreadAbort {
  readonly abort: number;
}

export type ThreadReply =
  | { readonly id: number; readonly result: ThreadResults[ThreadOrderName] }
  | { readonly id: number; readonly error: Error; readonly code: string }
  | { readonly id: number; readonly progress: number };

/** What an order that takes long may be given. */
export interface LongOrder {
  readonly check: CheckTerms;
  readonly signal: AbortSignal | undefined;
  /** What it throws ends the order. */
  readonly onProgress: (progress: number) => void;
}

interface Waiting {
  progressed(progress: number): void;
  ended(): void;
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
 *
 * @throws DiskCacheError `ERR_DISKCACHE_STORAGE` when there can be no thread, as where no file descriptor is left; the next
 *   order tries again
 */
export async function order<Name extends ThreadOrderName>(
  name: Name,
  directory: string,
  now: number,
  long?: LongOrder,
): Promise<ThreadResults[Name]> {
  const ordered = (worker ??= start());
  known.add(directory);
  const id = ++lastId;
  return new Promise<ThreadResults[Name]>((resolve, reject) => {
    // Who gives it up need not wait until the thread has come to know.
    let isGivenUp = false;
    const giveUp = (reason: unknown) => {
      isGivenUp = true;
      reject(reason);
      ordered.postMessage({ abort: id } satisfies ThreadAbort);
    };
    const abort = () => giveUp(long?.signal?.reason);
    long?.signal?.addEventListener('abort', abort, { once: true });
    waiting.set(id, {
      resolve: (result) => resolve(result as ThreadResults[Name]),
      reject,
      ended: () => long?.signal?.removeEventListener('abort', abort),
      progressed: (progress) => {
        if (isGivenUp) return;
        try {
          long?.onProgress(progress);
        } catch (error) {
          giveUp(error);
        }
      },
    });
    ordered.ref();
    ordered.postMessage({ id, name, directory, now, check: long?.check } satisfies ThreadOrder);
  });
}

/**
 * Has the thread let go of a cache, if it was asked for anything there.
 *
 * @throws DiskCacheError `ERR_DISKCACHE_STORAGE`, whatever is wrong with what it had open: that may be gone long since
 */
export async function letGo(directory: string): Promise<void> {
  if (!known.has(directory)) return;
  const closed = order('close', directory, 0);
  known.delete(directory);
  await closed.catch((error: unknown) => {
    throw new DiskCacheError('ERR_DISKCACHE_STORAGE', (error as Error).message, { cause: error });
  });
}

/** Whether the thread failed, or is not there, and not the database: what it was to do another thread may still do. */
export function isThreadFailure(error: unknown): boolean {
  return error instanceof DiskCacheError && error.code === 'ERR_DISKCACHE_STORAGE';
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
  const started = newWorker();
  const fail = (cause: unknown) => {
    if (worker !== started) return;
    worker = undefined;
    known.clear();
    for (const one of waiting.values()) {
      one.ended();
      one.reject(noThread(cause));
    }
    waiting.clear();
  };
  started.on('message', (reply: ThreadReply) => {
    const one = waiting.get(reply.id);
    if ('progress' in reply) return one?.progressed(reply.progress);
    waiting.delete(reply.id);
    one?.ended();
    if ('error' in reply) one?.reject(storageFailure(reply.error, reply.code));
    else one?.resolve(reply.result);
    if (waiting.size === 0) started.unref();
  });
  started.on('error', fail);
  started.on('exit', (code) => fail(new Error(`it ended with code ${code}`)));
  started.unref();
  return started;
}

function newWorker(): Worker {
  try {
    return new Worker(join(__dirname, 'thread-worker.js'), { name: 'diskcache' });
  } catch (error) {
    throw noThread(error);
  }
}

function noThread(cause: unknown): DiskCacheError {
  const message = `there is no thread of DiskCache: ${(cause as Error).message}`;
  return new DiskCacheError('ERR_DISKCACHE_STORAGE', message, { cause });
}
