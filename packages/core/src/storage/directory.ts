import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DiskCacheError } from '../errors.ts';
import { storageError } from './rows/sqlite-error.ts';

const TAG_NAME = 'CACHEDIR.TAG';
const TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache made by DiskCache.\n';

/** What tells how many shards there are, in the folder of a sharded cache. */
export const SHARDS_FILE = 'shards.json';

/** The folder of one shard, of whichever layout. */
export const SHARD_FOLDER = /^(?:(\d+)-)?\d+$/;

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
 * For whoever opens a cache, and not one of its shards: what is put into one by itself is found by nobody.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_SHARDS`
 */
export function refuseShard(directory: string): void {
  const whole = dirname(directory);
  if (!SHARD_FOLDER.test(basename(directory)) || !existsSync(join(whole, SHARDS_FILE))) return;
  throw new DiskCacheError(
    'ERR_DISKCACHE_SHARDS',
    `${directory} is one of the shards of the cache in ${whole}: open that, with ShardedDiskCache`,
  );
}

/**
 * Makes the folder of a cache if there is none, private to the user.
 *
 * @returns the folders in which something may have a new name: itself, and those above as far as they were made
 */
export function makeDirectory(directory: string): readonly string[] {
  try {
    const made = makeWithParents(directory);
    return made.length === 0 ? [directory] : [...made, dirname(made.at(-1) as string)];
  } catch (error) {
    throw storageError(error, `cannot make ${directory}`);
  }
}

/**
 * Not by mkdirSync's `recursive`, which tries for ever where nothing can be made, as in /proc.
 *
 * @returns the folders that were not there, each after the one that is in it
 */
function makeWithParents(directory: string): string[] {
  try {
    return makeOne(directory);
  } catch (error) {
    const parent = dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
    const made = makeWithParents(parent);
    return [...makeOne(directory), ...made];
  }
}

function makeOne(directory: string): string[] {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return [directory];
  } catch (error) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return [];
    throw error;
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
