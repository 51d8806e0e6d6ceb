import type { Storage } from '../storage/storage.ts';

/**
 * Removes files whose writer was killed, and gives back the room that was reserved for them. A writer that lives marks its
 * file from time to time.
 *
 * @param before what was last marked before this, in ms since the epoch, is abandoned
 * @param tryWrite runs work in a transaction, or returns false while another process writes
 */
export function removeAbandoned(
  storage: Storage,
  before: number,
  tryWrite: (work: () => void) => boolean,
): void {
  for (const { file } of storage.sql.reservations.all()) {
    if ((storage.files.lastWrite(file) ?? -Infinity) >= before) continue;
    // Unless its entry was committed meanwhile, or another process was faster.
    let isReleased = false;
    tryWrite(() => (isReleased = storage.reservations.release(file) > 0));
    if (isReleased) storage.files.removeAnySync(file);
  }
}
