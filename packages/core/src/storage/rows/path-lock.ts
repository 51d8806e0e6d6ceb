import { closeSync, existsSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { whileBusy } from './while-busy.ts';

const TOGETHER = 'BEGIN; SELECT 1 FROM sqlite_schema';

/**
 * SQLite opens and removes the log of a database by its name. Who opens or closes the database therefore does it together
 * with others but never while somebody makes it or moves it away, who does that alone. The lock is SQLite's own, on an empty file
 * beside the database, so that it is free when its holder was killed.
 */
export class PathLock {
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #readOnly: boolean;

  /** @param readOnly takes the lock only where its file is there already */
  constructor(databasePath: string, timeoutMs: number, { readOnly = false } = {}) {
    this.#path = `${databasePath}.lock`;
    this.#timeoutMs = timeoutMs;
    this.#readOnly = readOnly;
  }

  /** Does something that needs the names to stay. Not within alone(). */
  together<T>(work: () => T): T {
    if (this.#readOnly && !existsSync(this.#path)) return work();
    return this.#holding(TOGETHER, work);
  }

  /** Takes the lock together with others until it is let go. @returns what lets go of it */
  hold(): () => void {
    if (this.#readOnly && !existsSync(this.#path)) return () => undefined;
    const lock = this.#open();
    try {
      this.#begin(lock, TOGETHER);
      return () => lock.close();
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Closes the database together with others, or where that is not to be had, as when the folder is gone, all the same. */
  closing(close: () => void): void {
    this.#ifThere((work) => this.together(work), close);
  }

  /** The same alone. */
  closingAlone(close: () => void): void {
    this.#ifThere((work) => this.alone(work), close);
  }

  #ifThere(hold: (work: () => void) => void, close: () => void): void {
    try {
      if (existsSync(this.#path)) return hold(close);
    } catch {
      // What close() itself throws it throws again.
    }
    close();
  }

  /** Does something that changes what the names stand for. Not within together(). */
  alone<T>(work: () => T): T {
    // In memory, since it begins a journal that is never needed.
    return this.#holding('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE', work);
  }

  #holding<T>(begin: string, work: () => T): T {
    const lock = this.#open();
    try {
      this.#begin(lock, begin);
      return work();
    } finally {
      lock.close();
    }
  }

  #begin(lock: Database.Database, begin: string): void {
    whileBusy(this.#timeoutMs, () => {
      if (lock.inTransaction) lock.exec('ROLLBACK');
      lock.exec(begin);
    });
  }

  #open(): Database.Database {
    if (!existsSync(this.#path)) createPrivateFile(this.#path);
    return new Database(this.#path, { timeout: 0, readonly: this.#readOnly });
  }
}

/** Makes a file that is private to the user, unless there is one; SQLite gives its other files the same mode. */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
