import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory, markAsCache } from './directory.ts';
import { DiskSpace } from './disk-space.ts';
import { isMissing } from './files/new-file.ts';
import { Connection } from './rows/connection.ts';
import type { DatabaseOptions } from './rows/open-database.ts';
import { isDiskFull } from './rows/sqlite-error.ts';

export interface HomeOptions extends Omit<DatabaseOptions, 'path'> {
  readonly directory: string;
  readonly sizeLimit: number;
}

/** So often in a row the folder is made again when it is gone before something is in it. */
const ATTEMPTS = 100;

/** The folder that a cache is in, and its database there. */
export class Home {
  readonly connection: Connection;
  readonly space: DiskSpace;
  /** Where cache.db is to be. */
  readonly path: string;
  /** The folders in which something may have a new name, since they were made or the cache is new. */
  newFolders: readonly string[] = [];
  readonly #directory: string;
  readonly #readOnly: boolean;

  constructor({ directory, sizeLimit, ...database }: HomeOptions) {
    this.#directory = directory;
    this.#readOnly = database.readOnly;
    this.path = join(directory, 'cache.db');
    this.space = new DiskSpace(directory, sizeLimit / (database.parts ?? 1));
    this.connection = this.#inFolder(() => new Connection({ ...database, path: this.path }));
  }

  /** Opens the database that is in the folder now, or makes it, in place of the one that was open. */
  reopen(damage: 'corrupt' | 'foreign' | undefined): void {
    this.#inFolder(() => this.connection.reopen(damage));
  }

  /** How much the file of a database of so many bytes has to grow, since a part of it is only in the log. */
  growthInLog(databaseBytes: number): number {
    const bytes = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    return Math.max(0, databaseBytes - bytes);
  }

  #inFolder<T>(open: () => T): T {
    if (this.#readOnly) return open();
    for (let attempt = 1; ; attempt++) {
      try {
        this.newFolders = makeDirectory(this.#directory);
        const isNew = !existsSync(this.path);
        const opened = this.#withReserve(open);
        markAsCache(this.#directory);
        if (isNew) this.space.keepBack(0);
        return opened;
      } catch (error) {
        // Another process has just removed the cache that was here, and the folder with it.
        if (attempt === ATTEMPTS || !isMissing((error as Error).cause ?? error)) throw error;
      }
    }
  }

  /** On a full disk also SQLite's files beside a database that nobody has open need room. */
  #withReserve<T>(open: () => T): T {
    try {
      return open();
    } catch (error) {
      if (!isDiskFull(error) || !this.space.release()) throw error;
      return open();
    }
  }
}
