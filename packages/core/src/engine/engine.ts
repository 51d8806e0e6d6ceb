import { resolve } from 'node:path';
import { Codec } from '../codec/codec.ts';
import { Compression } from '../codec/compression.ts';
import { isCompressed } from '../codec/encoded-value.ts';
import type { EntryTerms, Expiry } from '../entry/entry-options.ts';
import { DiskCacheError } from '../errors.ts';
import { Events } from '../events.ts';
import { givenKey, type Key } from '../entry/key.ts';
import { type DiskCacheOptions, resolveOptions, type Settings, validDirectory } from '../options.ts';
import { POLICIES } from '../policy/policy.ts';
import { Uses } from '../policy/uses.ts';
import { FileRemovals } from '../storage/files/file-removals.ts';
import { LogSync } from '../storage/rows/log-sync.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import type { EntryRow, FullEntryRow, ReplacedRow } from '../storage/rows/statements.ts';
import { totalsFrom } from '../storage/rows/totals.ts';
import { makeDirectory, markAsCache } from '../storage/directory.ts';
import { isPinned, Storage, type StoredValue } from '../storage/storage.ts';
import { Checkpoints } from '../upkeep/checkpoints.ts';
import { Evictor } from '../upkeep/evictor.ts';
import { Upkeep } from '../upkeep/upkeep.ts';
import { LiveRows } from './live-rows.ts';
import { UseNotes } from './use-notes.ts';
import { Tally, took } from '../tally.ts';
import { ValueLayout } from './value-layout.ts';

/** One step of a removal that may be long: how many live entries it removed, and whether it was the last. */
export interface Slice {
  readonly removed: number;
  readonly isLast: boolean;
}

/** What a verb returns that could not be finished in its slice, and has to be called again in the next. */
export const AGAIN = Symbol('again');

/** What one slice may take of the event loop, about. */
export const SLICE_MS = 5;
/** Expired entries that upkeep removes in one transaction. */
const PURGED_AT_ONCE = 256;

/**
 * What every verb does, once, for both doors: DiskCacheSync, which does it on the caller's thread, and DiskCache, which
 * never makes the caller's thread wait. Methods that change something need the write lock.
 */
export class Engine {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly live: LiveRows;
  /** Waits for the disk, where that is asked for. */
  readonly log: LogSync | undefined;
  readonly values: ValueLayout;
  readonly uses = new Uses();
  readonly evictor: Evictor;
  readonly checkpoints: Checkpoints;
  readonly upkeep: Upkeep;
  readonly removals: FileRemovals;
  readonly events: Events;
  /** What this process did. */
  readonly tally: Tally;
  /** When making room for a write has to stop for now, by monotonicMs(). */
  sliceEnd = Infinity;
  readonly directory: string;
  readonly #useNotes: UseNotes;
  #refusesCalls = false;
  #isClosed = false;
  #before: ReturnType<Tally['mark']>;

