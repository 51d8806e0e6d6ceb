import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storageError } from './rows/sqlite-error.ts';

/** Makes the folder of a cache if there is none, private to the user. */
export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
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
