import type { Key } from '../entry/key.ts';
import { fileSpace, spaceOf } from './entry-space.ts';
import { ValueFiles } from './files/value-files.ts';
import { Home, type HomeOptions } from './home.ts';
import { Reservations } from './reservations.ts';
import { Arrivals } from './rows/arrivals.ts';
import type { SqliteDatabase } from './rows/sqlite-database.ts';
import { PAGE_BYTES } from './rows/schema.ts';
import { RowMemory } from './rows/row-memory.ts';
import {
  type ComputedRow,
  type EntryRow,
  type FullEntryRow,
  inOrder,
  wholeInOrder,
  type ReplacedRow,
  type RowExtras,
  type SlidingUse,
  type Statements,
} from './rows/statements.ts';
import { truncate } from './rows/truncation.ts';
import { WriteTransaction } from './rows/write-transaction.ts';

/** A value in its stored form, and where it goes. */
export interface StoredValue {
  readonly codec: string | null;
  readonly size: number;
  readonly checksum: number | null;
  /** The file the value is in, or null when it is in the row. */
  readonly file: string | null;
  /** What the row holds: the value, or an empty text or blob like the file's bytes. */
  readonly value: string | number | Buffer;
}

/** What writing an entry adds to the cache, and the row that it replaces. */
export interface Growth {
  readonly old: ReplacedRow | undefined;
  /** What the new entry is counted with. */
  readonly space: number;
  /** How much more that is than what it replaces. */
  readonly bytes: number;
  readonly entries: 0 | 1;
  readonly spare: number | undefined;
  /** The place in the order of insertion that it takes over, where it is not new. */
  readonly place: number | undefined;
}

/** What else a row records. */
export interface RowTerms {
  readonly expires: number | null;
  readonly tags: string | null;
  readonly stored: number;
  /** Whether it is never evicted. */
  readonly isPinned: boolean;
  readonly extras: RowExtras | undefined;
  /** The least place in the order of insertion that it gets, where it is new: in a shard, whose places are moments. */
  readonly arrival?: number | undefined;
}

export interface StorageOptions extends HomeOptions {
  /** Most bytes of rows that are kept in memory too. */
  readonly memoryLimit: number;
  /** Whether files are on disk, and not only on their way there, once they are written. */
  readonly isDurable: boolean;
}

/** How many ids of removed entries are remembered; more only leave gaps. */
const FREE_IDS_LIMIT = 10_000;

/**
 * Durable entries: joins a row and its file. A file is written before its row and removed after the transaction that
 * let go of it, so that a row never points to a file that was not complete.
 */
export class Storage {
  readonly sql: Statements;
  readonly home: Home;
  readonly files: ValueFiles;
  readonly transaction: WriteTransaction;
  readonly reservations: Reservations;
  readonly #memory: RowMemory;
  readonly arrivals: Arrivals;
  readonly #freeIds: number[] = [];
  /** Whether the last transaction wrote entries, and did not only remove some. */
  hasPut = false;
  /** Whether a snapshot is open, in which nothing may be written. */
  isReading = false;
  /** About what the changes since the last commit add to the write-ahead log. */
  #logBytes = 0;
  #givenBack = 0;

  constructor({ memoryLimit, isDurable, ...options }: StorageOptions) {
    this.home = new Home(options);
    const { connection, path } = this.home;
    this.sql = connection.sql;
    this.files = new ValueFiles(options.directory, isDurable);
    this.transaction = new WriteTransaction(connection);
    this.reservations = new Reservations(this.sql, this.transaction, (pages) => this.logged(pages));
    this.#memory = new RowMemory(this.sql, path, memoryLimit);
    this.arrivals = new Arrivals(this.sql, this.transaction);
  }

  get db(): SqliteDatabase {
    return this.home.connection.db;
  }

  /**
   * Opens the database that is in the folder now, or makes it, in place of the one that was open. Not in a transaction.
   *
   * @param damage what is wrong with the one that is open, so that it is set aside
   */
  reopen(damage?: 'corrupt' | 'foreign'): void {
    this.home.reopen(damage);
    this.transaction.databaseReplaced();
    this.reservations.databaseReplaced();
    this.files.databaseReplaced();
    this.forgetAll();
  }

  /** Takes the write lock, or returns false at once while another connection has it. */
  begin(): boolean {
    if (!this.transaction.begin()) return false;
    this.hasPut = false;
    this.#memory.transactionBegins();
    return true;
  }

  /** Runs reads that all see the cache as it is at the first, and cost less together. Nothing may be written meanwhile. */
  snapshot<T>(reads: () => T): T {
    if (this.isReading) return reads();
    const isInTransaction = this.transaction.isOpen;
    if (!isInTransaction) {
      this.sql.beginRead.run();
      this.#memory.transactionBegins();
    }
    this.isReading = true;
    try {
      return reads();
    } finally {
      this.isReading = false;
      if (!isInTransaction) this.sql.commit.run();
    }
  }

