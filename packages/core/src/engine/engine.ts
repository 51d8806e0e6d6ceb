import { Codec } from '../codec/codec.ts';
import { Compression } from '../codec/compression.ts';
import { DiskCacheError } from '../errors.ts';
import { Events } from '../events.ts';
import { givenKey, type Key } from '../entry/key.ts';
import { type DiskCacheOptions, resolveOptions, type Settings } from '../options.ts';
import { POLICIES } from '../policy/policy.ts';
import { Uses } from '../policy/uses.ts';
import { FileRemovals } from '../storage/files/file-removals.ts';
import { LogSync } from '../storage/rows/log-sync.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import type { Storage } from '../storage/storage.ts';
import { AbandonedFiles } from '../upkeep/abandoned-files.ts';
import { Checkpoints } from '../upkeep/checkpoints.ts';
import { Evictor } from '../upkeep/evictor.ts';
import { Share, type SharedLimits } from '../upkeep/share.ts';
import { Upkeep } from '../upkeep/upkeep.ts';
import { BrokenFiles } from './broken-files.ts';
import { Changes } from './changes.ts';
import { FullDisk } from './full-disk.ts';
import { LiveRows } from './live-rows.ts';
import { UseNotes } from './use-notes.ts';
import { openStorage } from './open-storage.ts';
import { writesInSnapshot } from './snapshot.ts';
import { Place } from './place.ts';
import { Recovery } from './recovery.ts';
import { Tally } from '../tally.ts';
import { ValueLayout } from './value-layout.ts';

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
  /** Of a part of a sharded cache. */
  readonly share: Share | undefined;
  readonly evictor: Evictor;
  readonly changes: Changes;
  readonly broken: BrokenFiles;
  readonly checkpoints: Checkpoints;
  readonly upkeep: Upkeep;
  readonly recovery: Recovery;
  readonly fullDisk: FullDisk;
  readonly removals: FileRemovals;
  readonly events: Events;
  /** What this process did. */
  readonly tally: Tally;
  /** When making room for a write has to stop for now, by monotonicMs(). */
  sliceEnd = Infinity;
  readonly directory: string;
  readonly #place: Place;
  readonly #useNotes: UseNotes;
  readonly #abandoned: AbandonedFiles;
  /** Called when calls are refused from now on, for those that wait to call again. */
  onRefusal: () => void = () => undefined;
  #refusesCalls = false;
  #isClosed = false;
  #before: ReturnType<Tally['mark']>;

  /**
   * Without a directory: a temporary cache, which goes when it is closed or the process ends.
   *
   * @param limits those of the sharded cache that this one is a part of
   */
  constructor(directory: string | undefined, options: DiskCacheOptions | undefined, limits?: SharedLimits) {
    this.settings = resolveOptions(options);
    const codec = new Codec(this.settings);
    const compression = new Compression(this.settings.compression);
    this.#place = new Place(directory, this.settings, () => this.closeSync());
    this.directory = this.#place.directory;
    this.events = new Events(this.directory);
    this.tally = new Tally(this.events);
    this.#before = this.tally.mark();
    const { timeoutMs, random, clock, maxIdleMs, readOnly, onCorrupt, durability } = this.settings;
    const policy = POLICIES[this.settings.eviction];
    this.storage = openStorage(this.directory, this.settings, this.events, limits?.count);
    const { home } = this.storage;
    this.log = durability === 'full' ? new LogSync(home.path, () => home.newFolders) : undefined;
    this.#useNotes = new UseNotes({
      storage: this.storage,
      uses: this.uses,
      now: () => clock.now(),
      maxIdleMs,
      isNoting: !readOnly && (policy.notesUse || maxIdleMs !== undefined),
      stamp: limits && (() => limits.stamp()),
    });
    this.live = new LiveRows(this.storage, this.uses, maxIdleMs, () => clock.now());
    this.values = new ValueLayout(this.settings, codec, compression, this.storage.files);
    this.share = limits && new Share(limits, this);
    const abandoned = new AbandonedFiles(this.storage, clock);
    this.#abandoned = abandoned;
    this.evictor = new Evictor(this.storage, policy, this.uses, this.settings, {
      now: () => clock.now(),
      random,
      keepsByUse: (row) => this.live.isInUse(row) && this.#useNotes.slideToNote(row),
      tally: this.tally,
      share: this.share,
      abandoned,
    });
    this.changes = new Changes({
      storage: this.storage,
      live: this.live,
      evictor: this.evictor,
      useNotes: this.#useNotes,
      tally: this.tally,
      share: this.share,
      noteUse: (id) => this.#noteUse(id),
      sliceEnd: () => this.sliceEnd,
    });
    this.broken = new BrokenFiles(this.storage, this.evictor, this.events);
    const report = (error: unknown) => this.events.report(storageError(error, 'cannot look after the cache'));
    this.removals = new FileRemovals(this.storage.files, (error, name) =>
      report(storageError(error, `cannot remove ${name}`)),
    );
    this.checkpoints = new Checkpoints(this.directory, this.storage.sql, {
      parts: limits?.count,
      onPinned: (logBytes) => this.events.tell('logPinned', logBytes),
      onError: (error) => void this.#failedInBackground(error),
      onDone: (ms) => this.tally.checkpointTook(ms),
      onLook: () => this.fullDisk.look(),
    });
    this.upkeep = new Upkeep({
      storage: this.storage,
      uses: this.uses,
      abandoned,
      clock,
      random,
      timeoutMs,
      tryWrite: (work) => this.tryWrite(work),
      purge: () => {
        this.storage.sql.endLeasesUntil.run({ now: this.now() });
        return this.evictor.purge(PURGED_AT_ONCE).isLast;
      },
      tidyLog: () => this.checkpoints.tidy(),
      writeUses: (rows) => this.#useNotes.write(rows),
      mayWriteUses: () => !this.fullDisk.isLow,
      usesAreUrgentMs: maxIdleMs === undefined ? undefined : maxIdleMs / 4,
      report,
    });
    this.fullDisk = new FullDisk(this.storage, this.evictor, this.checkpoints);
    if (readOnly) this.upkeep.stop();
    const { evictor, checkpoints, upkeep, log } = this;
    const followers = [evictor, checkpoints, upkeep, abandoned, ...(log ? [log] : [])];
    this.recovery = new Recovery({ storage: this.storage, clock, readOnly, onCorrupt, followers, report });
  }

  /** Whether it is open. The body of a transaction that was called before may go on. */
  get acceptsCalls(): boolean {
    return !this.#refusesCalls || (!this.#isClosed && this.storage.transaction.isOpen);
  }

  /** @throws DiskCacheError `ERR_DISKCACHE_CLOSED` */
  assertOpen(): void {
    if (!this.acceptsCalls)
      throw new DiskCacheError('ERR_DISKCACHE_CLOSED', `the cache in ${this.directory} is closed`);
  }

  /** @throws DiskCacheError `ERR_DISKCACHE_CLOSED`, `ERR_DISKCACHE_READ_ONLY`, and in the body of a snapshot */
  assertWritable(): void {
    this.assertOpen();
    this.assertDestroyable();
    if (this.storage.isReading) throw writesInSnapshot();
  }

  /** @throws DiskCacheError `ERR_DISKCACHE_READ_ONLY` */
  assertDestroyable(): void {
    if (this.settings.readOnly)
      throw new DiskCacheError(
        'ERR_DISKCACHE_READ_ONLY',
        `the cache in ${this.directory} was opened with readOnly`,
      );
  }

  /** From now on only what was called before is done. */
  refuseCalls(): void {
    this.#refusesCalls = true;
    this.onRefusal();
  }

  /** Ends the use of the cache, and waits for what goes on in the background. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#endUpkeep();
    await this.removals.settled();
    if (!this.settings.readOnly) await this.checkpoints.close();
    this.storage.close();
    this.#place.leave();
  }

  closeSync(): void {
    if (this.#isClosed) return;
    this.#endUpkeep();
    this.removals.settleSync();
    void this.checkpoints.letGo();
    this.storage.close();
    this.#place.leave();
  }

  /** Takes the write lock, or returns false at once while another process has it. */
  begin(): boolean {
    this.recovery.look();
    try {
      if (!this.storage.begin()) return false;
    } catch (error) {
      if (!this.recovery.from(error)) throw error;
      // Others may be at work with the new one already.
      if (!this.storage.begin()) return false;
    }
    this.#before = this.tally.mark();
    return true;
  }

  /** @returns the files that no row points to any more */
  commit(): readonly string[] {
    const files = this.storage.transaction.commit();
    this.tally.committed();
    this.uses.committed();
    this.share?.committed();
    this.checkpoints.committed(this.storage.takeLogBytes());
    return files;
  }

  /** @returns the files that no row points to any more */
  rollback(): readonly string[] {
    this.tally.restore(this.#before);
    this.uses.takenBack();
    this.share?.takenBack();
    this.storage.takeLogBytes();
    return this.storage.transaction.rollback();
  }

  /** Does what no call waits for in a transaction. @returns false at once when it would have to wait for others, or failed */
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
      void this.#failedInBackground(storageError(error, 'upkeep cannot write'));
      return false;
    }
  }

  /** Runs what has to be done in one transaction, however long it takes. */
  unsliced<T>(work: () => T): T {
    const { sliceEnd } = this;
    this.sliceEnd = Infinity;
    try {
      return work();
    } finally {
      this.sliceEnd = sliceEnd;
    }
  }

  /** Runs a part of a transaction so that its changes alone are taken back when it throws. */
  nested<T>(part: () => T): T {
    const before = this.tally.mark();
    try {
      return this.storage.transaction.nested(part, (name) => this.storage.files.removeSync(name));
    } catch (error) {
      this.tally.restore(before);
      this.uses.takenBack();
      this.share?.takenBack();
      throw error;
    }
  }

  now(): number {
    return this.settings.clock.now();
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

  async #failedInBackground(error: unknown): Promise<void> {
    if (this.recovery.from(error) || (await this.fullDisk.makeRoom({ error, tries: 0 }))) return;
    // It may have been closed meanwhile: then this is of no interest any more.
    if (!this.#isClosed) this.events.report(storageError(error, 'cannot look after the cache'));
  }

  #endUpkeep(): void {
    this.upkeep.stop();
    this.#abandoned.stop();
    this.recovery.stop();
    this.upkeep.writeAllUses();
    this.refuseCalls();
    this.#isClosed = true;
  }

  #noteUse(id: number): void {
    if (this.#useNotes.note(id)) this.upkeep.usesNoted();
  }
}
