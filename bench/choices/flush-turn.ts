/** When a group of writes is committed: at the end of the turn of the event loop, or as soon as the running code has ended. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { keyOf, seededRandom, text } from '../workload.ts';
import { type Call, scratchDirectory, sideBySide } from './side-by-side.ts';

const ENTRIES = 100_000;
const SOURCES = 16;
const values = Array.from({ length: 64 }, (_, number) => text(number, 100));
const directory = scratchDirectory();

const byTurn = groupCommit('turn', setImmediate);
const byMicrotask = groupCommit('microtask', queueMicrotask);

await sideBySide(
  { setImmediate: (call) => byTurn(call), queueMicrotask: (call) => byMicrotask(call) },
  { title: 'one awaited set after another', rounds: 15, calls: 2000 },
);
await sideBySide(
  { setImmediate: together(byTurn), queueMicrotask: together(byMicrotask) },
  { title: `${SOURCES} sets called together`, rounds: 15, calls: 150 },
);
await sideBySide(
  { setImmediate: fromSources(byTurn), queueMicrotask: fromSources(byMicrotask) },
  { title: `${SOURCES} sets from as many callbacks of one turn, as of sockets`, rounds: 15, calls: 150 },
);

function together(set: (call: number) => Promise<void>): Call {
  return (call) => Promise.all(Array.from({ length: SOURCES }, (_, index) => set(call * SOURCES + index)));
}

function fromSources(set: (call: number) => Promise<void>): Call {
  const source = (call: number) =>
    new Promise<void>((resolve, reject) => setImmediate(() => void set(call).then(resolve, reject)));
  return (call) => Promise.all(Array.from({ length: SOURCES }, (_, index) => source(call * SOURCES + index)));
}

function groupCommit(
  name: string,
  whenToCommit: (commit: () => void) => unknown,
): (call: number) => Promise<void> {
  const db = new Database(join(directory, `${name}.db`));
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE entry (id INTEGER PRIMARY KEY, key NOT NULL UNIQUE, value)');
  const upsert = db.prepare(
    'INSERT INTO entry (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  db.transaction(() => {
    for (let number = 0; number < ENTRIES; number++) upsert.run(keyOf(number), values[0]);
  })();
  const random = seededRandom(1);
  let waiting: (() => void)[] = [];
  const commit = db.transaction((writes: readonly (() => void)[]) => {
    for (let write = 0; write < writes.length; write++) {
      upsert.run(keyOf(Math.floor(random() * ENTRIES)), values[write % values.length]);
    }
  });
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length > 1) return;
      whenToCommit(() => {
        const group = waiting;
        waiting = [];
        commit.immediate(group);
        for (const done of group) done();
      });
    });
}
