import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Windows syncs no folders: there a name is on disk with its file. */
const CANNOT_SYNC = process.platform === 'win32';

/** Waits, off the event loop, until the names in a folder are on disk. */
export async function syncFolder(path: string): Promise<void> {
  if (CANNOT_SYNC) return;
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The same on the caller's thread. */
export function syncFolderSync(path: string): void {
  if (CANNOT_SYNC) return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
