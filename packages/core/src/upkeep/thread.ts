import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CheckReport } from './check.ts';

/** What the thread can be asked for, by the name of the order, and what each comes to. */
export interface ThreadResults {
  /** Moves the log into the database as far as nobody is in the way. Its result: whether somebody was. */
  checkpoint: { readonly busy: boolean };
  /** The same, keeping writers out until the log can be filled from its start again. */
  restart: { readonly busy: boolean };
  /** The same, leaving the log's file empty. */
  truncate: { readonly busy: boolean };
  check: CheckReport;
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
}

export type ThreadReply =
  | { readonly id: number; readonly result: ThreadResults[ThreadOrderName] }
  | { readonly id: number; readonly error: Error };

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, Waiting>();

/**
 * Has the one thread that all caches of this process share do what would take long, or wait for the disk. The first
 * order starts it; it does not keep the process alive on its own.
 */
export function order<Name extends ThreadOrderName>(
  name: Name,
  directory: string,
  now: number,
): Promise<ThreadResults[Name]> {
  worker ??= start();
  const id = ++lastId;
  const ordered = worker;
  return new Promise<ThreadResults[Name]>((resolve, reject) => {
    waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
    ordered.ref();
    ordered.postMessage({ id, name, directory, now } satisfies ThreadOrder);
  });
}

function start(): Worker {
  const started = new Worker(join(__dirname, 'thread-worker.js'), { name: 'diskcache' });
  const fail = (error: Error) => {
    if (worker !== started) return;
    worker = undefined;
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
  };
  started.on('message', (reply: ThreadReply) => {
    const one = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) one?.reject(reply.error);
    else one?.resolve(reply.result);
    if (waiting.size === 0) started.unref();
  });
  started.on('error', fail);
  started.on('exit', (code) => fail(new Error(`the thread of DiskCache ended with code ${code}`)));
  started.unref();
  return started;
}
