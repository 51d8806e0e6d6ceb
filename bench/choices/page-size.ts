/** Which page size: an overwrite and a read of rows of several sizes. A frame of the log is a whole page. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { keyOf, seededRandom, text } from '../workload.ts';
import { type Call, scratchDirectory, sideBySide } from './side-by-side.ts';

const PAGE_SIZES = [1024, 2048, 4096, 8192, 16_384];
const VALUE_SIZES = [100, 1024, 4096, 16_384, 65_536];
const TABLE = `CREATE TABLE entry (
  id INTEGER PRIMARY KEY, key NOT NULL UNIQUE, codec TEXT, expires INTEGER, stored REAL, size INTEGER, file TEXT,
  tags TEXT, value
)`;

const directory = scratchDirectory();
for (const valueSize of VALUE_SIZES) {
  const entries = Math.min(50_000, Math.floor(60e6 / valueSize));
  const calls = valueSize > 10_000 ? 200 : 1500;
  const contenders = PAGE_SIZES.map((pageSize) => contender(pageSize, valueSize, entries));
  const checkpoint = (name: string) =>
    contenders.find((one) => one.name === name)?.db.pragma('wal_checkpoint(TRUNCATE)');
  const scale = { rounds: 7, calls, after: checkpoint };
  const ofEach = (call: 'set' | 'get') => Object.fromEntries(contenders.map((one) => [one.name, one[call]]));
  await sideBySide(ofEach('set'), {
    ...scale,
    title: `set of ${valueSize} bytes, by page size (without checkpoints)`,
  });
  await sideBySide(ofEach('get'), { ...scale, title: `get of ${valueSize} bytes, by page size` });
  for (const { name, db } of contenders) {
    const bytes = statSync(db.name).size / entries;
    console.log(`  ${name.padStart(6)}: ${bytes.toFixed(0)} bytes on disk an entry`);
    db.close();
  }
  console.log();
}

function contender(pageSize: number, valueSize: number, entries: number) {
  const db = new Database(join(directory, `${pageSize}-${valueSize}.db`));
  db.pragma(`page_size = ${pageSize}`);
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.exec(TABLE);
  const insert = db.prepare('INSERT INTO entry (key, stored, size, value) VALUES (?, ?, ?, ?)');
  db.transaction(() => {
    for (let number = 0; number < entries; number++) {
      insert.run(keyOf(number), Date.now(), valueSize, text(number, valueSize));
    }
  })();
  db.pragma('wal_checkpoint(TRUNCATE)');

  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const old = db.prepare<[string], { id: number }>('SELECT id, size, file, tags FROM entry WHERE key = ?');
  const update = db.prepare('UPDATE entry SET stored = ?, size = ?, value = ? WHERE id = ?');
  const select = db.prepare('SELECT id, codec, expires, file, value FROM entry WHERE key = ?');
  const random = seededRandom(pageSize + valueSize);
  const anyKey = () => keyOf(Math.floor(random() * entries));
  const values = Array.from({ length: 16 }, (_, number) => text(number, valueSize));
  const set: Call = (call) => {
    begin.run();
    const row = old.get(anyKey());
    update.run(Date.now(), valueSize, values[call % values.length], row?.id);
    commit.run();
  };
  const get: Call = () => void select.get(anyKey());
  return { name: String(pageSize), db, set, get };
}
