import { PathLock } from './path-lock.ts';
import { type DatabaseOptions, type OpenedDatabase, openDatabase } from './open-database.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { Statements } from './statements.ts';

/** The connection of one cache to its database. */
export class Connection {
  readonly sql: Statements;
  readonly #lock: PathLock;
  #opened: OpenedDatabase;

  /** @throws DiskCacheError as openDatabase() does */
  constructor(options: DatabaseOptions) {
    this.#lock = new PathLock(options.path, options.timeoutMs);
    this.#opened = openDatabase(options);
    this.sql = this.#opened.sql;
  }

  get db(): SqliteDatabase {
    return this.#opened.db;
  }

  close(): void {
    this.#lock.closing(() => this.#opened.db.close());
  }
}
