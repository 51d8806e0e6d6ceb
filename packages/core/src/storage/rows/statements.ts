import { SET_BACK_MS } from '../../clock.ts';
import type { Key } from '../../entry/key.ts';
import { CheckStatements } from './check-statements.ts';
import { MoveStatements } from './move-statements.ts';
import { queueStatements } from './queue-statements.ts';
import { PageStatements } from './page-statements.ts';
import { LAST_SEQ } from './schema.ts';
import type { Query, SqliteDatabase } from './sqlite-database.ts';

/** Where a value is and what it takes to hand it out. */
export interface EntryRow {
  readonly id: number;
  readonly codec: string | null;
  readonly expires: number | null;
  readonly size: number;
  readonly checksum: number | null;
  readonly file: string | null;
  /** The value, or where there is a file an empty text or blob that tells which of the two the file holds. */
  readonly value: string | number | Buffer;
}

/** Everything about an entry that its user may see. */
export interface FullEntryRow extends EntryRow {
  readonly key: Key;
  readonly stored: number;
  readonly tags: string | null;
}

/** What has to be known of a row that is replaced or removed. */
export interface ReplacedRow {
  readonly id: number;
  readonly key: Key;
  readonly seq: number;
  readonly expires: number | null;
  readonly size: number;
  readonly space: number;
  readonly file: string | null;
  readonly tags: string | null;
}

/** What a policy compares. The last three are null for an entry that was never read. */
export interface CandidateRow {
  readonly id: number;
  readonly stored: number;
  readonly tick: number;
  readonly at: number | null;
  readonly hits: number | null;
  readonly usedTick: number | null;
}

/** Space that is kept for a file which is being written. */
export interface ReservationRow {
  readonly file: string;
  readonly space: number;
  /** When it was first kept, in ms since the epoch. */
  readonly since: number;
  /** Its place in the order of those that may come to be more; null for others. */
  readonly place: number | null;
}

/** The write-ahead log, in frames of FRAME_BYTES. */
export interface LogState {
  readonly log: number;
  readonly checkpointed: number;
}

/** What each row is made of beside its id and key. */
export interface RowContent extends Omit<FullEntryRow, 'id' | 'key'> {
  readonly tick: number;
  readonly space: number;
}

/** What few rows have besides; see the schema. */
export interface RowExtras {
  readonly deadline: number | null;
  readonly staleUntil: number | null;
  readonly cost: number | null;
}

/** An entry that getOrSet() looks at, live or not. */
export interface ComputedRow extends FullEntryRow {
  readonly deadline: number | null;
  readonly staleUntil: number | null;
  readonly cost: number | null;
}

/** Who computes the value of a key, or how the last attempt failed. */
export interface LeaseRow {
  readonly token: number;
  readonly until: number;
  /** How many ms that is from when it was taken or renewed last. */
  readonly lasts: number;
  /** How it failed; null while it is being computed. */
  readonly error: string | null;
  /** JSON array of the tags that were evicted since, or null. */
  readonly evicted: string | null;
}

/** Accesses to one entry, not yet in the database. */
export interface UseRow {
  readonly id: number;
  readonly at: number;
  readonly hits: number;
  readonly tick: number;
}

/** A use that moves the time at which an entry expires. */
export interface SlidingUse {
  readonly id: number;
  readonly at: number;
  readonly maxIdleMs: number;
  /** What was stored later than this was stored before the clock was set back. */
  readonly latest: number;
}

const LOCATED = 'id, codec, expires, size, checksum, file, value';
const FULL = `${LOCATED}, key, stored, tags`;
const qualified = (columns: string) => columns.replace(/\w+/g, 'entry.$& AS $&');
const REPLACED = 'entry.id AS id, key, entry.seq AS seq, expires, size, space, file, tags';
const CANDIDATE = 'id, stored, entry.tick AS tick, at, hits, use.tick AS usedTick';
const CONTENT = [
  'codec',
  'expires',
  'stored',
  'tick',
  'size',
  'space',
  'checksum',
  'file',
  'tags',
  'value',
] as const;

const EXTRAS = ['deadline', 'staleUntil', 'cost'] as const;
const WHOLE = [...CONTENT, ...EXTRAS];

/** A row's content in the order in which the statements that write it take it: by name it would cost a third more. */
export function inOrder(content: RowContent): unknown[] {
  return CONTENT.map((name) => content[name]);
}

/** The same for the statements that write the extras too. */
export function wholeInOrder(content: RowContent & RowExtras): unknown[] {
  return WHOLE.map((name) => content[name]);
}

const insertion = (names: readonly string[]) =>
  `INSERT INTO entry (${names.join(', ')}, id, key, seq) VALUES (${names.map(() => '?').join(', ')}, ?, ?, ?)`;
