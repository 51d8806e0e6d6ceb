/** Which statements an overwrite is made of, when the old row's size and file have to be known. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { keyOf, seededRandom, text } from '../workload.ts';
import { type Call, scratchDirectory, sideBySide } from './side-by-side.ts';

const ENTRIES = 100_000;
const SIZE = 100;
const COLUMNS = `id INTEGER PRIMARY KEY, key NOT NULL UNIQUE, codec TEXT, expires INTEGER, stored REAL, size INTEGER,
  file TEXT, tags TEXT`;
const UPSERT = `INSERT INTO entry (key, stored, size, value) VALUES (?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET stored = excluded.stored, size = excluded.size, value = excluded.value`;

const directory = scratchDirectory();
const values = Array.from({ length: 64 }, (_, number) => text(number, SIZE));
const open: Database.Database[] = [];

const contenders: Record<string, Call> = {
  'UPSERT, an index on stored': upsert('indexed', 'CREATE INDEX entry_stored ON entry (stored)'),
  'UPSERT alone': upsert('alone', ''),
  'UPSERT that keeps and returns the old': returning(false),
  'the same, BEGIN and COMMIT around it': returning(true),
  'SELECT, UPDATE in a transaction': selectUpdate(''),
  'the same, and totals': selectUpdate('UPDATE total SET space = space + ?'),
  'UPSERT, triggers keep the totals': upsert(
    'triggers',
    `CREATE TRIGGER entry_size AFTER UPDATE OF size ON entry
     BEGIN UPDATE total SET space = space + new.size - old.size; END`,
  ),
};
await sideBySide(contenders, {
  title: `overwrite of ${SIZE} bytes among ${ENTRIES} entries (without checkpoints)`,
  rounds: 9,
  calls: 3000,
  after: () => open.forEach((db) => db.pragma('wal_checkpoint(TRUNCATE)')),
});

function opened(name: string, ddl: string): { db: Database.Database; anyKey: () => string } {
  const db = new Database(join(directory, `${name}.db`));
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.exec(`CREATE TABLE entry (${COLUMNS}, oldSize INTEGER, oldFile TEXT, oldTags TEXT, value);
    CREATE TABLE total (space INTEGER); INSERT INTO total VALUES (0); ${ddl}`);
  const insert = db.prepare(UPSERT);
  db.transaction(() => {
    for (let number = 0; number < ENTRIES; number++) {
      insert.run(keyOf(number), Date.now(), SIZE, values[number % values.length]);
    }
  })();
  db.pragma('wal_checkpoint(TRUNCATE)');
  open.push(db);
  const random = seededRandom(1);
  return { db, anyKey: () => keyOf(Math.floor(random() * ENTRIES)) };
}

function upsert(name: string, ddl: string): Call {
  const { db, anyKey } = opened(name, ddl);
  const write = db.prepare(UPSERT);
  return (call) => void write.run(anyKey(), Date.now(), SIZE + (call % 2), values[call % values.length]);
}

/** The old row's columns are copied aside by the UPDATE itself, and handed out by RETURNING. */
function returning(inTransaction: boolean): Call {
  const { db, anyKey } = opened(`returning-${inTransaction}`, '');
  const write = db.prepare(`${UPSERT}, oldSize = size, oldFile = file, oldTags = tags
    RETURNING id, oldSize, oldFile, oldTags`);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  return (call) => {
    if (inTransaction) begin.run();
    write.get(anyKey(), Date.now(), SIZE + (call % 2), values[call % values.length]);
    if (inTransaction) commit.run();
  };
}

function selectUpdate(totals: string): Call {
  const { db, anyKey } = opened(`select-${totals.length}`, '');
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const old = db.prepare<[string], { id: number; size: number }>(
    'SELECT id, size, file, tags FROM entry WHERE key = ?',
  );
  const update = db.prepare('UPDATE entry SET stored = ?, size = ?, value = ? WHERE id = ?');
  const addTotals = totals === '' ? undefined : db.prepare(totals);
  return (call) => {
    begin.run();
    const row = old.get(anyKey());
    const size = SIZE + (call % 2);
    update.run(Date.now(), size, values[call % values.length], row?.id);
    addTotals?.run(size - (row?.size ?? 0));
    commit.run();
  };
}