  /** The row of a key as it is now, from memory where nobody else has written since it was read. */
  find(key: Key): EntryRow | undefined {
    // What a transaction reads may be its own, and may be taken back.
    if (this.transaction.isWriting) return this.sql.find.get(key);
    const remembered = this.#memory.recall(key);
    if (remembered !== undefined) return remembered;
    return this.#remembered(key, this.sql.find.get(key));
  }

  /** The same with everything that is recorded. */
  findFull(key: Key): FullEntryRow | undefined {
    if (this.transaction.isWriting) return this.sql.findFull.get(key);
    const remembered = this.#memory.recall(key);
    if (remembered !== undefined && 'key' in remembered) return remembered as FullEntryRow;
    return this.#remembered(key, this.sql.findFull.get(key));
  }

  /** The same with what getOrSet() records. */
  findComputed(key: Key): ComputedRow | undefined {
    if (this.transaction.isWriting) return this.sql.findComputed.get(key);
    const remembered = this.#memory.recall(key);
    if (remembered !== undefined && 'cost' in remembered) return remembered as ComputedRow;
    return this.#remembered(key, this.sql.findComputed.get(key));
  }

  /** Forgets what is in memory of a key whose time seems to have passed: its use may have moved that time. */
  forget(key: Key): void {
    this.#memory.forget(key);
  }

  /** What put() of this entry would add, as long as nothing else is written. */
  growth(key: Key, value: StoredValue, tags: string | null): Growth {
    const old = this.sql.findReplaced.get(key);
    const space = spaceOf(key, value, tags);
    return {
      old,
      space,
      bytes: space - (old?.space ?? 0),
      entries: old === undefined ? 1 : 0,
      spare: old?.id,
      place: old?.seq,
    };
  }

  /** Writes the row of `key`, new or in place of the one it has. Needs the write lock. @returns its id */
  put(
    key: Key,
    value: StoredValue,
    { expires, tags, stored, isPinned, extras, arrival = 0 }: RowTerms,
    { old, space, place }: Growth,
  ): number {
    const { sql, transaction } = this;
    this.hasPut = true;
    const content = { ...value, expires, stored, tick: transaction.evictionsSeen, space, tags };
    this.#memory.forget(key);
    let id = old?.id;
    const seq = place ?? Math.max(arrival, this.arrivals.next);
    if (id === undefined) {
      const newId = isPinned ? (sql.nextPinnedId.get() ?? -1) : this.#takeFreeId();
      const { lastInsertRowid } =
        extras === undefined
          ? sql.insert.run(...inOrder(content), newId, key, seq)
          : sql.insertWhole.run(...wholeInOrder({ ...content, ...extras }), newId, key, seq);
      id = Number(lastInsertRowid);
      if (id < 1 && !isPinned) id = this.#firstId(id);
      transaction.add({ count: 1, space, fileSpace: fileSpace(value) });
      if (place !== undefined) this.arrivals.moved(seq, id);
    } else if (extras === undefined) {
      sql.replace.run(...inOrder(content), id);
    } else {
      sql.replaceWhole.run(...wholeInOrder({ ...content, ...extras }), id);
    }
    if (old !== undefined) this.#letGo(old, content);
    if (place === undefined) {
      this.arrivals.arrived(seq, id);
      if (old !== undefined) sql.setSeq.run(seq, id);
    }
    if (tags !== null) for (const tag of JSON.parse(tags) as string[]) this.sql.addTag.run(tag, key, id, seq);
    this.#logBytes += 2 * PAGE_BYTES + (value.file === null ? value.size : 0);
    return id;
  }

  /** Gives a row another deadline. Needs the write lock. */
  setExpires(
    { id, key }: ReplacedRow,
    { expires, deadline }: { expires: number | null; deadline: number | null },
  ): void {
    this.#memory.forget(key);
    this.sql.setExpires.run({ id, expires, deadline });
    this.logged(4);
  }

  /**
   * Moves the time at which an entry expires, where it moves with use. Needs the write lock.
   *
   * @returns whether it moves, and the entry was there already when it was used
   */
  slide({ id, key }: ReplacedRow, use: Omit<SlidingUse, 'id'>): boolean {
    this.#memory.forget(key);
    this.logged(2);
    return this.sql.slide.run({ id, ...use }).changes > 0;
  }

