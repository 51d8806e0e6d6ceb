import { chmodSync, closeSync, existsSync, openSync, unlinkSync } from 'node:fs';
import Database from 'better-sqlite3';
import { ignoreMissing } from '../files/new-file.ts';
import { type FileIdentity, identityOf, isSameFile } from './set-aside.ts';
import { whileBusy } from './while-busy.ts';

const TOGETHER = 'BEGIN; SELECT 1 FROM sqlite_schema';
/** In memory, since it begins a journal that is never needed. */
const ALONE = 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE';

/**
 * SQLite opens and removes the log of a database by its name. Who opens or closes the database therefore does it together
 * with others but never while somebody makes it or moves it away, who does that alone. The lock is SQLite's own, on an empty file
 * beside the database, so that it is free when its holder was killed. Only who has it alone may remove it.
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
    return this.#holding(TOGETHER, work);
  }

  /** Does something that changes what the names stand for. Not within together(). */
  alone<T>(work: () => T): T {
    return this.#holding(ALONE, work);
  }

  /** Takes the lock together with others until it is let go. @returns what lets go of it */
  hold(): () => void {
    const lock = this.#taken(TOGETHER);
    return () => lock?.close();
  }

  /** The same alone. */
  holdAlone(): () => void {
    const lock = this.#taken(ALONE);
    return () => lock?.close();
  }

  /** Closes the database together with others, or where that is not to be had, as when the folder is gone, all the same. */
  closing(close: () => void): void {
    this.#closing(TOGETHER, close);
  }

  /** The same alone. */
  closingAlone(close: () => void): void {
    this.#closing(ALONE, close);
  }

  #closing(begin: string, close: () => void): void {
    try {
      return this.#holding(begin, close, false);
    } catch {
      // What close() itself throws it throws again.
    }
    close();
  }

  /** Whether there is one to be taken, without making it. */
  get exists(): boolean {
    return existsSync(this.#path);
  }

  /** Removes the lock itself. Within alone(): who waits for it then takes the one that is there next. */
  remove(): void {
    try {
      unlinkSync(this.#path);
    } catch (error) {
      // Others may have it open. An empty one harms nobody.
      if (process.platform !== 'win32') ignoreMissing(error);
    }
  }

  /** @param makes the lock where there is none; else it does without */
  #holding<T>(begin: string, work: () => T, makes = !this.#readOnly): T {
    const lock = this.#taken(begin, makes);
    try {
      return work();
    } finally {
      lock?.close();
    }
  }

  /** @returns the connection that holds the lock, or undefined where it does without */
  #taken(begin: string, makes = !this.#readOnly): Database.Database | undefined {
    for (;;) {
      const file = identityOf(this.#path);
      if (file === undefined && !makes) return undefined;
      const lock = this.#open(file, makes);
      let isTaken = false;
      try {
        if (file !== undefined && lock !== undefined) {
          whileBusy(this.#timeoutMs, () => {
            if (lock.inTransaction) lock.exec('ROLLBACK');
            lock.exec(begin);
          });
          // Who removes a cache removes the lock too: the one to hold is that of the next cache then.
          isTaken = isSameFile(identityOf(this.#path), file);
          if (isTaken) return lock;
        }
        if (makes) makePrivate(this.#path);
      } finally {
        if (!isTaken) lock?.close();
      }
    }
  }

  /**
   * SQLite makes the file: to close it, as we would have to, would end the locks that another thread has on it by then.
   *
   * @param file what was there before
   * @returns undefined when something else is there now
   */
  #open(file: FileIdentity | undefined, makes: boolean): Database.Database | undefined {
    try {
      return new Database(this.#path, { timeout: 0, readonly: this.#readOnly, fileMustExist: !makes });
    } catch (error) {
      const found = identityOf(this.#path);
      if (found !== undefined && isSameFile(found, file)) throw error;
      // Says what SQLite does not: why not.
      if (found === undefined && makes) createPrivateFile(this.#path);
      return undefined;
    }
  }
}

function makePrivate(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    ignoreMissing(error);
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
