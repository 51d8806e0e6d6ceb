/** A prepared statement, by what it takes and gives. */
export interface Query<Parameters extends unknown[], Row = never> {
  get(...parameters: Parameters): Row | undefined;
  all(...parameters: Parameters): Row[];
  iterate(...parameters: Parameters): IterableIterator<Row>;
  run(...parameters: Parameters): { readonly changes: number; readonly lastInsertRowid: number | bigint };
}

/**
 * What is used of a database of better-sqlite3. Not its own type: that comes from another package, which our users would
 * need as well.
 */
export interface SqliteDatabase {
  readonly inTransaction: boolean;
  readonly open: boolean;
  /** Its path. */
  readonly name: string;
  prepare(sql: string): Query<unknown[], unknown> & { pluck(): Query<unknown[], unknown> };
  pragma(source: string): unknown;
  close(): unknown;
}
