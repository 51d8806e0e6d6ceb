import type { FullStore, Subject, Value } from './subject.ts';
import { openSqlite, type SqliteStore } from './sqlite-store.ts';

export const subject: Subject = {
  name: 'sqlite-ordered',
  about: 'the same with an index on the time of storing, as evicting in order needs: the floor of writes',
  onlyWrites: true,
  isPersistent: true,
  open: openOrdered,
  openFull,
};

function openOrdered(directory: string): SqliteStore {
  return openSqlite(
    directory,
    `CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value, at INTEGER);
     CREATE INDEX IF NOT EXISTS entry_at ON entry (at)`,
    `INSERT INTO entry (key, value, at) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at`,
  );
}

/** Removes the oldest entry for each new one. Reads do not count as uses: that would be a write each. */
function openFull(directory: string): FullStore {
  const store = openOrdered(directory);
  const { db } = store;
  const has = db.prepare<[string], number>('SELECT 1 FROM entry WHERE key = ?').pluck();
  const oldest = 'SELECT rowid FROM entry ORDER BY at LIMIT 1';
  const removeOldest = db.prepare<[]>(`DELETE FROM entry WHERE rowid = (${oldest})`);
  const count = db.prepare<[], number>('SELECT count(*) FROM entry').pluck();
  const set = db.transaction((key: string, value: Value) => {
    if (has.get(key) === undefined) removeOldest.run();
    void store.set(key, value);
  });
  return { ...store, set: (key, value) => set.immediate(key, value), count: () => count.get() ?? 0 };
}
