/** What it costs to know in which order keys were stored, when the ids of removed rows are used again. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { seededRandom, text } from '../workload.ts';
import { type Call, scratchDirectory, sideBySide } from './side-by-side.ts';

const ENTRIES = 100_000;
const SIZE = 100;
/** The row of the totals, after all others. */
const LAST = Number.MAX_SAFE_INTEGER;
const SWEEP_EVERY = 64;
const SWEPT = 160;

interface Shape {
  readonly ddl: string;
  readonly totals: string;
  /** Notes the place of a new row. */
  readonly arrive?: string;
  /** Removes the place of a row that goes. */
  readonly leave?: string;
  /** Removes the places of rows that are gone, among some: every 64th time. */
  readonly sweep?: string;
}

const TOTAL = `CREATE TABLE total (seq INTEGER, count INTEGER, space INTEGER); INSERT INTO total VALUES (0, 0, 0);`;
const ARRIVAL = 'CREATE TABLE arrival (seq INTEGER PRIMARY KEY, id INTEGER NOT NULL);';
const IN_TOTAL = 'UPDATE total SET seq = ?, count = ?, space = ?';
const ARRIVE = 'INSERT INTO arrival (seq, id) VALUES (?, ?)';
const SWEEP = `DELETE FROM arrival WHERE seq > ? AND seq <= ?
  AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.id = arrival.id AND entry.seq = arrival.seq)`;

const SHAPES: Readonly<Record<string, Shape>> = {
  'order not kept': { ddl: TOTAL, totals: IN_TOTAL },
  'an index on seq': { ddl: `${TOTAL} CREATE INDEX entry_seq ON entry (seq)`, totals: IN_TOTAL },
  'a table (seq, id)': {
    ddl: `${TOTAL} ${ARRIVAL}`,
    totals: IN_TOTAL,
    arrive: ARRIVE,
    leave: 'DELETE FROM arrival WHERE seq = ?',
  },
  'the same, swept later': { ddl: `${TOTAL} ${ARRIVAL}`, totals: IN_TOTAL, arrive: ARRIVE, sweep: SWEEP },
  'the same, with the totals in its last row': {
    ddl: `CREATE TABLE arrival (seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, count INTEGER, space INTEGER);
      INSERT INTO arrival VALUES (${LAST}, 0, 0, 0)`,
    totals: `UPDATE arrival SET id = ?, count = ?, space = ? WHERE seq = ${LAST}`,
    arrive: ARRIVE,
    sweep: SWEEP,
  },
};

const directory = scratchDirectory();
const values = Array.from({ length: 64 }, (_, number) => text(number, SIZE));

for (const isFull of [false, true]) {
  const open: Database.Database[] = [];
  const contenders = Object.entries(SHAPES).map(([name, shape]) => [name, contender(shape, isFull, open)]);
  await sideBySide(Object.fromEntries(contenders) as Record<string, Call>, {
    title: `a new key among ${ENTRIES}${isFull ? ', in place of a random one' : ''} (without checkpoints)`,
    rounds: 15,
    calls: 3000,
    after: () => open.forEach((db) => db.pragma('wal_checkpoint(TRUNCATE)')),
  });
}

function contender(shape: Shape, isFull: boolean, open: Database.Database[]): Call {
  const db = opened(shape.ddl, open);
  const optional = (sql: string | undefined) => (sql === undefined ? undefined : db.prepare(sql));
  const [begin, commit] = [db.prepare('BEGIN IMMEDIATE'), db.prepare('COMMIT')];
  const old = db.prepare('SELECT id, size, file, tags FROM entry WHERE key = ?');
  const seqOf = db.prepare<[number], number>('SELECT seq FROM entry WHERE id = ?').pluck();
  const remove = db.prepare('DELETE FROM entry WHERE id = ?');
  const insert = db.prepare(
    'INSERT INTO entry (id, key, stored, size, seq, value) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const totals = db.prepare(shape.totals);
  const [arrive, leave, sweep] = [shape.arrive, shape.leave, shape.sweep].map(optional);
  const sweepEnd = optional(
    shape.sweep && `SELECT seq FROM arrival WHERE seq > ? AND seq < ? ORDER BY seq LIMIT 1 OFFSET ${SWEPT}`,
  )?.pluck() as Database.Statement<[number, number], number> | undefined;
  const random = seededRandom(1);
  let seq = 0;
  let swept = 0;
  const add = (id: number | null) => {
    const key = `new:${Math.imul(++seq, 0x9e3779b1) >>> 0}`;
    old.get(key);
    const row = insert.run(id, key, Date.now(), SIZE, seq, values[seq % values.length]);
    arrive?.run(seq, row.lastInsertRowid);
    totals.run(seq, seq, seq * SIZE);
  };
  db.transaction(() => {
    for (let number = 0; number < ENTRIES; number++) add(null);
  })();
  db.pragma('wal_checkpoint(TRUNCATE)');
  return () => {
    begin.run();
    let id: number | null = null;
    if (isFull) {
      id = 1 + Math.floor(random() * ENTRIES);
      const place = seqOf.get(id);
      remove.run(id);
      leave?.run(place);
    }
    add(id);
    if (isFull && seq % SWEEP_EVERY === 0) {
      const end = sweep && sweepEnd?.get(swept, LAST);
      sweep?.run(swept, end ?? LAST - 1);
      swept = end ?? 0;
    }
    commit.run();
  };
}

function opened(ddl: string, open: Database.Database[]): Database.Database {
  const db = new Database(join(directory, `${performance.now()}.db`));
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.exec(`CREATE TABLE entry (id INTEGER PRIMARY KEY, key NOT NULL UNIQUE, codec TEXT, expires INTEGER, stored REAL,
    size INTEGER, file TEXT, tags TEXT, seq INTEGER NOT NULL, value); ${ddl}`);
  open.push(db);
  return db;
}
