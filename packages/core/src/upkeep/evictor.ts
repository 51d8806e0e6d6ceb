import { monotonicMs } from '../clock.ts';
import type { EvictionReason } from '../events.ts';
import type { Tally } from '../tally.ts';
import type { Key } from '../entry/key.ts';
import { DiskCacheError } from '../errors.ts';
import { Ghosts } from '../policy/ghosts.ts';
import type { Policy } from '../policy/policy.ts';
import type { Uses } from '../policy/uses.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';
import type { Storage } from '../storage/storage.ts';
import type { AbandonedFiles } from './abandoned-files.ts';
import type { Limits } from './limits.ts';
import type { Pressed, Share } from './share.ts';
import type { EvictionBounds } from './shared-limits.ts';
import type { Standing } from './standing.ts';
import { Victims } from './victims.ts';

/** Rows removed in one go when they are not compared. */
const BATCH = 64;
/** The database file and the value files may exceed the size limit by this before space is made by the page. */
const TOLERANCE = 1.05;
const TOLERANCE_BYTES = 256 * 1024;
const LOOK_EVERY_BYTES = 256 * 1024;
/** The part of the size limit by which small values may exceed it while large files that are being written fill it. */
const OVERDRAFT = 1 / 32;
/** Between two looks, by those who find no room, for what killed processes keep reserved. */
const RECLAIM_EVERY_MS = 200;
const NOTHING = { bytes: 0, entries: 0 };

/** What purge() came to. */
export interface Purged {
  readonly removed: number;
  /** Whether there are no more. */
  readonly isLast: boolean;
}

/** What is to be added to the cache. */
export interface Room {
  readonly bytes: number;
  readonly entries: number;
  /** The id of the entry that it replaces, which is not to go before it. */
  readonly spare?: number | undefined;
  /** Set where it is for a file that is about to be written, or is being written. */
  readonly file?: FileBeingWritten;
}

/** A file for which there is to be room before it has an entry. It can wait for others of its kind. */
export interface FileBeingWritten {
  /** What is reserved for it already. */
  readonly reserved: number;
  /** Whether even the entry that it replaces may go for it, when it is the last. */
  readonly maySpend: boolean;
}

/** There is no room as long as others write large files, or hold locks; later there may be. */
export class RoomTaken extends DiskCacheError {
  constructor(sizeLimit: number, by = 'values that are just being written take') {
    super('ERR_DISKCACHE_FULL', `${by} the room that there is (sizeLimit ${sizeLimit} bytes)`);
  }
}

/** The same in a sharded cache: those that could give up room are locked. */
export class RoomLocked extends RoomTaken {
  constructor(sizeLimit: number) {
    super(sizeLimit, 'shards that others write to without a pause have');
  }
}

export interface EvictorInputs {
  readonly now: () => number;
  readonly random: () => number;
  /** Whether an entry that would have expired was used too lately for that; then it is written down. */
  readonly keepsByUse: (row: ReplacedRow) => boolean;
  readonly tally: Tally;
  /** What the cache may have of the limits, where it is a part of a sharded one. */
  readonly share: Share | undefined;
  readonly abandoned: AbandonedFiles;
}

/** Keeps the cache within its limits. All of it runs inside a write transaction, and as far as a deadline allows. */
export class Evictor {
  readonly #tally: Tally;
  readonly #storage: Storage;
  readonly #policy: Policy;
  readonly #uses: Uses;
  readonly #victims: Victims;
  readonly #ghosts: Ghosts | undefined;
  /** What the user has set, of a sharded cache for all of it. */
  readonly #set: Limits;
  /** What may be had now. */
  readonly #limits: Limits;
  readonly #share: Share | undefined;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #keepsByUse: (row: ReplacedRow) => boolean;
  readonly #abandoned: AbandonedFiles;
  /** Bytes written since the real size of the files was looked at. */
  #unlooked = 0;
  /** By monotonicMs(). */
  #reclaimedAt = -Infinity;
  /** Whether the cache was once found within its limits: from then on only what is added can exceed them. */
  #wasWithin = false;
  /** What a full disk leaves of the size limit. */
  #diskLimit = Infinity;

