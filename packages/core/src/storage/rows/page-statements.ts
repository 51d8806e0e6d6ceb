import type { Key } from '../../entry/key.ts';
import { LAST_SEQ } from './schema.ts';
import type { Query, SqliteDatabase } from './sqlite-database.ts';

/**
 * What a page has of an entry: all of it; or its id and key, and `expires` only where that is at hand: an index knows the
 * key, but what else there is would have to be looked up in another place for each.
 */
export type PageColumns = 'key' | 'entry';

/** Entries with `from` <= key < `to`. */
export interface KeyBounds {
  readonly from: Key;
  /** Left out for all keys from `from` on. */
  readonly to?: Key;
}

export interface PageForm {
  readonly columns: PageColumns;
  readonly isBackward: boolean;
  /** Whether there is a `to`. */
  readonly isBounded: boolean;
}

/** The SQL that goes through entries in pages, each statement prepared when it is first asked for, and then kept. */
export class PageStatements {
  #db: SqliteDatabase;
  readonly #entry: string;
  readonly #prepared = new Map<string, Query<unknown[], unknown>>();

  /** @param entry the columns of a whole entry */
  constructor(db: SqliteDatabase, entry: string) {
    this.#db = db;
    this.#entry = entry;
  }

  /** Goes on with the database of others. */
  switchTo(others: PageStatements): void {
    this.#db = others.#db;
    this.#prepared.clear();
  }

  byKey<Row>(form: PageForm): Query<[KeyBounds & { limit: number }], Row> {
    return this.#statement(
      `SELECT ${form.columns === 'key' ? 'id, key' : this.#entry} FROM entry WHERE ${within('entry.key', form)}
       ORDER BY entry.key ${direction(form)} LIMIT +:limit`,
    );
  }

  byKeyOfTag<Row>(form: PageForm): Query<[KeyBounds & { tag: string; limit: number }], Row> {
    return this.#statement(
      `SELECT ${form.columns === 'key' ? 'tag.id AS id, tag.key AS key FROM tag' : `${this.#entry} FROM tag CROSS JOIN entry ON entry.id = tag.id`}
       WHERE tag.tag = :tag AND ${within('tag.key', form)} ORDER BY tag.key ${direction(form)} LIMIT +:limit`,
    );
  }

  /** Of the places from `low` to `high`. */
  byArrival<Row>(form: PageForm): Query<[KeyBounds & { low: number; high: number; limit: number }], Row> {
    return this.#statement(
      `SELECT ${this.#of(form)}, entry.seq AS seq FROM arrival
       CROSS JOIN entry ON entry.id = arrival.id AND entry.seq = arrival.seq
       WHERE arrival.seq BETWEEN :low AND :high AND ${within('entry.key', form)}
       ORDER BY arrival.seq ${direction(form)} LIMIT +:limit`,
    );
  }

  /** Of some places, in JSON, as far as the entries still have the tag. */
  bySeqs<Row>(form: Pick<PageForm, 'columns' | 'isBackward'>): Query<[{ seqs: string; tag: string }], Row> {
    return this.#statement(
      `SELECT ${this.#of(form)}, entry.seq AS seq FROM json_each(:seqs) AS one
       CROSS JOIN arrival ON arrival.seq = one.value
       CROSS JOIN entry ON entry.id = arrival.id AND entry.seq = arrival.seq
       WHERE EXISTS (SELECT 1 FROM tag WHERE tag.tag = :tag AND tag.key = entry.key)
       ORDER BY arrival.seq ${direction(form)}`,
    );
  }

  /** The places of the entries of a tag, in the order of their keys. */
  seqsOfTag(
    isBounded: boolean,
  ): Query<[KeyBounds & { tag: string; limit: number }], { key: Key; seq: number }> {
    return this.#statement(
      `SELECT key, seq FROM tag WHERE tag = :tag AND ${within('key', { isBounded })} ORDER BY key LIMIT +:limit`,
    );
  }

  /** The place of an entry. */
  seqOf(): Query<[Key], { seq: number }> {
    return this.#statement('SELECT seq FROM entry WHERE key = ?');
  }

  /** The last place. */
  lastSeq(): Query<[], { seq: number | null }> {
    return this.#statement(`SELECT max(seq) AS seq FROM arrival WHERE seq < ${LAST_SEQ}`);
  }

  /** The place so many further on among those up to `high`, or back among those from `low` on. */
  seqBeyond(isBackward: boolean): Query<[low: number, high: number, places: number], { seq: number }> {
    return this.#statement(
      `SELECT seq FROM arrival WHERE seq BETWEEN ? AND ? ORDER BY seq ${direction({ isBackward })} LIMIT 1 OFFSET +?`,
    );
  }

  /** Whether any entry has expired. */
  hasExpired(): Query<[{ now: number }], { found: number }> {
    return this.#statement(
      `SELECT EXISTS (SELECT 1 FROM entry WHERE expires <= :now AND staleUntil IS NULL) OR
              EXISTS (SELECT 1 FROM entry WHERE expires <= :now AND staleUntil IS NOT NULL) AS found`,
    );
  }

  /** When those of some entries have expired that have; the ids are in JSON. */
  expiredAmong(): Query<[{ ids: string; now: number }], { id: number; expires: number }> {
    return this.#statement(
      `SELECT id, expires FROM entry WHERE id IN (SELECT value FROM json_each(:ids)) AND expires <= :now`,
    );
  }

  #of({ columns }: Pick<PageForm, 'columns'>): string {
    return columns === 'entry' ? this.#entry : 'entry.id AS id, entry.key AS key, expires';
  }

  #statement<Parameters extends unknown[], Row>(sql: string): Query<Parameters, Row> {
    const prepared = this.#prepared.get(sql) ?? this.#db.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared as Query<Parameters, Row>;
  }
}

function within(column: string, { isBounded }: Pick<PageForm, 'isBounded'>): string {
  return `${column} >= :from${isBounded ? ` AND ${column} < :to` : ''}`;
}

function direction({ isBackward }: Pick<PageForm, 'isBackward'>): 'ASC' | 'DESC' {
  return isBackward ? 'DESC' : 'ASC';
}
