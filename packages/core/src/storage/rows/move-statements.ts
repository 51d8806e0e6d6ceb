import type { Key } from '../../entry/key.ts';
import type { Query, SqliteDatabase } from './sqlite-database.ts';
import type { RowContent, RowExtras } from './statements.ts';

/** All that is recorded of an entry. */
export interface MovedRow extends RowContent, RowExtras {
  readonly id: number;
  readonly key: Key;
  readonly seq: number;
  readonly leasedUntil: number | null;
  readonly leasedFor: number | null;
  readonly lease: number | null;
  /** Of its uses, null where there was none. */
  readonly at: number | null;
  readonly hits: number | null;
}

/** The SQL by which entries go to other shards, prepared when it is first asked for. */
export class MoveStatements {
  readonly #db: SqliteDatabase;

  constructor(db: SqliteDatabase) {
    this.#db = db;
  }

  /** The next entries in the order of insertion after a place, those too that have expired. */
  rows(): Query<[after: number, rows: number], MovedRow> {
    return this.#db.prepare(
      `SELECT entry.*, use.at AS at, use.hits AS hits FROM arrival
       CROSS JOIN entry ON entry.id = arrival.id AND entry.seq = arrival.seq
       LEFT JOIN use ON use.id = entry.id
       WHERE arrival.seq > ? ORDER BY arrival.seq LIMIT +?`,
    ) as Query<[after: number, rows: number], MovedRow>;
  }
}
