import { LAST_SEQ } from './schema.ts';
import type { ReplacedRow, Statements } from './statements.ts';
import type { WriteTransaction } from './write-transaction.ts';

/** After as many changes some rows are looked at, where there are too many of entries that are gone. */
const SWEEP_EVERY = 64;
const SWEPT_ROWS = 192;
/** As many rows of entries that are gone may stay, beside as many as there are entries. */
const LEFT_OVER = 1024;

/**
 * In which order keys were new, for entries whose ids do not tell. The place of an entry that goes stays behind until the
 * table is swept; it is known by its seq, which the next entry of the same id does not have.
 */
export class Arrivals {
  readonly #sql: Statements;
  readonly #transaction: WriteTransaction;
  #changes = 0;
  /** No entry that may be evicted is at this seq or before, unless a transaction is taken back. */
  #passed = 0;
  #passedWhen = 0;
  #leftBefore = 0;

  constructor(sql: Statements, transaction: WriteTransaction) {
    this.#sql = sql;
    this.#transaction = transaction;
  }

  /** The seq of the next new key. */
  get next(): number {
    return this.#transaction.totals.seq + 1;
  }

  /** Notes the place of a new entry, which is `next` or comes after that. */
  arrived(seq: number, id: number): void {
    this.#sql.arrive.run(seq, id);
    this.#transaction.add({ seq: seq - this.#transaction.totals.seq, arrivals: 1 });
    this.#changed(1);
  }

  /** Gives the place of an entry that is gone to the one that was stored instead of it. */
  moved(seq: number, id: number): void {
    if (this.#sql.setArrival.run(id, seq).changes > 0) return;
    this.#sql.arrive.run(seq, id);
    this.#transaction.add({ arrivals: 1 });
  }

  /** Says that entries are gone. */
  left(count: number): void {
    this.#changed(count);
  }

  /** Whether there are too many places of entries that are gone. */
  get #isUntidy(): boolean {
    const { arrivals, count } = this.#transaction.totals;
    return arrivals > 2 * count + LEFT_OVER;
  }

  /** Removes the places of entries that are gone among the next so many. */
  #sweep(rows: number): void {
    const { swept } = this.#transaction.totals;
    const end = this.#sql.arrivalAfter.get(swept, rows - 1);
    const { changes } = this.#sql.sweepArrivals.run(swept, end ?? LAST_SEQ - 1);
    this.#transaction.add({ arrivals: -changes, swept: (end ?? 0) - swept });
  }

  /** The first to arrive of the entries that may be evicted. */
  first(spare: number | undefined): ReplacedRow | undefined {
    const { takenBack } = this.#transaction;
    if (this.#passedWhen !== takenBack) this.#passed = 0;
    const rows = this.#sql.firstAfter.all(this.#passed, 2);
    const [first] = rows;
    if (first === undefined) return undefined;
    this.#passed = first.seq - 1;
    this.#passedWhen = takenBack;
    if (++this.#leftBefore % SWEEP_EVERY === 0) this.#forgetPassed();
    return rows.find(({ id }) => id !== spare);
  }

  #forgetPassed(): void {
    const { changes } = this.#sql.sweepArrivals.run(0, this.#passed);
    this.#transaction.add({ arrivals: -changes });
  }

  #changed(count: number): void {
    this.#changes += count;
    const due = Math.floor(this.#changes / SWEEP_EVERY);
    this.#changes -= due * SWEEP_EVERY;
    if (due > 0 && this.#isUntidy) this.#sweep(due * SWEPT_ROWS);
  }
}
