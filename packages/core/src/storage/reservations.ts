import type { ReservationRow, Statements } from './rows/statements.ts';
import type { WriteTransaction } from './rows/write-transaction.ts';

/**
 * Space that is kept for files that are being written, before an entry counts them: kept in the totals, so that every
 * process makes room for what is on disk already. All of it needs the write lock. Nobody else removes a
 * file for which something is kept. What a killed process leaves of it is given back by
 * others, see upkeep/abandoned-files.ts.
 */
export class Reservations {
  readonly #sql: Statements;
  readonly #transaction: WriteTransaction;
  readonly #logged: (pages: number) => void;
  /** Files that this process is writing itself. */
  readonly #own = new Set<string>();
  /** Of all shards, in their order, where the cache is one. */
  #together: () => readonly Reservations[] = () => [this];

  /** @param logged told how many pages a change adds to the log, about */
  constructor(sql: Statements, transaction: WriteTransaction, logged: (pages: number) => void) {
    this.#sql = sql;
    this.#transaction = transaction;
    this.#logged = logged;
  }

  /** Has what is kept in all shards of a cache count together. */
  join(all: () => readonly Reservations[]): void {
    this.#together = all;
  }

  /** What is kept for a file now. */
  of(file: string): number {
    return this.#sql.reservation.get(file)?.space ?? 0;
  }

  /** What is kept for all files. */
  get all(): number {
    return this.#sum((one) => one.#sql.reservedSpace.get());
  }

  /** Whether something is kept for files of other processes. */
  get hasOthers(): boolean {
    const others = (one: Reservations) =>
      one.#sql.reservations.all().filter(({ file }) => !one.#own.has(file)).length;
    return this.#sum(others) > 0;
  }

  /** Whether this process may have something kept for a file. */
  isOwn(file: string): boolean {
    return this.#own.has(file);
  }

  /** Says that nothing is kept for the file any more, or that it is gone: then what is still kept is left to upkeep. */
  disown(file: string): void {
    this.#own.delete(file);
  }

  /**
   * Keeps so much for a file from now on.
   *
   * @param now ms since the epoch
   * @param grows whether it may come to be more: such files have an order, that in which they began
   */
  set(file: string, space: number, now: number, grows = false): void {
    this.#own.add(file);
    this.#count(space - this.of(file));
    this.#sql.reserve.run({ file, space, since: now, grows: grows ? 1 : 0 });
  }

  /** Forgets what was known of the database that was open before. */
  databaseReplaced(): void {
    this.#own.clear();
  }

  /** What is kept for files that may grow and began before this one; 0 when there is none. */
  ofOlder(file: string): number {
    const since = this.#sql.reservation.get(file)?.since ?? Infinity;
    const all = this.#together();
    const place = all.indexOf(this);
    return this.#sum((one) => {
      if (one === this) return this.#sql.olderSpace.get(file);
      // Of those that began in one ms one has to be the oldest.
      return one.#sql.growingSpace.get(since + (all.indexOf(one) < place ? 1 : 0));
    });
  }

  /** Keeps nothing any more. @returns what was kept, if something was */
  release(file: string): ReservationRow | undefined {
    const kept = this.#sql.reservation.get(file);
    if (kept === undefined) return undefined;
    this.#count(-kept.space);
    this.#sql.unreserve.run(file);
    return kept;
  }

  /** Keeps again what was just released. */
  restore(kept: ReservationRow): void {
    this.#count(kept.space);
    this.#sql.restoreReservation.run(kept);
  }

  /** Of another shard that cannot be read just now nothing is known: its own use will tell of that. */
  #sum(of: (one: Reservations) => number | undefined): number {
    return this.#together().reduce(
      (sum, one) => sum + ((one === this ? of(one) : ifKnown(() => of(one))) ?? 0),
      0,
    );
  }

  #count(space: number): void {
    this.#transaction.add({ space, fileSpace: space });
    this.#logged(2);
  }
}

function ifKnown<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
