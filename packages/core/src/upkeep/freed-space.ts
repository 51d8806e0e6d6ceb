import type { Storage } from '../storage/storage.ts';
import type { Checkpoints } from './checkpoints.ts';

/** Less is left to the next checkpoint that there is. */
const MUCH_BYTES = 1024 * 1024;

/** What has the database and its log. */
interface Parts {
  readonly storage: Storage;
  readonly checkpoints: Checkpoints;
}

/**
 * Sees to it that what the database gave back for a file is free on disk before that is written: the database's file gets
 * shorter at a checkpoint only.
 */
export async function freeOnDisk({ storage, checkpoints }: Parts): Promise<void> {
  if (storage.takeGivenBack() >= MUCH_BYTES) await checkpoints.move();
}

/** The same on the caller's thread. In a transaction it cannot be done. */
export function freeOnDiskNow({ storage, checkpoints }: Parts): void {
  if (!storage.transaction.isOpen && storage.takeGivenBack() >= MUCH_BYTES) checkpoints.moveSync();
}
