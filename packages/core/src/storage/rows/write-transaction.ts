import { isBusy } from './sqlite-error.ts';
import type { Connection } from './connection.ts';
import type { Statements } from './statements.ts';
import { type Totals, totalsFrom } from './totals.ts';

/** What has to be done about files once a transaction has ended. */
export interface FileChanges {
  /** Files whose rows are gone or point elsewhere after COMMIT. */
  readonly replaced: string[];
  /** Files that this transaction's rows point to. */
  readonly written: string[];
}

/**
 * The one write transaction of a connection: the lock, the totals as they are inside it, and the files that must go
 * when it ends.
 */
export class WriteTransaction {
  readonly #connection: Connection;
  readonly #sql: Statements;
  #totals: Totals | undefined;
  #totalsChanged = false;
  #files: FileChanges = { replaced: [], written: [] };
  #evictionsSeen = 0;
  #takenBack = 0;
  #isWriting = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#sql = connection.sql;
  }

  get isOpen(): boolean {
    return this.#connection.db.inTransaction;
  }

  /** Whether what is read now may be this transaction's own. Cheaper to ask than whether one is open. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** Takes the write lock, or returns false at once while another connection has it. */
  begin(): boolean {
    try {
      this.#sql.begin.run();
      this.#isWriting = true;
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
  }

  /** Makes all changes durable together. @returns the files that nothing points to any more */
  commit(): readonly string[] {
    if (this.#totalsChanged) this.#sql.setTotals.run(JSON.stringify(this.#totals));
    this.#sql.commit.run();
    return this.#end().replaced;
  }

  /** Takes back all changes. @returns the files that nothing points to any more */
  rollback(): readonly string[] {
    this.#takenBack++;
    // A full disk or a failed write makes SQLite roll back by itself.
    if (this.#connection.db.inTransaction) this.#sql.rollback.run();
    return this.#end().written;
  }

  /** Runs `body` so that its changes alone are taken back when it throws. */
  nested<T>(body: () => T, removeFile: (name: string) => void): T {
    const totals = this.#totals && { ...this.#totals };
    const changed = this.#totalsChanged;
    const replaced = this.#files.replaced.length;
    const written = this.#files.written.length;
    this.#sql.savepoint.run();
    try {
      const result = body();
      this.#sql.release.run();
      return result;
    } catch (error) {
      this.#takenBack++;
      if (this.#connection.db.inTransaction) {
        this.#sql.rollbackToSavepoint.run();
        this.#sql.release.run();
        this.#totals = totals;
        this.#totalsChanged = changed;
        this.#files.replaced.length = replaced;
        this.#files.written.splice(written).forEach(removeFile);
      }
      throw error;
    }
  }

  /** Another number once changes were taken back: what was learned of the rows since may be wrong. */
  get takenBack(): number {
    return this.#takenBack;
  }

  /** The totals as of now, this transaction's changes included. */
  get totals(): Readonly<Totals> {
    return (this.#totals ??= this.#readTotals());
  }

  /** How many entries were ever evicted, as far as this process has heard: the clock of the policies. */
  get evictionsSeen(): number {
    return this.#totals?.evictions ?? this.#evictionsSeen;
  }

  add(change: Partial<Totals>): void {
    const totals = (this.#totals ??= this.#readTotals());
    totals.count += change.count ?? 0;
    totals.space += change.space ?? 0;
    totals.fileSpace += change.fileSpace ?? 0;
    totals.evictions += change.evictions ?? 0;
    totals.seq += change.seq ?? 0;
    totals.arrivals += change.arrivals ?? 0;
    totals.swept += change.swept ?? 0;
    totals.resets += change.resets ?? 0;
    this.#totalsChanged = true;
  }

  setTotals(totals: Totals): void {
    this.#totals = { ...totals };
    this.#totalsChanged = true;
  }

  /** Forgets what was known of the database that was open before. */
  databaseReplaced(): void {
    this.#end();
    this.#evictionsSeen = 0;
    this.#takenBack++;
  }

  fileReplaced(name: string): void {
    this.#files.replaced.push(name);
  }

  fileWritten(name: string): void {
    this.#files.written.push(name);
  }

  #readTotals(): Totals {
    return totalsFrom(this.#sql.totals.get());
  }

  #end(): FileChanges {
    const files = this.#files;
    this.#isWriting = false;
    this.#evictionsSeen = this.evictionsSeen;
    this.#totals = undefined;
    this.#totalsChanged = false;
    this.#files = { replaced: [], written: [] };
    return files;
  }
}
