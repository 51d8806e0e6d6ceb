import { DiskCacheError } from '../../errors.ts';
import { isBusy } from './sqlite-error.ts';
import type { Connection } from './connection.ts';
import type { Statements } from './statements.ts';
import { type Totals, totalsFrom } from './totals.ts';

/**
 * The one write transaction of a connection: the lock, the totals as they are inside it, and the files that must go
 * when it ends.
 */
export class WriteTransaction {
  readonly #connection: Connection;
  readonly #sql: Statements;
  #totals: Totals | undefined;
  #totalsChanged = false;
  /** Files whose rows are gone or point elsewhere after COMMIT. */
  #replaced: string[] = [];
  /** Files that this transaction's rows point to, with a number that grows. */
  #written = new Map<string, number>();
  #lastNumber = 0;
  /** Files with greater numbers are of no use to what encloses the part that is running. */
  #enclosing = 0;
  /** Files that this transaction has itself written and replaced. */
  #obsolete: string[] = [];
  #evictionsSeen = 0;
  #takenBack = 0;
  #isWriting = false;
  /** What made SQLite take all of it back by itself. */
  #lostBy: unknown;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#sql = connection.sql;
  }

  /** Also one that SQLite has taken back: its end is yet to come. */
  get isOpen(): boolean {
    return this.#isWriting || this.#connection.db.inTransaction;
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

  /**
   * Does a part of it. When SQLite takes all of it back, as a full disk or a failed write makes it do, there are no
   * more: they would be on their own.
   *
   * @throws what made SQLite take it back
   */
  part<T>(work: () => T): T {
    this.#assertWhole();
    try {
      return work();
    } catch (error) {
      if (!this.#connection.db.inTransaction) this.#lostBy ??= error;
      throw error;
    }
  }

  /** Makes all changes durable together. @returns the files that nothing points to any more */
  commit(): readonly string[] {
    this.#assertWhole();
    if (this.#totalsChanged) this.#sql.setTotals.run(JSON.stringify(this.#totals));
    this.#sql.commit.run();
    return this.#end(this.#replaced);
  }

  /** Takes back all changes. @returns the files that nothing points to any more */
  rollback(): readonly string[] {
    this.#takenBack++;
    if (this.#connection.db.inTransaction) this.#sql.rollback.run();
    return this.#end([...this.#written.keys()]);
  }

  /** Runs `body` so that its changes alone are taken back when it throws. */
  nested<T>(body: () => T, removeFile: (name: string) => void): T {
    return this.part(() => this.#nested(body, removeFile));
  }

  #nested<T>(body: () => T, removeFile: (name: string) => void): T {
    const totals = this.#totals && { ...this.#totals };
    const changed = this.#totalsChanged;
    const replaced = this.#replaced.length;
    const enclosing = this.#enclosing;
    const written = this.#lastNumber;
    this.#enclosing = written;
    this.#sql.savepoint.run();
    try {
      const result = body();
      this.#sql.release.run();
      this.#enclosing = enclosing;
      // What only this part could still have brought back is obsolete now.
      for (const name of this.#replaced.splice(replaced)) this.fileReplaced(name);
      return result;
    } catch (error) {
      this.#takenBack++;
      if (this.#connection.db.inTransaction) {
        this.#sql.rollbackToSavepoint.run();
        this.#sql.release.run();
        this.#totals = totals;
        this.#totalsChanged = changed;
        this.#replaced.length = replaced;
        for (const [name, number] of this.#written) {
          if (number <= written) continue;
          this.#written.delete(name);
          removeFile(name);
        }
      }
      throw error;
    } finally {
      this.#enclosing = enclosing;
    }
  }

  /** Takes the files that nothing can bring back any more, so that they need not wait for the end. */
  takeObsolete(): readonly string[] {
    const obsolete = this.#obsolete;
    if (obsolete.length > 0) this.#obsolete = [];
    return obsolete;
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

  setShare(share: Pick<Totals, 'sizeShare' | 'entryShare'>): void {
    Object.assign((this.#totals ??= this.#readTotals()), share);
    this.#totalsChanged = true;
  }

  setTotals(totals: Totals): void {
    this.#totals = { ...totals };
    this.#totalsChanged = true;
  }

  /** Forgets what was known of the database that was open before. */
  databaseReplaced(): void {
    this.#end([]);
    this.#evictionsSeen = 0;
    this.#takenBack++;
  }

  fileReplaced(name: string): void {
    if ((this.#written.get(name) ?? 0) <= this.#enclosing) this.#replaced.push(name);
    else {
      this.#written.delete(name);
      this.#obsolete.push(name);
    }
  }

  fileWritten(name: string): void {
    this.#written.set(name, ++this.#lastNumber);
  }

  #assertWhole(): void {
    const { db } = this.#connection;
    if (!this.#isWriting || db.inTransaction || !db.open) return;
    throw (
      this.#lostBy ?? new DiskCacheError('ERR_DISKCACHE_STORAGE', 'SQLite has taken the transaction back')
    );
  }

  #readTotals(): Totals {
    return totalsFrom(this.#sql.totals.get());
  }

  /** @returns the files that nothing points to any more, `files` among them */
  #end(files: readonly string[]): readonly string[] {
    const useless = this.#obsolete.length === 0 ? files : [...files, ...this.#obsolete];
    this.#replaced = [];
    this.#written = new Map();
    this.#obsolete = [];
    this.#isWriting = false;
    this.#lostBy = undefined;
    this.#evictionsSeen = this.evictionsSeen;
    this.#totals = undefined;
    this.#totalsChanged = false;
    return useless;
  }
}
