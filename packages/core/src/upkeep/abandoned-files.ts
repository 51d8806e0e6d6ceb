import { temporaryName } from '../storage/files/new-file.ts';
import type { Storage } from '../storage/storage.ts';

/** A writer that lives marks its files more often, see calls/pending-file.ts. */
const ABANDONED_AFTER_MS = 10_000;

/** Whether there is room to be given back that was reserved for files whose writer was killed. Needs no lock. */
export function hasAbandoned(storage: Storage, now: number): boolean {
  return abandoned(storage, now).length > 0;
}

/** Gives that room back, and has the files removed once that is committed. Needs the write lock. @returns whether there was some */
export function releaseAbandoned(storage: Storage, now: number): boolean {
  const files = abandoned(storage, now);
  for (const file of files) {
    storage.reservations.release(file);
    for (const name of [file, temporaryName(file)]) storage.transaction.fileReplaced(name);
  }
  return files.length > 0;
}

function abandoned({ sql, reservations, files }: Storage, now: number): string[] {
  return sql.reservations
    .all()
    .filter(({ file, since }) => {
      const lastSign = () => files.lastWrite(file) ?? since;
      return !reservations.isOwn(file) && lastSign() < now - ABANDONED_AFTER_MS;
    })
    .map(({ file }) => file);
}