  constructor(
    storage: Storage,
    policy: Policy,
    uses: Uses,
    limits: Limits,
    { now, random, keepsByUse, tally, abandoned, share }: EvictorInputs,
  ) {
    this.#storage = storage;
    this.#policy = policy;
    this.#uses = uses;
    this.#victims = new Victims(storage, policy, uses, { random, now });
    this.#ghosts = policy.hasGhosts ? new Ghosts() : undefined;
    this.#set = limits;
    this.#limits = share ?? limits;
    this.#share = share;
    this.#now = now;
    this.#random = random;
    this.#keepsByUse = keepsByUse;
    this.#abandoned = abandoned;
    this.#tally = tally;
  }

  /** Forgets what was known of the database that was open before. */
  databaseReplaced(): void {
    this.#wasWithin = false;
    this.#unlooked = 0;
  }

  /**
   * Has the entries take so many bytes at the most, whatever the size limit, as long as there are any to evict.
   *
   * @param margin how many less, where entries may be evicted for that
   */
  limitSpace(bytes: number, margin = 0): void {
    const limit = this.#policy.victims === 'none' ? bytes : bytes - margin;
    this.#diskLimit = bytes === Infinity ? bytes : Math.max(0, Math.min(limit, this.#diskLimit));
    this.#wasWithin = false;
    this.#unlooked = LOOK_EVERY_BYTES;
  }

  /** Counts bytes that were written, so that the real size of the files is looked at from time to time. */
  written(bytes: number): void {
    this.#unlooked += bytes;
  }

  /** Whether a key that was just stored anew was evicted lately, and the policy takes its return for a use. */
  isReturn(key: Key): boolean {
    return this.#ghosts !== undefined && this.#ghosts.take(key);
  }

