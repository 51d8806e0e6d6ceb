import type { Statements } from './rows/statements.ts';
import type { WriteTransaction } from './rows/write-transaction.ts';

/**
 * Space that is kept for files which take long to write, before an entry counts them: kept in the totals, so that every
 * process makes room for what is on disk already. All of it needs the write lock. What a killed process leaves of it is
 * given back by upkeep.
 */
export class Reservations {
  readonly #sql: Statements;
  readonly #transaction: WriteTransaction;
  readonly #logged: (pages: number) => void;

  /** @param logged told how many pages a change adds to the log, about */
  constructor(sql: Statements, transaction: WriteTransaction, logged: (pages: number) => void) {
    this.#sql = sql;
    this.#transaction = transaction;
    this.#logged = logged;
  }

  /** What is kept for a file now. */
  of(file: string): number {
    return this.#sql.reservation.get(file) ?? 0;
  }

  /** Keeps so much for a file from now on. */
  set(file: string, space: number): void {
    this.#count(space - this.of(file));
    this.#sql.reserve.run(file, space);
  }

  /** Keeps nothing any more. @returns what was kept */
  release(file: string): number {
    const space = this.of(file);
    if (space === 0) return 0;
    this.#count(-space);
    this.#sql.unreserve.run(file);
    return space;
  }

  #count(space: number): void {
    this.#transaction.add({ space, fileSpace: space });
    this.#logged(2);
  }
}
