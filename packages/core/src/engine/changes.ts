import { type EntryTerms, type Expiry, withoutIdling } from '../entry/entry-options.ts';
import type { Key } from '../entry/key.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';
import { isPinned, type Storage, type StoredValue } from '../storage/storage.ts';
import type { Tally } from '../tally.ts';
import type { Evictor } from '../upkeep/evictor.ts';
import type { Share } from '../upkeep/share.ts';
import type { LiveRows } from './live-rows.ts';
import { AGAIN } from './slice.ts';
import type { UseNotes } from './use-notes.ts';

export interface ChangesInputs {
  readonly storage: Storage;
  readonly live: LiveRows;
  readonly evictor: Evictor;
  readonly useNotes: UseNotes;
  readonly tally: Tally;
  readonly share: Share | undefined;
  readonly noteUse: (id: number) => void;
  /** When making room has to stop for now, by monotonicMs(). */
  readonly sliceEnd: () => number;
}

/** Changes entries, within the limits. Every method needs the write lock. */
export class Changes {
  readonly #inputs: ChangesInputs;

  constructor(inputs: ChangesInputs) {
    this.#inputs = inputs;
  }

  /**
   * Stores an entry, once there is room for it: what is refused has changed nothing.
   *
   * @returns false when it has expired already, so that nothing is stored; AGAIN when the slice ended before there was
   *   room
   */
  put(key: Key, prepared: StoredValue, terms: EntryTerms): boolean | typeof AGAIN {
    const { evictor, live, share, sliceEnd, storage, tally, useNotes } = this.#inputs;
    if (!live.isLive(terms)) {
      tally.set(key);
      this.delete(key);
      return false;
    }
    const { codec, size, checksum, file, value } = prepared;
    const stored = { codec, size, checksum, file, value };
    let growth = storage.growth(key, stored, terms.tags);
    if (!evictor.fits(growth)) {
      if (!evictor.makeRoom(growth, sliceEnd())) return AGAIN;
      growth = storage.growth(key, stored, terms.tags);
    }
    tally.set(key);
    const { old } = growth;
    // An entry that had expired was gone: the key is new.
    if (old !== undefined && !live.isStillLive(old)) growth = { ...growth, place: undefined };
    if (old !== undefined && isPinned(old) !== terms.isPinned) {
      evictor.remove(old);
      growth = { ...growth, old: undefined };
    }
    const rowTerms = { ...terms, stored: useNotes.stamp(), arrival: share?.arrival(terms) };
    const id = storage.put(key, stored, rowTerms, growth);
    evictor.written(growth.space);
    if (growth.old === undefined && id > 0 && evictor.isReturn(key)) useNotes.writeReturn(id);
    return true;
  }

  /** Gives a live entry a new expiry, or with undefined keeps the one it has, and counts as a use. */
  touch(key: Key, expiry: Expiry | undefined): boolean {
    const { live, noteUse, storage, useNotes } = this.#inputs;
    const row = storage.sql.findReplaced.get(key);
    if (row === undefined || !live.isStillLive(row)) return false;
    const wanted = expiry && isPinned(row) ? withoutIdling(expiry) : expiry;
    if (wanted !== undefined && (wanted.expires !== row.expires || wanted.deadline !== null))
      storage.setExpires(row, wanted);
    else useNotes.slide(row);
    noteUse(row.id);
    return true;
  }

  /** Removes a live entry that was found. */
  remove(row: ReplacedRow): void {
    const { evictor, tally } = this.#inputs;
    evictor.remove(row);
    tally.deleted(row.key);
  }

  /** Removes an entry. @returns whether there was a live one */
  delete(key: Key): boolean {
    const { evictor, live, storage, tally } = this.#inputs;
    storage.sql.endLeaseOf.run(key);
    const row = storage.sql.findReplaced.get(key);
    if (row === undefined) return false;
    const wasLive = live.isStillLive(row);
    evictor.remove(row);
    if (wasLive) tally.deleted(key);
    return wasLive;
  }
}