  /** Removes a row and whatever belongs to it. Needs the write lock. */
  remove(row: ReplacedRow): void {
    this.#memory.forget(row.key);
    this.sql.remove.run(row.id);
    this.sql.removeUse.run(row.id);
    this.#removeTags(row);
    if (row.file !== null) this.transaction.fileReplaced(row.file);
    this.transaction.add({ count: -1, space: -row.space, fileSpace: -fileSpace(row) });
    this.#logBytes += 2 * PAGE_BYTES;
    this.arrivals.left(1);
    if (!isPinned(row) && this.#freeIds.length < FREE_IDS_LIMIT) this.#freeIds.push(row.id);
  }

  /** The same of many rows, with as few statements as there can be. */
  removeMany(rows: readonly ReplacedRow[]): void {
    // Neighbours next to each other, since each page that changes costs more than a row.
    const ids = rows.map(({ id }) => id).sort((a, b) => a - b);
    this.sql.removeAll.run(JSON.stringify(ids));
    this.sql.removeUses.run(JSON.stringify(ids));
    let space = 0;
    let inFiles = 0;
    for (const row of rows) {
      this.#memory.forget(row.key);
      this.#removeTags(row);
      if (row.file !== null) this.transaction.fileReplaced(row.file);
      space += row.space;
      inFiles += fileSpace(row);
    }
    this.transaction.add({ count: -rows.length, space: -space, fileSpace: -inFiles });
    this.logged(2 * rows.length);
    this.arrivals.left(rows.length);
    const free = ids.filter((id) => !isPinned({ id }));
    this.#freeIds.push(...free.slice(0, FREE_IDS_LIMIT - this.#freeIds.length));
  }

  /** Whether the cache has no more pages and files than that. */
  isWithin({ pages, files }: { pages: number; files: number }): boolean {
    const { all, free } = this.databaseBytes();
    return all - free <= pages * PAGE_BYTES && (this.sql.countFiles.get(files + 1) ?? 0) <= files;
  }

  /** Removes all rows at once. Needs the write lock. @returns how many of them had not expired */
  truncate(now: number): number {
    const { live, files, totals } = truncate(this.sql, now, this.transaction.totals);
    this.forgetAll();
    for (const file of files) this.transaction.fileReplaced(file);
    this.transaction.setTotals(totals);
    this.logged(64);
    return live;
  }

  /** Forgets what is in memory of all rows. */
  forgetAll(): void {
    this.#memory.forgetAll();
    this.#freeIds.length = 0;
  }

  /** Counts pages that a change elsewhere added to the log, about. */
  logged(pages: number): void {
    this.#logBytes += pages * PAGE_BYTES;
  }

  /** Takes the count of bytes that the changes since the last call added to the log, about. */
  takeLogBytes(): number {
    const bytes = this.#logBytes;
    this.#logBytes = 0;
    return bytes;
  }

  /** Bytes of the database file, and how many of them hold nothing. */
  databaseBytes(): { all: number; free: number } {
    const pages = this.sql.pageCount.get() ?? 0;
    return { all: pages * PAGE_BYTES, free: (this.sql.freePages.get() ?? 0) * PAGE_BYTES };
  }

  /** By how much the database file will grow when all that is in the log is moved into it. */
  growthInLog(): number {
    return this.home.growthInLog(this.databaseBytes().all);
  }

  /** Takes the count of bytes that were given back since the last call: the file gets shorter at a checkpoint only. */
  takeGivenBack(): number {
    const bytes = this.#givenBack;
    this.#givenBack = 0;
    return bytes;
  }

  /** Shortens the database file by up to `bytes` of what holds nothing. Needs the write lock. */
  giveBack(bytes: number): void {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    this.db.pragma(`incremental_vacuum(${pages})`);
    this.#givenBack += pages * PAGE_BYTES;
    this.logged(2 * pages);
  }

  close(): void {
    this.home.connection.close();
  }

  #remembered<Row extends EntryRow>(key: Key, row: Row | undefined): Row | undefined {
    if (row !== undefined && this.#memory.wasSeen(row.id)) this.#memory.remember(key, row);
    return row;
  }

  #letGo(old: ReplacedRow, now: { space: number; size: number; file: string | null }): void {
    this.#removeTags(old);
    if (old.file !== null) this.transaction.fileReplaced(old.file);
    const space = now.space - old.space;
    const inFiles = fileSpace(now) - fileSpace(old);
    if (space !== 0 || inFiles !== 0) this.transaction.add({ space, fileSpace: inFiles });
  }

  #removeTags(row: ReplacedRow): void {
    if (row.tags !== null)
      for (const tag of JSON.parse(row.tags) as string[]) this.sql.removeTag.run(tag, row.key);
  }

  /** SQLite counts on from the greatest id, which is below 0 as long as all entries are pinned. */
  #firstId(id: number): number {
    this.sql.setId.run(1, id);
    return 1;
  }

  /** Another process may have filled a gap in the meantime. */
  #takeFreeId(): number | null {
    for (let id = this.#freeIds.pop(); id !== undefined; id = this.#freeIds.pop()) {
      if (this.sql.hasId.get(id) === undefined) return id;
    }
    return null;
  }
}

/** Whether an entry is never evicted. */
export function isPinned({ id }: { readonly id: number }): boolean {
  return id < 0;
}
