import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DiskCacheError } from '../errors.ts';
import { storageError } from './rows/sqlite-error.ts';

const TAG_NAME = 'CACHEDIR.TAG';
const TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache made by DiskCache.\n';

/** What tells how many shards there are, in the folder of a sharded cache. */
export const SHARDS_FILE = 'shards.json';

/**
 * For a cache that is none of several shards.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_SHARDS` when the folder is that of a sharded one
 */
export function refuseShards(directory: string): void {
  if (!existsSync(join(directory, SHARDS_FILE))) return;
  throw new DiskCacheError(
    'ERR_DISKCACHE_SHARDS',
    `the cache in ${directory} is sharded: open it with ShardedDiskCache`,
  );
}

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
    writeFileSync(join(directory, TAG_NAME), TAG, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Where the folder is gone meanwhile, so is the cache: whoever makes it again marks it.
    if (code !== 'EEXIST' && code !== 'ENOENT') throw storageError(error, `cannot make ${directory}`);
  }
}

/** The path of the mark, if there is one and it is ours. */
export function markOf(directory: string): string | undefined {
  const path = join(directory, TAG_NAME);
  try {
    return readFileSync(path, 'utf8') === TAG ? path : undefined;
  } catch {
    return undefined;
  }
}

/** What is done with the temporary folders that are there when the process ends. */
const atExit = new Map<string, () => void>();

function removeAll(): void {
  for (const [directory, close] of atExit) {
    for (const step of [close, () => removeTemporaryDirectory(directory)]) {
      try {
        step();
      } catch {
        // Nobody is there any more to be told, and the others are to go too.
      }
    }
  }
}

/** Makes a new folder for a temporary cache, private to the user. */
export function makeTemporaryDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'diskcache-'));
  } catch (error) {
    throw storageError(error, `cannot make a temporary folder in ${tmpdir()}`);
  }
}

/** Has a temporary folder removed when the process ends, unless it is killed. */
export function removeAtExit(directory: string, close: () => void): void {
  if (atExit.size === 0) process.on('exit', removeAll);
  atExit.set(directory, close);
}

export function removeTemporaryDirectory(directory: string): void {
  atExit.delete(directory);
  if (atExit.size === 0) process.off('exit', removeAll);
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    throw storageError(error, `cannot remove ${directory}`);
  }
}