  constructor(directory: string, options: DiskCacheOptions | undefined) {
    this.settings = resolveOptions(options);
    const codec = new Codec(this.settings);
    const compression = new Compression(this.settings.compression);
    this.directory = resolve(validDirectory(directory));
    this.events = new Events(this.directory);
    this.tally = new Tally(this.events);
    this.#before = this.tally.mark();
    const folders = makeDirectory(this.directory);
    const { timeoutMs, random, clock, memoryLimit, maxIdleMs } = this.settings;
    const isDurable = this.settings.durability === 'full';
    const policy = POLICIES[this.settings.eviction];
    this.storage = new Storage({
      directory: this.directory,
      timeoutMs,
      random,
      drawn: policy.drawn,
      memoryLimit,
      isDurable,
    });
    this.log = isDurable ? new LogSync(this.storage.databasePath, folders) : undefined;
    markAsCache(this.directory);
    this.#useNotes = new UseNotes({
      storage: this.storage,
      uses: this.uses,
      now: () => clock.now(),
      maxIdleMs,
      isNoting: policy.notesUse || maxIdleMs !== undefined,
    });
    this.live = new LiveRows(this.storage, this.uses, maxIdleMs, () => clock.now());
    this.values = new ValueLayout(this.settings, codec, compression, this.storage.files);
    this.evictor = new Evictor(this.storage, policy, this.uses, this.settings, {
      now: () => clock.now(),
      random,
      isInUse: (row) => this.live.isInUse(row),
      tally: this.tally,
    });
    const report = (error: unknown) => this.events.report(error);
    this.removals = new FileRemovals(this.storage.files, (error, name) =>
      report(storageError(error, `cannot remove ${name}`)),
    );
    this.checkpoints = new Checkpoints(this.directory, this.storage.sql, {
      onPinned: (logBytes) => this.events.tell('logPinned', logBytes),
      onError: report,
      onDone: (ms) => this.#checkpointTook(ms),
    });
    this.upkeep = new Upkeep({
      storage: this.storage,
      uses: this.uses,
      clock,
      random,
      timeoutMs,
      tryWrite: (work) => this.tryWrite(work),
      purge: () => {
        this.storage.sql.endLeasesUntil.run(this.now());
        return this.evictor.purge(PURGED_AT_ONCE) < PURGED_AT_ONCE;
      },
      tidyLog: () => this.checkpoints.tidy(),
      writeUses: (rows) => this.#useNotes.write(rows),
      usesAreUrgentMs: maxIdleMs === undefined ? undefined : maxIdleMs / 4,
      report,
    });
  }

  /** Whether it is open. The body of a transaction that was called before may go on. */
  get acceptsCalls(): boolean {
    return !this.#refusesCalls || this.storage.transaction.isOpen;
  }

  /** @throws DiskCacheError `ERR_DISKCACHE_CLOSED` */
  assertOpen(): void {
    if (!this.acceptsCalls)
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
    this.#before = this.tally.mark();
    return true;
  }

  /** @returns the files that no row points to any more */
  commit(): readonly string[] {
    const files = this.storage.transaction.commit();
    this.tally.committed();
    this.checkpoints.committed(this.storage.takeLogBytes());
    return files;
  }

  /** @returns the files that no row points to any more */
  rollback(): readonly string[] {
    this.tally.restore(this.#before);
    this.storage.takeLogBytes();
    return this.storage.transaction.rollback();
  }

  /** Does what no call waits for in a transaction, or returns false at once when it would have to wait for others. */
  tryWrite(work: () => void): boolean {
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

  /** Runs what has to be done in one transaction, however long it takes. */
  unsliced<T>(work: () => T): T {
    this.sliceEnd = Infinity;
    return work();
  }

  /** Runs a part of a transaction so that its changes alone are taken back when it throws. */
  nested<T>(part: () => T): T {
    const before = this.tally.mark();
    try {
      return this.storage.transaction.nested(part, (name) => this.storage.files.removeSync(name));
    } catch (error) {
      this.tally.restore(before);
      throw error;
    }
  }

  /** Counts that a write had to wait for others. */
  waitedForLock(ms: number): void {
    took(this.tally.lockWaits, ms);
    this.events.trace('lockWait', { ms });
  }

  now(): number {
    return this.settings.clock.now();
  }

  /** Where a row's value is, when it is in a file, and as it is: who reads one that is compressed takes it for another. */
  pathOf(row: EntryRow | undefined): string | undefined {
    if (row === undefined || row.file === null || isCompressed(row.codec)) return undefined;
    return this.storage.files.path(row.file);
  }

  /** Counts a read: a hit where there was a row, else a miss. */
  counted(key: Key, row: { readonly id: number } | undefined): void {
    if (row === undefined) this.tally.counts.misses++;
    else {
      this.tally.counts.hits++;
      this.#noteUse(row.id);
    }
    if (this.events.isTraced('get')) this.events.trace('get', { key: givenKey(key), hit: row !== undefined });
  }

  /**
   * Stores an entry, once there is room for it: what is refused has changed nothing.
   *
   * @returns false when it has expired already, so that nothing is stored; AGAIN when the slice ended before there was
   *   room
   */
  put(key: Key, prepared: StoredValue, terms: EntryTerms): boolean | typeof AGAIN {
    if (!this.live.isLive(terms)) {
      this.tally.counts.sets++;
      this.#removeAny(key);
      return false;
    }
    const { codec, size, checksum, file, value } = prepared;
    const stored = { codec, size, checksum, file, value };
    let growth = this.storage.growth(key, stored, terms.tags);
    if (!this.evictor.fits(growth)) {
      if (!this.evictor.makeRoom(growth, this.sliceEnd)) return AGAIN;
      growth = this.storage.growth(key, stored, terms.tags);
    }
    this.tally.counts.sets++;
    if (growth.old !== undefined && isPinned(growth.old) !== terms.isPinned) {
      this.evictor.remove(growth.old);
      growth = { ...growth, old: undefined, place: growth.old.seq };
    }
    const id = this.storage.put(key, stored, { ...terms, stored: this.#useNotes.stamp() }, growth);
    if (this.events.isTraced('set')) this.events.trace('set', { key: givenKey(key) });
    this.evictor.written(growth.space);
    if (growth.old === undefined && id > 0 && this.evictor.isReturn(key)) this.#useNotes.writeReturn(id);
    return true;
  }

  /** Gives a live entry a new expiry, or with undefined keeps the one it has, and counts as a use. */
  touch(key: Key, expiry: Expiry | undefined): boolean {
    const row = this.storage.sql.findReplaced.get(key);
    if (row === undefined || !(this.live.isLive(row) || this.live.isInUse(row))) return false;
    if (expiry !== undefined && (expiry.expires !== row.expires || expiry.deadline !== null)) {
      this.storage.setExpires(row, expiry);
    }
    this.#noteUse(row.id);
    return true;
  }

  /** What set() would have to be given to keep of an entry all but its value. */
  termsOf({ id, expires, tags }: FullEntryRow): EntryTerms {
    const deadline = this.settings.maxIdleMs === undefined ? undefined : this.storage.sql.deadline.get(id);
    const extras = deadline === undefined ? undefined : { deadline, staleUntil: null, cost: null };
    return { expires, tags, isPinned: isPinned({ id }), extras };
  }

  /** Removes a live entry that was found. */
  remove(row: ReplacedRow): void {
    this.evictor.remove(row);
    this.#deleted(row.key);
  }

  /** Removes an entry. @returns whether there was a live one */
  delete(key: Key): boolean {
    const row = this.#removeAny(key);
    if (row === undefined || !this.live.isLive(row)) return false;
    this.#deleted(key);
    return true;
  }

  /** Removes the entry of a key whose file cannot be handed out, unless it has another one by now. */
  deleteBroken(key: Key, file: string, why: 'gone' | 'damaged'): void {
    const row = this.storage.sql.findReplaced.get(key);
    if (row?.file !== file) return;
    this.evictor.remove(row);
    this.reportBroken(file, why);
  }

  /** Says that an entry went whose file could not be handed out. */
  reportBroken(file: string, why: 'gone' | 'damaged'): void {
    this.events.report(
      new DiskCacheError('ERR_DISKCACHE_STORAGE', `value file ${file} is ${why}; its entry was removed`),
    );
  }

  /** What is in the cache now: live entries, and the space of all. */
  totals(): { count: number; size: number } {
    const { sql, transaction } = this.storage;
    const { count, space } = transaction.isOpen ? transaction.totals : totalsFrom(sql.totals.get());
    return { count: count - (sql.countExpired.get({ now: this.now() }) ?? 0), size: space };
  }

  #deleted(key: Key): void {
    this.tally.counts.deletes++;
    if (this.events.isTraced('delete')) this.events.trace('delete', { key: givenKey(key) });
  }

  #checkpointTook(ms: number): void {
    took(this.tally.checkpoints, ms);
    this.events.trace('checkpoint', { ms });
  }

  #endUpkeep(): void {
    this.upkeep.stop();
    this.upkeep.writeAllUses();
    this.#refusesCalls = true;
    this.#isClosed = true;
  }

  #noteUse(id: number): void {
    if (this.#useNotes.note(id)) this.upkeep.usesNoted();
  }

  /** What is being computed for the key meanwhile is not to come back. */
  #removeAny(key: Key): ReplacedRow | undefined {
    this.storage.sql.endLeaseOf.run(key);
    const row = this.storage.sql.findReplaced.get(key);
    if (row !== undefined) this.evictor.remove(row);
    return row;
  }
}
