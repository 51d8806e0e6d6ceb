import { resolve } from 'node:path';
import { monotonicMs } from '../clock.ts';
import { Codec } from '../codec/codec.ts';
import type { EntryTerms } from '../entry/entry-options.ts';
import { DiskCacheError } from '../errors.ts';
import { Events } from '../events.ts';
import type { Key, KeyRange } from '../entry/key.ts';
import { type DiskCacheOptions, resolveOptions, type Settings, validDirectory } from '../options.ts';
import { halfLife, POLICIES } from '../policy/policy.ts';
import { Uses } from '../policy/uses.ts';
import { FileRemovals } from '../storage/files/file-removals.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import type { EntryRow, FullEntryRow, ReplacedRow, UseRow } from '../storage/rows/statements.ts';
import { totalsFrom } from '../storage/rows/totals.ts';
import { makeDirectory, markAsCache } from '../storage/directory.ts';
import { Storage } from '../storage/storage.ts';
import { Checkpoints } from '../upkeep/checkpoints.ts';
import { Evictor } from '../upkeep/evictor.ts';
import { Upkeep } from '../upkeep/upkeep.ts';
import { type PreparedValue, ValueLayout } from './value-layout.ts';

/** One step of a removal that may be long: how many live entries it removed, and whether it was the last. */
export interface Slice {
  readonly removed: number;
  readonly isLast: boolean;
}

/** What a verb returns that could not be finished in its slice, and has to be called again in the next. */
export const AGAIN = Symbol('again');

const NOTHING = { bytes: 0, entries: 0 };

/** What one slice may take of the event loop, about. */
export const SLICE_MS = 5;
const SLICE_ROWS = 256;

/** The smallest step of time that a double keeps apart at today's dates, and some. */
const STAMP_STEP_MS = 2 ** -10;

/**
 * What every verb does, once, for both doors: DiskCacheSync, which does it on the caller's thread, and DiskCache, which
 * never makes the caller's thread wait. Methods that change something need the write lock.
 */
export class Engine {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly values: ValueLayout;
  readonly uses = new Uses();
  readonly evictor: Evictor;
  readonly checkpoints: Checkpoints;
  readonly upkeep: Upkeep;
  readonly removals: FileRemovals;
  readonly events = new Events();
  readonly counts = { hits: 0, misses: 0, sets: 0, deletes: 0 };
  /** When making room for a write has to stop for now, by monotonicMs(). */
  sliceEnd = Infinity;
  readonly directory: string;
  readonly #notesUse: boolean;
  #refusesCalls = false;
  #isClosed = false;
  #lastStamp = 0;
  #countsBefore = { ...this.counts, evicted: 0, expired: 0 };

  constructor(directory: string, options: DiskCacheOptions | undefined) {
    this.settings = resolveOptions(options);
    const codec = new Codec(this.settings.serializer);
    this.directory = resolve(validDirectory(directory));
    makeDirectory(this.directory);
    const { timeoutMs, random, clock, memoryLimit } = this.settings;
    const policy = POLICIES[this.settings.eviction];
    this.#notesUse = policy.notesUse;
    this.storage = new Storage({
      directory: this.directory,
      timeoutMs,
      random,
      memoryLimit,
    });
    markAsCache(this.directory);
    this.values = new ValueLayout(this.settings, codec, this.storage.files);
    this.evictor = new Evictor(this.storage, policy, this.uses, this.settings, {
      now: () => clock.now(),
      random,
    });
    const report = (error: unknown) => this.events.report(error);
    this.removals = new FileRemovals(this.storage.files, (error, name) =>
      report(storageError(error, `cannot remove ${name}`)),
    );
    this.checkpoints = new Checkpoints(this.directory, this.storage.sql, {
      onPinned: (logBytes) => this.events.emit('pinned', logBytes),
      onError: report,
    });
    this.upkeep = new Upkeep({
      storage: this.storage,
      uses: this.uses,
      clock,
      random,
      timeoutMs,
      tryWrite: (work) => this.#tryWrite(work),
      purge: () => this.expire().isLast,
      tidyLog: () => this.checkpoints.tidy(),
      writeUses: (rows) => this.#writeUses(rows),
      report,
    });
  }

