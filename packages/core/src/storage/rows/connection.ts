import { type DatabaseOptions, type OpenedDatabase, openDatabase } from './open-database.ts';
import { openReadOnly } from './open-read-only.ts';
import { PathLock } from './path-lock.ts';
import { asideName, identityOf, isSameFile, setAside } from './set-aside.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { Statements } from './statements.ts';

/** The connection of one cache to its database, in whose place another one can be opened. */
export class Connection {
  /** After reopen() it has the statements for the database that is open then: whoever holds it, or a part of it, goes on. */
  readonly sql: Statements;
  readonly #options: DatabaseOptions;
  #opened: OpenedDatabase;

  /** @throws DiskCacheError as openDatabase() and openReadOnly() do */
  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#opened = this.#open();
    this.sql = this.#opened.sql;
  }

  get db(): SqliteDatabase {
    return this.#opened.db;
  }

  /** Where the database is that is read: a copy, if only that could be opened. */
  get path(): string {
    return this.#opened.db.name;
  }

  /** Whether what is open is what is at the path, at the cost of a look at the file system. */
  get isCurrent(): boolean {
    return this.#opened.isCurrent();
  }

  /**
   * Opens what is at the path now, or makes it, in place of what was open.
   *
   * @param damage what is wrong with the one that is open, so that it is set aside unless another process has done so
   * @throws DiskCacheError as openDatabase() and openReadOnly() do; then all stays as it was
   */
  reopen(damage?: 'corrupt' | 'foreign'): void {
    const { path, onRecreate } = this.#options;
    const before = this.#opened;
    const movedTo = damage && this.#setAside(damage);
    if (damage !== undefined && movedTo !== undefined) onRecreate({ reason: damage, movedTo });
    const isGone = identityOf(path) === undefined;
    this.#opened = this.#open();
    fill(this.sql, this.#opened.sql);
    before.close();
    if (movedTo === undefined && !isSameFile(this.#opened.file, before.file))
      onRecreate({ reason: isGone ? 'removed' : 'replaced', movedTo });
  }

  close(): void {
    this.#opened.close();
  }

  #open(): OpenedDatabase {
    return this.#options.readOnly ? openReadOnly(this.#options) : openDatabase(this.#options);
  }

  #setAside(damage: 'corrupt' | 'foreign'): string | undefined {
    const { path, timeoutMs } = this.#options;
    return new PathLock(path, timeoutMs).alone(() => {
      if (!this.isCurrent) return undefined;
      // Windows moves no open file.
      if (process.platform === 'win32') this.#opened.db.close();
      const aside = asideName(this.#options, damage);
      setAside(path, aside);
      return aside;
    });
  }
}

/** Puts the statements of another database into the place of those that there are. */
function fill(statements: Statements, { pages, ...others }: Statements): void {
  statements.pages.switchTo(pages);
  Object.assign(statements, others);
}
