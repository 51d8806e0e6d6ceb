import Database from 'better-sqlite3';
import type { Store, Value } from './subject.ts';

export interface SqliteStore extends Store {
  readonly db: Database.Database;
}

/** Raw better-sqlite3, set up as its own documentation recommends: WAL, each statement prepared once. */
export function openSqlite(directory: string, tables: string, upsert: string): SqliteStore {
  const db = new Database(`${directory}/floor.db`);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.exec(tables);
  const select = db.prepare<[string], unknown>('SELECT value FROM entry WHERE key = ?').pluck();
  const write = db.prepare<[string, unknown, number]>(upsert);
  const set = (key: string, value: Value) => write.run(key, stored(value), Date.now());
  return {
    db,
    set,
    get: (key) => given(select.get(key)),
    getMany: db.transaction((keys: readonly string[]) => keys.map((key) => given(select.get(key)))),
    fill: db.transaction((entries: readonly (readonly [string, Value])[]) => {
      for (const [key, value] of entries) set(key, value);
    }),
    close: () => db.close(),
  };
}

/** Objects are JSON after one character that no other value of the trials begins with. */
const OBJECT = '\u0001';

function stored(value: Value): unknown {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value : OBJECT + JSON.stringify(value);
}

function given(found: unknown): unknown {
  return typeof found === 'string' && found.startsWith(OBJECT) ? JSON.parse(found.slice(1)) : found;
}