  /** @throws DiskCacheError `ERR_DISKCACHE_CLOSED` */
  assertOpen(): void {
    // The body of a transaction that was called before may go on.
    if (this.#refusesCalls && !this.storage.transaction.isOpen)
      throw new DiskCacheError('ERR_DISKCACHE_CLOSED', `the cache in ${this.directory} is closed`);
  }

  /** From now on only what was called before is done. */
  refuseCalls(): void {
    this.#refusesCalls = true;
  }

  /** Ends the use of the cache, and waits for what goes on in the background. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#endUpkeep();
    await this.removals.settled();
    await this.checkpoints.close();
    this.storage.close();
  }

  closeSync(): void {
    if (this.#isClosed) return;
    this.#endUpkeep();
    this.removals.settleSync();
    void this.checkpoints.letGo();
    this.storage.close();
  }

  /** Takes the write lock, or returns false at once while another process has it. */
  begin(): boolean {
    if (!this.storage.begin()) return false;
    this.#countsBefore = { ...this.counts, ...this.evictor.departures };
    return true;
  }

  /** @returns the files that no row points to any more */
  commit(): readonly string[] {
    const files = this.storage.transaction.commit();
    this.checkpoints.committed(this.storage.takeLogBytes());
    return files;
  }

  /** @returns the files that no row points to any more */
  rollback(): readonly string[] {
    const { evicted, expired, ...counts } = this.#countsBefore;
    Object.assign(this.counts, counts);
    Object.assign(this.evictor.departures, { evicted, expired });
    this.storage.takeLogBytes();
    return this.storage.transaction.rollback();
  }

  /** Runs what has to be done in one transaction, however long it takes. */
  unsliced<T>(work: () => T): T {
    this.sliceEnd = Infinity;
    return work();
  }

  /** Runs a part of a transaction so that its changes alone are taken back when it throws. */
  nested<T>(part: () => T): T {
    const counts = { ...this.counts };
    const departures = { ...this.evictor.departures };
    try {
      return this.storage.transaction.nested(part, (name) => this.storage.files.removeSync(name));
    } catch (error) {
      Object.assign(this.counts, counts);
      Object.assign(this.evictor.departures, departures);
      throw error;
    }
  }

  now(): number {
    return this.settings.clock.now();
  }

  /** The live row of a key, at the cost of one SELECT at the most. */
  find(key: Key): EntryRow | undefined {
    const row = this.storage.find(key);
    return row !== undefined && this.isLive(row) ? row : undefined;
  }

  /** The same with everything that is recorded. */
  findFull(key: Key): FullEntryRow | undefined {
    const row = this.storage.findFull(key);
    return row !== undefined && this.isLive(row) ? row : undefined;
  }

  has(key: Key): boolean {
    const row = this.storage.sql.findExpiry.get(key);
    return row !== undefined && this.isLive(row);
  }

  isLive(row: { readonly expires: number | null }): boolean {
    return row.expires === null || row.expires > this.now();
  }

  /** Counts a read: a hit where there was a row, else a miss. */
  counted(row: { readonly id: number } | undefined): void {
    if (row === undefined) this.counts.misses++;
    else {
      this.counts.hits++;
      this.#noteUse(row.id);
    }
  }

  /**
   * Stores an entry, once there is room for it: what is refused has changed nothing.
   *
   * @returns false when it has expired already, so that nothing is stored; AGAIN when the slice ended before there was
   *   room
   */
  put(key: Key, prepared: PreparedValue, { expires, tags }: EntryTerms): boolean | typeof AGAIN {
    if (!this.isLive({ expires })) {
      this.counts.sets++;
      this.#removeAny(key);
      return false;
    }
    const { codec, size, checksum, file, value } = prepared;
    const stored = { codec, size, checksum, file, value };
    let growth = this.storage.growth(key, stored, tags);
    if (!this.evictor.fits(growth)) {
      if (!this.evictor.makeRoom(growth, this.sliceEnd)) return AGAIN;
      growth = this.storage.growth(key, stored, tags);
    }
    this.counts.sets++;
    this.storage.put(key, stored, { expires, tags, stored: this.#stamp() }, growth);
    this.evictor.written(growth.space);
    return true;
  }

  /** Stores an entry unless there is a live one. */
  add(key: Key, value: PreparedValue, terms: EntryTerms): boolean | typeof AGAIN {
    return !this.has(key) && this.put(key, value, terms);
  }

  /** Gives a live entry a new deadline, or with undefined keeps the one it has, and counts as a use. */
  touch(key: Key, expires: number | null | undefined): boolean {
    const row = this.storage.sql.findReplaced.get(key);
    if (row === undefined || !this.isLive(row)) return false;
    if (expires !== undefined && expires !== row.expires) {
      this.storage.setExpires(row, expires);
    }
    this.#noteUse(row.id);
    return true;
  }

  /** Removes an entry. @returns whether there was a live one */
  delete(key: Key): boolean {
    const row = this.#removeAny(key);
    if (row === undefined || !this.isLive(row)) return false;
    this.counts.deletes++;
    return true;
  }

  /** Removes the entry of a key whose file cannot be handed out, unless it has another one by now. */
  deleteBroken(key: Key, file: string, why: 'gone' | 'damaged'): void {
    const row = this.storage.sql.findReplaced.get(key);
    if (row?.file !== file) return;
    this.evictor.remove(row);
    this.events.report(
      new DiskCacheError('ERR_DISKCACHE_STORAGE', `value file ${file} is ${why}; its entry was removed`),
    );
  }

  clear(): Slice {
    return this.#removeSlice(this.storage.sql.upTo.all(Number.MAX_SAFE_INTEGER, SLICE_ROWS));
  }

  evict(tag: string): Slice {
    return this.#removeSlice(this.storage.sql.tagged.all(tag, SLICE_ROWS));
  }

  deleteRange({ from, to }: KeyRange): Slice {
    return this.#removeSlice(this.storage.sql.inRange.all(from, to, SLICE_ROWS));
  }

  expire(): Slice {
    const removed = this.evictor.purge(SLICE_ROWS);
    return { removed, isLast: removed < SLICE_ROWS };
  }

  /** Evicts what is over the limits, as after opening a cache with lower ones. */
  cull(): Slice {
    const before = this.evictor.departures.evicted;
    const isLast = this.evictor.makeRoom(NOTHING, Math.min(this.sliceEnd, monotonicMs() + SLICE_MS));
    return { removed: this.evictor.departures.evicted - before, isLast };
  }

  /** Evicts until files of so many bytes fit that are about to be written. @returns AGAIN when the slice ended first */
  makeRoom(bytes: number): undefined | typeof AGAIN {
    return this.evictor.makeRoom({ bytes, entries: 0 }, this.sliceEnd) ? undefined : AGAIN;
  }

  /** What is in the cache now: live entries, and the space of all. */
  totals(): { count: number; size: number } {
    const { sql, transaction } = this.storage;
    const { count, space } = transaction.isOpen ? transaction.totals : totalsFrom(sql.totals.get());
    return { count: count - (sql.countExpired.get(this.now()) ?? 0), size: space };
  }

  #endUpkeep(): void {
    this.upkeep.stop();
    this.upkeep.writeAllUses();
    this.#refusesCalls = true;
    this.#isClosed = true;
  }

  #tryWrite(work: () => void): boolean {
    if (this.checkpoints.isBehind) {
      void this.checkpoints.caughtUp();
      return false;
    }
    if (this.storage.transaction.isOpen || !this.begin()) return false;
    try {
      work();
      this.removals.discard(this.commit());
      return true;
    } catch (error) {
      this.removals.discard(this.rollback());
      throw storageError(error, 'upkeep cannot write');
    }
  }

  #writeUses(rows: readonly UseRow[]): void {
    const { sql, transaction } = this.storage;
    const fading = halfLife(transaction.totals.count);
    for (const row of rows) sql.addUse.run({ ...row, halfLife: fading });
    this.storage.logged(rows.length);
  }

  #noteUse(id: number): void {
    if (!this.#notesUse) return;
    this.uses.note(id, this.#stamp(), this.storage.transaction.evictionsSeen);
    this.upkeep.usesNoted();
  }

  /** Strictly increasing in this process, and the clock's time but for fractions of a ms. */
  #stamp(): number {
    this.#lastStamp = Math.max(this.now(), this.#lastStamp + STAMP_STEP_MS);
    return this.#lastStamp;
  }

  #removeSlice(rows: readonly ReplacedRow[]): Slice {
    let removed = 0;
    for (const row of rows) {
      if (this.isLive(row)) removed++;
      this.evictor.remove(row);
    }
    return { removed, isLast: rows.length < SLICE_ROWS };
  }

  #removeAny(key: Key): ReplacedRow | undefined {
    const row = this.storage.sql.findReplaced.get(key);
    if (row !== undefined) this.evictor.remove(row);
    return row;
  }
}
