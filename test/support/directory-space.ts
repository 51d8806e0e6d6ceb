import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that the file system has given to all files below a folder. */
export function spaceOnDisk(directory: string): number {
  let bytes = 0;
  for (const path of filesBelow(directory)) {
    bytes += (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }
  return bytes;
}

/** The paths of all files below a folder, as far as they stay while they are listed. */
export function* filesBelow(directory: string): Generator<string> {
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
