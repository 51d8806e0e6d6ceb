import { openSqlite } from './sqlite-store.ts';
import type { Subject } from './subject.ts';

export const subject: Subject = {
  name: 'sqlite',
  about: 'better-sqlite3 alone, a table of key and value: the floor of reads',
  isPersistent: true,
  open: (directory) =>
    openSqlite(
      directory,
      'CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value, at INTEGER)',
      `INSERT INTO entry (key, value, at) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at`,
    ),
};
