import type { Key } from '../../entry/key.ts';
import { BLOCK_BYTES } from '../files/value-files.ts';
import { LAST_SEQ } from './schema.ts';
import type { Query, SqliteDatabase } from './sqlite-database.ts';
import type { ReplacedRow } from './statements.ts';

/** What some entries come to. */
export interface EntrySums {
  readonly count: number;
  readonly space: number;
  readonly fileSpace: number;
  /** The greatest id and seq, null where there is no entry. */
  readonly lastId: number | null;
  readonly lastSeq: number | null;
}

/** The SQL of check(), prepared when it is first asked for. */
export class CheckStatements {
  readonly #db: SqliteDatabase;
  readonly #replaced: string;
  readonly #prepared = new Map<string, Query<unknown[], unknown>>();

  /** @param replaced the columns of a ReplacedRow */
  constructor(db: SqliteDatabase, replaced: string) {
    this.#db = db;
    this.#replaced = replaced;
  }

  /** Of the next entries after an id. */
  sums(): Query<[after: number, rows: number], EntrySums> {
    return this.#statement(
      `SELECT count(*) AS count, total(space) AS space, max(id) AS lastId, max(seq) AS lastSeq,
         total(CASE WHEN file IS NULL THEN 0 ELSE (size + ${BLOCK_BYTES - 1}) / ${BLOCK_BYTES} * ${BLOCK_BYTES} END) AS fileSpace
       FROM (SELECT id, space, size, file, seq FROM entry WHERE id > ? ORDER BY id LIMIT +?)`,
    );
  }

  /** Of the next rows after a seq. */
  arrivals(): Query<[after: number, rows: number], { count: number; last: number | null }> {
    return this.#statement(
      `SELECT count(*) AS count, max(seq) AS last
       FROM (SELECT seq FROM arrival WHERE seq > ? AND seq < ${LAST_SEQ} ORDER BY seq LIMIT +?)`,
    );
  }

  /** Entries after an id and up to another whose place is not noted. */
  withoutPlace(): Query<[after: number, to: number], { id: number }> {
    return this.#statement(
      `SELECT id FROM entry WHERE id > ? AND id <= ?
       AND NOT EXISTS (SELECT 1 FROM arrival WHERE arrival.seq = entry.seq AND arrival.id = entry.id)`,
    );
  }

  notePlace(): Query<[id: number]> {
    return this.#statement(
      `INSERT OR REPLACE INTO arrival (seq, id) SELECT seq, id FROM entry
       WHERE id = ? AND NOT EXISTS (SELECT 1 FROM arrival WHERE arrival.seq = entry.seq AND arrival.id = entry.id)`,
    );
  }

  /** The same of entries that lack a row for one of their tags. */
  withoutTag(): Query<[after: number, to: number], { id: number }> {
    return this.#statement(
      `SELECT DISTINCT entry.id AS id FROM entry, json_each(entry.tags) AS one
       WHERE entry.id > ? AND entry.id <= ? AND NOT EXISTS (
         SELECT 1 FROM tag
         WHERE tag.tag = one.value AND tag.key = entry.key AND tag.id = entry.id AND tag.seq = entry.seq
       )`,
    );
  }

  noteTags(): Query<[id: number]> {
    return this.#statement(
      `INSERT OR REPLACE INTO tag (tag, key, id, seq)
       SELECT one.value, entry.key, entry.id, entry.seq FROM entry, json_each(entry.tags) AS one WHERE entry.id = ?`,
    );
  }

  /** The next rows of tags, and whether an entry has them. */
  tags(): Query<[tag: string, key: Key, rows: number], { tag: string; key: Key; isOwned: 0 | 1 }> {
    return this.#statement(
      `SELECT tag, key, ${HAS_TAG} AS isOwned FROM tag WHERE (tag, key) > (?, ?) ORDER BY tag, key LIMIT +?`,
    );
  }

  removeTag(): Query<[tag: string, key: Key]> {
    return this.#statement(`DELETE FROM tag WHERE tag = ? AND key = ? AND NOT ${HAS_TAG}`);
  }

  /** The next rows of uses, and whether there is such an entry. */
  uses(): Query<[after: number, rows: number], { id: number; isOwned: 0 | 1 }> {
    return this.#statement(
      `SELECT id, EXISTS (SELECT 1 FROM entry WHERE entry.id = use.id) AS isOwned
       FROM use WHERE id > ? ORDER BY id LIMIT +?`,
    );
  }

  removeUse(): Query<[id: number]> {
    return this.#statement(
      'DELETE FROM use WHERE id = ? AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.id = use.id)',
    );
  }

  ofFile(): Query<[file: string], ReplacedRow> {
    return this.#statement(`SELECT ${this.#replaced} FROM entry WHERE file = ?`);
  }

  #statement<Parameters extends unknown[], Row = never>(sql: string): Query<Parameters, Row> {
    const prepared = this.#prepared.get(sql) ?? this.#db.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared as Query<Parameters, Row>;
  }
}

const HAS_TAG = `EXISTS (
  SELECT 1 FROM entry WHERE entry.id = tag.id AND entry.key = tag.key
  AND EXISTS (SELECT 1 FROM json_each(entry.tags) AS one WHERE one.value = tag.tag)
)`;
