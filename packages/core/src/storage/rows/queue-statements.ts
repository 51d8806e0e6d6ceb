import { SET_BACK_MS } from '../../clock.ts';
import type { Key } from '../../entry/key.ts';
import type { Query, SqliteDatabase } from './sqlite-database.ts';
import type { FullEntryRow, ReplacedRow } from './statements.ts';

/** An item of a queue. */
export interface QueueRow extends FullEntryRow {
  readonly leasedUntil: number | null;
  /** How many ms that is from when it was handed out, or that was extended last. */
  readonly leasedFor: number | null;
}

/** The keys of a queue: those with `from` <= key < `to` that have so many bytes, and have not expired by `now`. */
export interface QueueQuery {
  readonly from: string;
  readonly to: Key;
  readonly bytes: number;
  readonly now: number;
}

const NOT_EXPIRED = 'AND (expires IS NULL OR expires > :now)';

/**
 * The SQL of queues.
 *
 * @param columns those of a FullEntryRow and a ReplacedRow
 */
export function queueStatements(db: SqliteDatabase, { full, replaced }: { full: string; replaced: string }) {
  const one = <Parameters extends unknown[], Row = never>(sql: string) =>
    db.prepare(sql) as Query<Parameters, Row>;
  const fromEnds = <Given, Row>(columns: string, where: string) => {
    const from = (order: 'ASC' | 'DESC') =>
      one<[Given], Row>(
        `SELECT ${columns} FROM entry WHERE key >= :from AND key < :to AND length(CAST(key AS BLOB)) = :bytes ${where}
         ORDER BY key ${order}`,
      );
    return { front: from('ASC'), back: from('DESC') };
  };
  return {
    /** Keys of a queue's items, also of those that are handed out, from one end. */
    edge: fromEnds<QueueQuery, { key: string }>('key', NOT_EXPIRED),
    /** Items that are neither handed out nor expired, from one end, and those that were handed out before the clock was set back. */
    item: fromEnds<QueueQuery, QueueRow>(
      `${full}, leasedUntil, leasedFor`,
      `${NOT_EXPIRED} AND (leasedUntil IS NULL OR leasedUntil <= :now OR leasedUntil > :now + leasedFor + ${SET_BACK_MS})`,
    ),
    setLease: one<[leasedUntil: number | null, leasedFor: number | null, lease: number | null, id: number]>(
      'UPDATE entry SET leasedUntil = ?, leasedFor = ?, lease = ? WHERE id = ?',
    ),
    extendLease: one<[leasedUntil: number, leasedFor: number, id: number]>(
      'UPDATE entry SET leasedUntil = ?, leasedFor = ? WHERE id = ?',
    ),
    leased: one<[Key, lease: number, now: number], ReplacedRow>(
      `SELECT ${replaced} FROM entry WHERE key = ? AND lease = ? AND leasedUntil > ?`,
    ),
  };
}
