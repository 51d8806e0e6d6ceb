import { NO_TOTALS } from './totals.ts';

/** Marks cache.db as a DiskCache: 'DkCh'. */
export const APPLICATION_ID = 0x446b4368;

/** The version of everything below, kept in user_version. */
export const FORMAT_VERSION = 1;

/** The fastest page size or near it for values from 100 bytes to 64 KB (bench/choices/page-size.ts). */
export const PAGE_BYTES = 4096;

/** Freed pages can be given back to the file system, so that a cache of rows can turn into one of files. */
export const CREATION_PRAGMAS = [
  `page_size = ${PAGE_BYTES}`,
  'auto_vacuum = INCREMENTAL',
  'journal_mode = WAL',
] as const;

/** A page in the write-ahead log, with its header. */
export const FRAME_BYTES = PAGE_BYTES + 24;

/** The log's file grows to this and is then filled anew: extending it again and again would cost a third of a set. */
export const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/** What SQLite keeps of a database in memory at the most; the databases of one sharded cache have it together. */
export const PAGE_CACHE_KIB = 16_000;

/**
 * Set on each connection. The time of a checkpoint is ours: SQLite's own would make a writer wait for the disk.
 */
export const CONNECTION_PRAGMAS = [
  'synchronous = NORMAL',
  'wal_autocheckpoint = 0',
  `journal_size_limit = ${LOG_LIMIT_BYTES}`,
] as const;

/** The row of `arrival` that holds the totals, after all others. */
export const LAST_SEQ = Number.MAX_SAFE_INTEGER;

/**
 * An entry's key and value have no declared type: text, numbers and bytes are stored as themselves and stay apart.
 * `value` comes last, so that the columns before it are read without following a long value's pages. There is no
 * index on a time of use or of storing: it would double the cost of each write.
 *
 * entry.id        of an entry that is gone, where there is one: so ids stay without gaps, and victims can be drawn by id;
 *                 below 0 for entries that are never evicted, so that eviction does not meet them
 * entry.seq       grows with each key that is new; an overwrite keeps it
 * entry.codec     what wrote the value, and how it was compressed, as json|text|zstd; NULL when it is stored as itself
 * entry.expires   ms since the epoch, NULL for never
 * entry.deadline  where expires moves with each use (maxIdle): how far it may, in ms since the epoch
 * entry.staleUntil  until when the row stays after it has expired, for getOrSet() alone, in ms since the epoch
 * entry.cost      how long the value took to compute, in ms, where getOrSet() did
 * entry.leasedUntil  until when it is handed out by pull() with a lease, in ms since the epoch
 * entry.leasedFor  how many ms that is from when it was handed out: longer than that it can only be if the clock was set back
 * entry.lease     which lease that is: a random number, so that none is taken for another
 * entry.stored    ms since the epoch, with a fraction that keeps the writes of one process in order
 * entry.tick      how many entries had been evicted when it was stored
 * entry.size      bytes of the value as stored
 * entry.space     bytes that the entry is counted with against the size limit, its file included
 * entry.checksum  CRC-32 of the value's file, where asked for
 * entry.file      the value's file below values/, or NULL when the value is in this row
 * entry.tags      JSON array of the tags, or NULL
 * entry.value     the value; where it is in a file, an empty text or blob that says which of the two the file holds
 * use             when (in ms and in evictions) and how often an entry was read, written in batches; absent for
 *                 entries never read
 * lease           who computes the value of a key for all processes, and until when others trust in that; or, with an
 *                 error, until when the attempt that failed is not repeated
 * lease.lasts     as entry.leasedFor
 * lease.evicted   JSON array of the tags that were evicted since, or NULL
 * reservation     the space that is kept for a file which is being written, until its entry counts it
 * reservation.since   when it was first kept, in ms since the epoch: its file, which tells more, may not be there yet
 * reservation.place  where it comes in the order of the files of which nobody knows how long they get; NULL for others
 * tag             a row for each tag of each entry, in the order of the keys
 * arrival         the ids of the entries in the order in which their keys were new. The rows of entries that are gone stay
 *                 for a while: one by one they would cost a page each. The totals are in the last row, seq = LAST_SEQ, since
 *                 a new key changes them too: so it changes one page for both (bench/choices/insertion-order.ts)
 */
export const SCHEMA = `
CREATE TABLE entry (
  id INTEGER PRIMARY KEY,
  key NOT NULL UNIQUE,
  codec TEXT,
  expires INTEGER,
  deadline INTEGER,
  staleUntil INTEGER,
  cost REAL,
  leasedUntil INTEGER,
  leasedFor INTEGER,
  lease INTEGER,
  stored REAL NOT NULL,
  tick INTEGER NOT NULL,
  size INTEGER NOT NULL,
  space INTEGER NOT NULL,
  checksum INTEGER,
  file TEXT,
  tags TEXT,
  seq INTEGER NOT NULL,
  value
);
CREATE INDEX entry_expires ON entry (expires, id) WHERE expires IS NOT NULL AND staleUntil IS NULL;
CREATE INDEX entry_expires_stale ON entry (expires) WHERE staleUntil IS NOT NULL;
CREATE INDEX entry_stale ON entry (staleUntil, id) WHERE staleUntil IS NOT NULL;
CREATE INDEX entry_file ON entry (file) WHERE file IS NOT NULL;
CREATE TABLE tag (
  tag TEXT NOT NULL,
  key NOT NULL,
  id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tag, key)
) WITHOUT ROWID;
CREATE TABLE use (id INTEGER PRIMARY KEY, at REAL NOT NULL, hits REAL NOT NULL, tick INTEGER NOT NULL);
CREATE TABLE lease (
  key PRIMARY KEY,
  token INTEGER NOT NULL,
  until INTEGER NOT NULL,
  lasts INTEGER NOT NULL,
  error TEXT,
  evicted TEXT
) WITHOUT ROWID;
CREATE TABLE reservation (file TEXT PRIMARY KEY, space INTEGER NOT NULL, since INTEGER NOT NULL, place INTEGER) WITHOUT ROWID;
CREATE TABLE arrival (seq INTEGER PRIMARY KEY, id INTEGER, totals TEXT);
INSERT INTO arrival (seq, totals) VALUES (${LAST_SEQ}, '${JSON.stringify(NO_TOTALS)}');
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT_VERSION};
`;
