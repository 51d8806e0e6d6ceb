import { DiskCacheError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { Key } from '../entry/key.ts';
import type { Storage } from '../storage/storage.ts';
import type { Evictor } from '../upkeep/evictor.ts';

/** What becomes of entries whose value files are not there, or not as they were written. */
export class BrokenFiles {
  readonly #storage: Storage;
  readonly #evictor: Evictor;
  readonly #events: Events;

  constructor(storage: Storage, evictor: Evictor, events: Events) {
    this.#storage = storage;
    this.#evictor = evictor;
    this.#events = events;
  }

  /** Removes the entry of a key, unless it has another file by now. Needs the write lock. */
  removeEntry(key: Key, file: string, why: 'gone' | 'damaged'): void {
    const row = this.#storage.sql.findReplaced.get(key);
    if (row?.file !== file) return;
    this.#evictor.remove(row);
    this.report(file, why);
  }

  report(file: string, why: 'gone' | 'damaged', outcome = 'its entry was removed'): void {
    this.#events.report(
      new DiskCacheError('ERR_DISKCACHE_STORAGE', `value file ${file} is ${why}; ${outcome}`),
    );
  }
}
