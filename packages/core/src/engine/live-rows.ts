import type { EntryTerms } from '../entry/entry-options.ts';
import { type Entry, entryOf } from '../entry/entry.ts';
import type { Key } from '../entry/key.ts';
import type { Uses } from '../policy/uses.ts';
import type { EntryRow, FullEntryRow, ReplacedRow } from '../storage/rows/statements.ts';
import { isPinned, type Storage } from '../storage/storage.ts';

/** How a read finds a key's live row. */
export type Find<Row extends EntryRow> = (key: Key) => Row | undefined;

/** Finds rows whose time has not passed: whatever reads asks here. */
export class LiveRows {
  readonly #storage: Storage;
  readonly #uses: Uses;
  readonly #maxIdleMs: number | undefined;
  readonly #now: () => number;

  constructor(storage: Storage, uses: Uses, maxIdleMs: number | undefined, now: () => number) {
    this.#storage = storage;
    this.#uses = uses;
    this.#maxIdleMs = maxIdleMs;
    this.#now = now;
  }

  /** The live row of a key, at the cost of one SELECT at the most. */
  readonly find = (key: Key): EntryRow | undefined => {
    const row = this.#storage.find(key);
    if (row === undefined || this.isLive(row)) return row;
    return this.#isKeptByUse(key, row) ? this.#storage.find(key) : undefined;
  };

  /** The same with everything that is recorded. */
  readonly findFull = (key: Key): FullEntryRow | undefined => {
    const row = this.#storage.findFull(key);
    if (row === undefined || this.isLive(row)) return row;
    return this.#isKeptByUse(key, row) ? this.#storage.findFull(key) : undefined;
  };

  /**
   * Finds the live row of a key that was stored less than `maxAgeMs` ago. One that will only be stored, as where the clock was set
   * back, is as old as that is far.
   */
  findYoung(maxAgeMs: number | undefined): Find<EntryRow> {
    if (maxAgeMs === undefined) return this.find;
    return (key) => {
      const row = this.findFull(key);
      return row !== undefined && Math.abs(this.#now() - Math.floor(row.stored)) < maxAgeMs ? row : undefined;
    };
  }
  /** What set() would have to be given to keep of an entry all but its value. */
  termsOf({ id, expires, tags }: FullEntryRow): EntryTerms {
    const deadline = this.#storage.sql.deadline.get(id);
    if (deadline === undefined) return { expires, tags, isPinned: isPinned({ id }), extras: undefined };
    const maxIdleMs = this.#maxIdleMs;
    const slid = maxIdleMs === undefined ? expires : Math.min(deadline, Math.ceil(this.#now() + maxIdleMs));
    const extras = { deadline, staleUntil: null, cost: null };
    return { expires: slid, tags, isPinned: isPinned({ id }), extras };
  }

  /** The same of a row that was found under the lock. */
  isStillLive(row: ReplacedRow): boolean {
    return this.isLive(row) || this.isInUse(row);
  }

  readonly has = (key: Key): boolean => {
    const row = this.#storage.sql.findExpiry.get(key);
    return row !== undefined && (this.isLive(row) || this.isInUse(row));
  };

  isLive(row: { readonly expires: number | null }): boolean {
    return row.expires === null || row.expires > this.#now();
  }

  /** Whether a row that seems to have expired has not, since it was used: as the database says by now, or the notes. */
  #isKeptByUse(key: Key, row: EntryRow): boolean {
    if (this.#maxIdleMs === undefined) return false;
    this.#storage.forget(key);
    return this.has(key) && row.id > 0;
  }

  /** Whether an entry that would have expired was used too lately for that, by notes that are not written yet. */
  isInUse(row: { readonly id: number }): boolean {
    const expires = this.#expiresByUse(row);
    return expires !== undefined && expires > this.#now();
  }

  /** How many entries seem to have expired that were used too lately for that. */
  countInUse(): number {
    if (this.#maxIdleMs === undefined) return 0;
    const ids = JSON.stringify(this.#uses.ids);
    const expired = this.#storage.sql.pages.expiredAmong().all({ ids, now: this.#now() });
    return expired.filter((row) => this.isInUse(row)).length;
  }

  /** An entry as its user sees it, with the deadline that its uses have moved. */
  entryOf(row: FullEntryRow, value: unknown): Entry {
    if (row.expires === null || this.#maxIdleMs === undefined) return entryOf(row, value);
    return entryOf(row, value, Math.max(row.expires, this.#expiresNow(row) ?? row.expires));
  }

  /** When an entry expires that was read a moment ago: since then a note of its use may have been written. */
  #expiresNow(row: FullEntryRow): number | null | undefined {
    try {
      const noted = this.#expiresByUse(row);
      if (noted !== undefined) return noted;
      const now = this.#storage.sql.findExpiry.get(row.key);
      return now?.id === row.id ? now.expires : undefined;
    } catch {
      // The cache was closed meanwhile, or another process has the database for itself: then it is as it was read.
      return undefined;
    }
  }

  /** When an entry expires, where that moves with uses, by the note of the last one that is not written yet. */
  #expiresByUse({ id }: { readonly id: number }): number | undefined {
    const maxIdleMs = this.#maxIdleMs;
    const at = maxIdleMs === undefined ? undefined : this.#uses.lastUse(id);
    if (maxIdleMs === undefined || at === undefined) return undefined;
    const deadline = this.#storage.sql.deadline.get(id);
    return deadline && Math.min(Math.floor(at) + maxIdleMs, deadline);
  }
}