  /** Whether there is room already. An overwrite that adds nothing costs no look, once all was within the limits. */
  fits({ bytes, entries }: Room): boolean {
    if (bytes <= 0 && entries === 0 && this.#wasWithin) return true;
    if (this.#isOver({ bytes, entries }) !== undefined || this.#unlooked >= LOOK_EVERY_BYTES) return false;
    return this.#share === undefined || !this.#share.whole.mayBeOver;
  }

  /**
   * Evicts until what is to be added fits.
   *
   * @param deadline when to stop, by monotonicMs()
   * @returns false when the deadline came first
   * @throws {@link DiskCacheError} `ERR_DISKCACHE_FULL` or `ERR_DISKCACHE_TOO_LARGE` when there is nothing left to evict
   */
  makeRoom(room: Room, deadline: number): boolean {
    if (room.file !== undefined) this.#assertNotTaken(room);
    if (this.#share?.evictsDown(deadline)) return false;
    for (let over = this.#isOver(room); over !== undefined; over = this.#isOver(room)) {
      if (this.purge(BATCH).removed === 0 && !this.#share?.extend(over, added(room, over))) {
        const made = this.#evictOne(room, over, deadline);
        if (made === 'none') break;
        if (made === 'later' && !this.#share?.waits(deadline)) return false;
      }
      if (monotonicMs() > deadline) return false;
    }
    this.#wasWithin = true;
    // A file is on disk beside what the rows still take there, and long before its own row.
    const upcoming = room.file === undefined ? 0 : room.bytes;
    const isDue = this.#unlooked + upcoming >= LOOK_EVERY_BYTES;
    return !isDue || this.#trimFiles(room.spare, upcoming, deadline);
  }

  /** Evicts so many bytes, or entries, or all that may go if it is less. */
  evictSome(reason: EvictionReason, amount: number, { deadline, spare, bound }: EvictionBounds): void {
    const { transaction } = this.#storage;
    const used = () => (reason === 'size' ? transaction.totals.space : transaction.totals.count);
    for (const enough = used() - amount; used() > enough && monotonicMs() <= deadline;) {
      if (this.purge(BATCH).removed > 0) continue;
      const victim = this.#victims.next(spare, bound);
      if (victim === undefined) return;
      this.#evict(victim, reason);
    }
  }

  /** Evicts what is over the limits. @returns whether nothing is, or all that may go is gone */
  evictDown(deadline: number): boolean {
    for (let over = this.#isOver(NOTHING); over !== undefined; over = this.#isOver(NOTHING)) {
      if (monotonicMs() > deadline) return false;
      if (this.purge(BATCH).removed > 0 || this.#share?.extend(over, 0)) continue;
      const victim = this.#victims.next(undefined);
      if (victim === undefined) break;
      this.#evict(victim, over);
    }
    return true;
  }

  /** The same, of a part of a sharded cache for itself. @throws {@link DiskCacheError} as makeRoom() does */
  cull(deadline: number): boolean {
    if (this.#share === undefined) return this.makeRoom(NOTHING, deadline);
    if (!this.evictDown(deadline)) return false;
    return this.#isOver(NOTHING) === undefined || this.makeRoom(NOTHING, deadline);
  }

  /** How the entry that would go next stands; undefined where none can go. */
  standingOfNext(spare: number | undefined): Standing | undefined {
    return this.#victims.standingOfNext(spare);
  }

  /** Whether there are entries to be removed whose time has passed. Needs no lock. */
  get hasExpired(): boolean {
    const { sql } = this.#storage;
    const now = this.#now();
    return sql.expired.get(now, 1) !== undefined || sql.staleTooLong.get(now, 1) !== undefined;
  }

  /** Gives back what killed processes had reserved here. @returns whether there was some */
  releaseAbandoned(): boolean {
    return this.#abandoned.release();
  }

  /** Removes up to `limit` expired entries. @returns how many */
  purge(limit: number): Purged {
    const { sql } = this.#storage;
    const now = this.#now();
    const rows = sql.expired.all(now, limit);
    if (rows.length < limit) rows.push(...sql.staleTooLong.all(now, limit - rows.length));
    const gone = rows.filter((row) => !this.#keepsByUse(row));
    this.removeMany(gone);
    for (const row of gone) this.#tally.expired(row);
    return { removed: gone.length, isLast: rows.length < limit };
  }

  /** Removes an entry, and what was noted about it. */
  remove(row: ReplacedRow): void {
    this.#uses.forget(row.id);
    this.#storage.remove(row);
  }

  /** The same of many. */
  removeMany(rows: readonly ReplacedRow[]): void {
    for (const { id } of rows) this.#uses.forget(id);
    this.#storage.removeMany(rows);
  }

  /** The same of all entries, at once. @returns how many of them were live */
  removeAll(): number {
    this.#uses.forgetAll();
    return this.#storage.truncate(this.#now());
  }

  /** Which limit would be exceeded, if one would. */
  #isOver({ bytes, entries }: Room): EvictionReason | undefined {
    const { count, space } = this.#storage.transaction.totals;
    if (space + bytes > this.#sizeLimit) return 'size';
    return count + entries > this.#limits.entryLimit ? 'entries' : undefined;
  }

  /** @returns 'none' when nothing is left to evict, but what is being written excuses that */
  #evictOne(room: Room, reason: EvictionReason, deadline: number): Pressed {
    if (this.#share?.isMuch(reason, added(room, reason)) !== true) {
      const victim = this.#victims.next(room.spare);
      if (victim !== undefined) return this.#evict(victim, reason);
    }
    const pressed = this.#share?.press(reason, added(room, reason), deadline, room.spare) ?? 'none';
    if (pressed === 'later' && room.file !== undefined && deadline < Infinity)
      throw new RoomLocked(this.#set.sizeLimit);
    if (pressed !== 'none') return pressed;
    const victim = this.#victims.next(room.file?.maySpend ? undefined : room.spare);
    if (victim !== undefined) return this.#evict(victim, reason);
    if (this.#diskLimit < this.#limits.sizeLimit) this.#raiseDiskLimit(room, deadline);
    else if (this.#isExcused(room)) return 'none';
    else if (!this.#reclaim()) throw new RoomTaken(this.#set.sizeLimit);
    return 'more';
  }

  get #sizeLimit(): number {
    return Math.min(this.#limits.sizeLimit, this.#diskLimit);
  }

  /** With nothing left to evict it can only be tried; in a sharded cache there may be something in another part. */
  #raiseDiskLimit({ bytes }: Room, deadline: number): void {
    const { space } = this.#storage.transaction.totals;
    const evicted = this.#share?.evictElsewhere(space + bytes - this.#diskLimit, deadline) ?? 0;
    this.#diskLimit += evicted;
    if (evicted > 0) return;
    if (this.#policy.victims === 'none')
      throw new DiskCacheError('ERR_DISKCACHE_DISK_FULL', "the disk is full and eviction is 'none'");
    this.#diskLimit = Infinity;
  }

  /** Nothing is to go for a file that would not find room anyway. */
  #assertNotTaken(room: Room): void {
    const { sizeLimit } = this.#set;
    if (this.#policy.victims === 'none' || this.#isOver(room) === undefined) return;
    const { reservations } = this.#storage;
    const isTaken = () => reservations.all > 0 && reservations.all + room.bytes > sizeLimit;
    if (isTaken() && !(this.#reclaim() && !isTaken())) throw new RoomTaken(sizeLimit);
  }

  /** @returns whether it may be stored all the same, since only others that are being written take the room */
  #isExcused({ bytes, entries, file }: Room): boolean {
    const { count, space } = this.#storage.transaction.totals;
    const { sizeLimit, entryLimit } = this.#set;
    const whole = this.#share?.whole;
    const excess = whole?.excess('size', bytes) ?? space + bytes - sizeLimit;
    const tooMany = whole?.excess('entries', entries) ?? count + entries - entryLimit;
    const beingWritten = this.#storage.reservations.all - (file?.reserved ?? 0);
    if (this.#policy.victims === 'none' || excess > beingWritten || tooMany > 0) throw this.#noRoom();
    return file === undefined && excess <= sizeLimit * OVERDRAFT;
  }

  /** Gives back what killed processes had reserved. @returns whether there was some */
  #reclaim(): boolean {
    const now = monotonicMs();
    if (now < this.#reclaimedAt + RECLAIM_EVERY_MS) return false;
    this.#reclaimedAt = now;
    return this.#share?.whole.reclaim() ?? this.releaseAbandoned();
  }

  #evict(victim: ReplacedRow, reason: EvictionReason): 'more' {
    this.#share?.evicted();
    this.remove(victim);
    this.#storage.transaction.add({ evictions: 1 });
    this.#tally.evicted(victim, reason);
    this.#ghosts?.add(victim.key, this.#storage.transaction.totals.count);
    return 'more';
  }

  /**
   * Space is counted by the row, but is given back by the page. Where the files have grown well beyond what is counted,
   * entries that share pages go together.
   */
  #trimFiles(spare: number | undefined, upcoming: number, deadline: number): boolean {
    const { sql, transaction } = this.#storage;
    const limit = this.#sizeLimit * TOLERANCE + TOLERANCE_BYTES;
    for (;;) {
      const { all, free } = this.#storage.databaseBytes();
      const excess = all + transaction.totals.fileSpace + upcoming - limit;
      if (excess <= 0) break;
      if (free > 0) this.#storage.giveBack(Math.min(excess, free, LOOK_EVERY_BYTES));
      else {
        const { low, high } = sql.idBounds.get() ?? { low: null, high: null };
        if (low === null || high === null || this.#policy.victims === 'none') break;
        const start =
          this.#policy.victims === 'first'
            ? (this.#storage.arrivals.first(spare)?.id ?? low)
            : low + Math.floor(this.#random() * (high - low));
        const run = sql.candidatesFrom.all(start, BATCH).filter((one) => one.id !== spare);
        if (run.length === 0) break;
        for (const { id } of run) this.#evict(sql.findReplacedById.get(id) as ReplacedRow, 'size');
      }
      if (monotonicMs() > deadline) return false;
    }
    this.#unlooked = 0;
    return true;
  }

  #noRoom(): DiskCacheError {
    const { sizeLimit, entryLimit } = this.#set;
    const limits = `sizeLimit ${sizeLimit} bytes, entryLimit ${entryLimit}`;
    const full = (why: string) =>
      new DiskCacheError('ERR_DISKCACHE_FULL', `the cache is full (${limits}) and ${why}`);
    if (this.#policy.victims === 'none') return full("eviction is 'none'");
    const count = this.#share?.whole.used('entries') ?? this.#storage.transaction.totals.count;
    return count > 0
      ? full('what is left in it is pinned')
      : new DiskCacheError(
          'ERR_DISKCACHE_TOO_LARGE',
          `the value cannot fit, whatever is evicted (${limits})`,
        );
  }
}

/** How much room is wanted of what is limited. */
function added({ bytes, entries }: Room, limit: EvictionReason): number {
  return limit === 'size' ? bytes : entries;
}
