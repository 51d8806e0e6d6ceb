import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DiskCacheError } from '../../errors.ts';
import { syncFolder, syncFolderSync } from '../files/folder-sync.ts';

/** A transaction was committed, but nobody can tell whether it is on disk. */
export class NotSynced extends DiskCacheError {
  constructor(cause: Error) {
    super('ERR_DISKCACHE_STORAGE', `committed, but it may not outlive a power cut: ${cause.message}`, {
      cause,
    });
  }
}

/**
 * Waits until what was committed is on disk, which SQLite itself is not asked to do: its sync would stop the event loop.
 * A commit is in the write-ahead log's file when it returns, and a log that is on disk is found there after a power cut
 * (https://www.sqlite.org/walformat.html, "Recovery"); before the log is filled anew a checkpoint has synced all of it, and
 * what it moved (https://www.sqlite.org/pragma.html#pragma_synchronous, NORMAL).
 *
 * The log's file is opened each time, since it may be another one after the database was closed. Closing it harms no lock:
 * SQLite's locks are on cache.db and its -shm file, never on the log.
 */
export class LogSync {
  readonly #path: string;
  readonly #folders: () => readonly string[];
  #areFoldersSynced = false;
  #failure: NotSynced | undefined;
  #running: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;

  /** @param folders gives those in which the database, or the folder that it is in, may have a new name */
  constructor(databasePath: string, folders: () => readonly string[]) {
    this.#path = `${databasePath}-wal`;
    this.#folders = folders;
  }

  /** Another one, with a log of its own, is in the place of the database that was open before. */
  databaseReplaced(): void {
    this.#areFoldersSynced = false;
    this.#failure = undefined;
  }

  /** Resolves when everything that is committed by now is on disk. Earlier calls resolve first. */
  synced(): Promise<void> {
    // A sync that has begun already may miss what was committed since: the next one is for all who came meanwhile.
    this.#waiting ??= this.#afterRunning();
    return this.#waiting;
  }

  /** The same on the caller's thread. */
  syncNow(): void {
    this.#assertKnown();
    try {
      if (!this.#areFoldersSynced) this.#folders().forEach(syncFolderSync);
      this.#areFoldersSynced = true;
      const log = openSync(this.#path, 'r+');
      try {
        fdatasyncSync(log);
      } catch (error) {
        throw this.#failed(error);
      } finally {
        closeSync(log);
      }
    } catch (error) {
      throw notSynced(error);
    }
  }

  #afterRunning(): Promise<void> {
    const before = this.#running?.catch(() => undefined) ?? Promise.resolve();
    const sync = before
      .then(() => {
        this.#running = sync;
        this.#waiting = undefined;
        return this.#sync();
      })
      .finally(() => {
        if (this.#running === sync) this.#running = undefined;
      });
    return sync;
  }

  async #sync(): Promise<void> {
    this.#assertKnown();
    try {
      if (!this.#areFoldersSynced) for (const folder of this.#folders()) await syncFolder(folder);
      this.#areFoldersSynced = true;
      const log = await open(this.#path, 'r+');
      try {
        await log.datasync();
      } catch (error) {
        throw this.#failed(error);
      } finally {
        await log.close();
      }
    } catch (error) {
      throw notSynced(error);
    }
  }

  /** What could not be synced may be lost for good, and then all that follows it in the log is worth nothing. */
  #failed(error: unknown): NotSynced {
    this.#failure = notSynced(error);
    return this.#failure;
  }

  #assertKnown(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function notSynced(error: unknown): NotSynced {
  return error instanceof NotSynced ? error : new NotSynced(error as Error);
}
