import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { storageError } from './rows/sqlite-error.ts';

/**
 * Makes the folder of a cache if there is none, private to the user.
 *
 * @returns the folders in which something may have a new name: itself, and those above as far as they were made
 */
export function makeDirectory(directory: string): readonly string[] {
  try {
    const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
    const folders = [directory];
    if (first === undefined) return folders;
    for (let folder = directory; folder !== dirname(first) && folder !== dirname(folder);) {
      folder = dirname(folder);
      folders.push(folder);
    }
    return folders;
  } catch (error) {
    throw storageError(error, `cannot make ${directory}`);
  }
}

/** Says that the folder is a cache, so that backups pass over it (https://bford.info/cachedir/). */
export function markAsCache(directory: string): void {
  try {
    writeFileSync(
      join(directory, 'CACHEDIR.TAG'),
      'Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache made by DiskCache.\n',
      { flag: 'wx', mode: 0o600 },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw storageError(error, `cannot make ${directory}`);
  }
}