const assignments = (names: readonly string[], value: '?' | 'NULL') =>
  names.map((name) => `${name} = ${value}`).join(', ');

/**
 * All SQL that runs on an open cache, prepared once. A limit is written `+?`: SQLite compiles a statement anew each time
 * that a bare one is bound, for ten times the cost of looking into an empty index.
 *
 * @param drawn how many ids `candidatesAt` takes
 */
export function prepareStatements(db: SqliteDatabase, drawn = 0) {
  const one = <Parameters extends unknown[], Row = never>(sql: string) =>
    db.prepare(sql) as Query<Parameters, Row>;
  const number = <Parameters extends unknown[]>(sql: string) =>
    db.prepare(sql).pluck() as Query<Parameters, number>;
  const text = <Parameters extends unknown[]>(sql: string) =>
    db.prepare(sql).pluck() as Query<Parameters, string>;
  return {
    begin: one<[]>('BEGIN IMMEDIATE'),
    beginRead: one<[]>('BEGIN'),
    commit: one<[]>('COMMIT'),
    rollback: one<[]>('ROLLBACK'),
    savepoint: one<[]>('SAVEPOINT nested'),
    release: one<[]>('RELEASE nested'),
    rollbackToSavepoint: one<[]>('ROLLBACK TO nested'),

    find: one<[Key], EntryRow>(`SELECT ${LOCATED} FROM entry WHERE key = ?`),
    findFull: one<[Key], FullEntryRow>(`SELECT ${FULL} FROM entry WHERE key = ?`),
    /** Another number whenever another connection has committed something. */
    dataVersion: number<[]>('PRAGMA data_version'),
    findExpiry: one<[Key], { id: number; expires: number | null }>(
      'SELECT id, expires FROM entry WHERE key = ?',
    ),
    deadline: number<[id: number]>('SELECT deadline FROM entry WHERE id = ? AND deadline IS NOT NULL'),
    findReplaced: one<[Key], ReplacedRow>(`SELECT ${REPLACED} FROM entry WHERE key = ?`),
    findReplacedById: one<[number], ReplacedRow>(`SELECT ${REPLACED} FROM entry WHERE id = ?`),
    hasId: number<[number]>('SELECT 1 FROM entry WHERE id = ?'),
    hasFile: number<[string]>('SELECT 1 FROM entry WHERE file = ?'),

    insert: one<[...content: unknown[], id: number | null, key: Key, seq: number]>(insertion(CONTENT)),
    insertWhole: one<[...content: unknown[], id: number | null, key: Key, seq: number]>(insertion(WHOLE)),
    replace: one<[...content: unknown[], id: number]>(
      `UPDATE entry SET ${assignments(CONTENT, '?')}, ${assignments([...EXTRAS, 'leasedUntil', 'lease'], 'NULL')} WHERE id = ?`,
    ),
    replaceWhole: one<[...content: unknown[], id: number]>(
      `UPDATE entry SET ${assignments(WHOLE, '?')}, leasedUntil = NULL, lease = NULL WHERE id = ?`,
    ),
    /** It stays as long as before after it has expired, if it does. */
    setExpires: one<[{ id: number; expires: number | null; deadline: number | null }]>(
      `UPDATE entry SET staleUntil = staleUntil + :expires - expires, expires = :expires, deadline = :deadline
       WHERE id = :id`,
    ),
    /** Moves the time at which an entry expires, where it moves with use. */
    slide: one<[SlidingUse]>(
      `UPDATE entry SET
         expires = max(expires, min(deadline, CAST(:at + :maxIdleMs AS INTEGER))),
         staleUntil = staleUntil + max(expires, min(deadline, CAST(:at + :maxIdleMs AS INTEGER))) - expires
       WHERE id = :id AND deadline IS NOT NULL AND (stored <= :at OR stored > :latest)`,
    ),
    setSeq: one<[seq: number, id: number]>('UPDATE entry SET seq = ? WHERE id = ?'),
    setId: one<[now: number, before: number]>('UPDATE entry SET id = ? WHERE id = ?'),
    /** One less than the least id that an entry has, and below 0. */
    nextPinnedId: number<[]>('SELECT min(0, coalesce(min(id), 0)) - 1 FROM entry'),
    remove: one<[id: number]>('DELETE FROM entry WHERE id = ?'),

    removeAll: one<[ids: string]>('DELETE FROM entry WHERE id IN (SELECT value FROM json_each(?))'),

    arrive: one<[seq: number, id: number]>('INSERT INTO arrival (seq, id) VALUES (?, ?)'),
    setArrival: one<[id: number, seq: number]>('UPDATE arrival SET id = ? WHERE seq = ?'),
    /** The row that comes so many rows after another. */
    arrivalAfter: number<[seq: number, rows: number]>(
      `SELECT seq FROM arrival WHERE seq > ? AND seq < ${LAST_SEQ} ORDER BY seq LIMIT 1 OFFSET +?`,
    ),
    sweepArrivals: one<[after: number, to: number]>(
      `DELETE FROM arrival WHERE seq > ? AND seq <= ?
       AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.id = arrival.id AND entry.seq = arrival.seq)`,
    ),

    addTag: one<[tag: string, key: Key, id: number, seq: number]>(
      'INSERT OR IGNORE INTO tag (tag, key, id, seq) VALUES (?, ?, ?, ?)',
    ),
    removeTag: one<[tag: string, key: Key]>('DELETE FROM tag WHERE tag = ? AND key = ?'),

    addUse: one<[UseRow & { halfLife: number; latest: number }]>(
      `INSERT INTO use (id, at, hits, tick)
       SELECT :id, :at, :hits + 1, :tick FROM entry WHERE entry.id = :id AND (stored <= :at OR stored > :latest)
       ON CONFLICT (id) DO UPDATE SET
         at = CASE WHEN at > :latest THEN :at ELSE max(at, :at) END, hits = hits * pow(0.5, (:tick - tick) / :halfLife) + :hits, tick = :tick`,
    ),
    removeUse: one<[id: number]>('DELETE FROM use WHERE id = ?'),
    removeUses: one<[ids: string]>('DELETE FROM use WHERE id IN (SELECT value FROM json_each(?))'),

    /** As JSON. */
    totals: text<[]>(`SELECT totals FROM arrival WHERE seq = ${LAST_SEQ}`),
    setTotals: one<[totals: string]>(`UPDATE arrival SET totals = ? WHERE seq = ${LAST_SEQ}`),
    insertTotals: one<[totals: string]>(`INSERT INTO arrival (seq, totals) VALUES (${LAST_SEQ}, ?)`),
    /** No WHERE: so SQLite frees pages, and does not look at rows. */
    truncations: ['entry', 'use', 'tag', 'arrival'].map((table) => one<[]>(`DELETE FROM ${table}`)),
    countExpired: number<[{ now: number }]>(
      `SELECT (SELECT count(*) FROM entry WHERE expires <= :now AND staleUntil IS NULL) +
              (SELECT count(*) FROM entry WHERE expires <= :now AND staleUntil IS NOT NULL)`,
    ),

    /** Expired entries but for those that stay for a while as stale. */
    expired: one<[now: number, limit: number], ReplacedRow>(
      `SELECT ${REPLACED} FROM entry WHERE expires <= ? AND staleUntil IS NULL ORDER BY expires, id LIMIT +?`,
    ),
    staleTooLong: one<[now: number, limit: number], ReplacedRow>(
      `SELECT ${REPLACED} FROM entry WHERE staleUntil <= ? ORDER BY staleUntil, id LIMIT +?`,
    ),
    tagged: one<[tag: string, limit: number], ReplacedRow>(
      `SELECT ${REPLACED} FROM entry WHERE id IN (SELECT id FROM tag WHERE tag = ? ORDER BY key LIMIT +?)`,
    ),
    inRange: one<[from: string, to: Key, limit: number], ReplacedRow>(
      `SELECT ${REPLACED} FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT +?`,
    ),
    greatestId: number<[]>('SELECT max(id) FROM entry'),
    upTo: one<[id: number, limit: number], ReplacedRow>(
      `SELECT ${REPLACED} FROM entry WHERE id <= ? ORDER BY id LIMIT +?`,
    ),
    /** The first to arrive of those that may be evicted. */
    firstAfter: one<[seq: number, limit: number], ReplacedRow>(
      `SELECT ${REPLACED} FROM arrival
       CROSS JOIN entry ON entry.id = arrival.id AND entry.seq = arrival.seq
       WHERE arrival.seq > ? AND arrival.id > 0 ORDER BY arrival.seq LIMIT +?`,
    ),

    /** Of the entries that may be evicted: others have ids below 0. */
    idBounds: one<[], { low: number | null; high: number | null }>(
      'SELECT (SELECT min(id) FROM entry WHERE id > 0) AS low, (SELECT max(id) FROM entry WHERE id > 0) AS high',
    ),
    candidatesAt: one<number[], CandidateRow>(
      `SELECT ${CANDIDATE} FROM entry LEFT JOIN use USING (id) WHERE id IN (${Array(drawn).fill('?').join()})`,
    ),
    candidatesFrom: one<[from: number, limit: number], CandidateRow>(
      `SELECT ${CANDIDATE} FROM entry LEFT JOIN use USING (id) WHERE id >= ? ORDER BY id LIMIT +?`,
    ),

    findComputed: one<[Key], ComputedRow>(`SELECT ${FULL}, ${EXTRAS.join(', ')} FROM entry WHERE key = ?`),
    /** When the entry of a key was stored, live or not. */
    storedAt: number<[Key]>('SELECT stored FROM entry WHERE key = ?'),
    findLease: one<[Key], LeaseRow>('SELECT token, until, lasts, error, evicted FROM lease WHERE key = ?'),
    takeLease: one<[Key, token: number, until: number, lasts: number]>(
      'INSERT OR REPLACE INTO lease (key, token, until, lasts) VALUES (?, ?, ?, ?)',
    ),
    renewLease: one<[until: number, Key, token: number]>(
      'UPDATE lease SET until = ? WHERE key = ? AND token = ?',
    ),
    failLease: one<[until: number, lasts: number, error: string, Key, token: number]>(
      'UPDATE lease SET until = ?, lasts = ?, error = ? WHERE key = ? AND token = ?',
    ),
    endLease: one<[Key, token: number]>('DELETE FROM lease WHERE key = ? AND token = ?'),
    /** Also what was taken before the clock was set back. */
    endLeasesUntil: one<[{ now: number }]>(
      `DELETE FROM lease WHERE until <= :now OR until > :now + lasts + ${SET_BACK_MS}`,
    ),
    endLeaseOf: one<[Key]>('DELETE FROM lease WHERE key = ?'),
    endLeasesIn: one<[from: string, to: Key]>('DELETE FROM lease WHERE key >= ? AND key < ?'),
    /** With a condition, since SQLite would write a page to empty a table that is empty. */
    endAllLeases: one<[]>('DELETE FROM lease WHERE token IS NOT NULL'),
    /** Notes with all that are being computed that what has this tag is evicted. */
    evictInLeases: one<[{ tag: string }]>(
      `UPDATE lease SET evicted = json_insert(coalesce(evicted, '[]'), '$[#]', :tag)
       WHERE error IS NULL AND NOT EXISTS (SELECT 1 FROM json_each(evicted) WHERE value = :tag)`,
    ),

    reservation: one<[file: string], ReservationRow>(
      'SELECT file, space, since, place FROM reservation WHERE file = ?',
    ),
    reservations: one<[], ReservationRow>('SELECT file, space, since, place FROM reservation'),
    reservedSpace: number<[]>('SELECT total(space) FROM reservation'),
    /** What is kept for those that may come to be more and began before this one, which may be yet to begin. */
    olderSpace: number<[file: string]>(
      `SELECT total(space) FROM reservation
       WHERE place < coalesce((SELECT place FROM reservation WHERE file = ?), 9e15)`,
    ),
    /** The same for those that began before a moment. */
    growingSpace: number<[before: number]>(
      'SELECT total(space) FROM reservation WHERE place IS NOT NULL AND since < ?',
    ),
    reserve: one<[{ file: string; space: number; since: number; grows: 0 | 1 }]>(
      `INSERT INTO reservation (file, space, since, place)
       VALUES (:file, :space, :since, CASE WHEN :grows THEN (SELECT coalesce(max(place), 0) + 1 FROM reservation) END)
       ON CONFLICT (file) DO UPDATE SET space = :space`,
    ),
    restoreReservation: one<[ReservationRow]>(
      'INSERT INTO reservation (file, space, since, place) VALUES (:file, :space, :since, :place)',
    ),
    unreserve: one<[file: string]>('DELETE FROM reservation WHERE file = ?'),

    /** Frames in the log, and how many of them are in the database too. Not inside a transaction. */
    log: one<[], LogState>('PRAGMA wal_checkpoint(NOOP)'),
    truncateLog: one<[], { busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'),
    restartLog: one<[], { busy: number; log: number }>('PRAGMA wal_checkpoint(RESTART)'),

    pageCount: number<[]>('PRAGMA page_count'),
    freePages: number<[]>('PRAGMA freelist_count'),

    pages: new PageStatements(db, qualified(FULL)),
    check: new CheckStatements(db, REPLACED),
    move: new MoveStatements(db),
    queue: queueStatements(db, { full: FULL, replaced: REPLACED }),
    allFiles: text<[]>('SELECT file FROM entry WHERE file IS NOT NULL'),
    countFiles: number<[limit: number]>(
      'SELECT count(*) FROM (SELECT 1 FROM entry WHERE file IS NOT NULL LIMIT +?)',
    ),
    filesAfter: one<[file: string, limit: number], { file: string; size: number }>(
      'SELECT file, size FROM entry WHERE file > ? ORDER BY file LIMIT +?',
    ),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
