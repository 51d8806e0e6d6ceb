import { EventEmitter } from 'node:events';

/** What a cache tells those who listen, see DiskCache.on(). */
export interface CacheEvents {
  /** Work in the background failed; no call is there to reject. Without a listener it becomes a process warning. */
  error: [error: Error];
  /** A reader outside of DiskCache keeps the write-ahead log from being filled anew, so that it grows; it shrinks when the reader is gone. */
  pinned: [logBytes: number];
}

/** Listeners are called in order, and a failure in the background never goes unheard. */
export class Events extends EventEmitter<CacheEvents> {
  report(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    if (this.listenerCount('error') > 0) this.emit('error', reason);
    else process.emitWarning(reason);
  }
}
