import { existsSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { markOf } from './directory.ts';
import { PathLock } from './rows/path-lock.ts';
import { storageError } from './rows/sqlite-error.ts';

/** The cache to remove. */
export interface Destroyed {
  readonly directory: string;
  /** How long others may be opening or closing it. */
  readonly timeoutMs: number;
  /** Random numbers from 0 to below 1. */
  readonly random: () => number;
}

/** Files to remove, and then the folder that they are in, if it is empty by then. */
interface Step {
  readonly files: readonly string[];
  readonly folder: string;
}

/** The database and what belongs to it, also one of ours that was set aside. */
const DATABASE = /^cache\.db(-wal|-shm|-journal)?$/;
const LEFTOVER = /^cache\.db\.((corrupt|removed)-.*|reserve)$/;
const VALUE_FOLDER = /^[0-9a-f]{2}$/;
/** One that was moved away, by destroy() or one that was killed. */
const MOVED_FOLDER = /^[0-9a-f]{2}\.gone-[0-9a-f]{8}$/;
const VALUE_FILE = /^[0-9a-f]{30}\.val(\.tmp)?$/;

/** Removes what DiskCache has made in a folder, and the folder when nothing else is in it. */
export async function destroy(destroyed: Destroyed): Promise<void> {
  try {
    for (const { files, folder } of steps(destroyed)) {
      await Promise.all(files.map((path) => unlink(path).catch(ignoreMissing)));
      await rmdir(folder).catch(ignoreInUse);
    }
  } catch (error) {
    throw storageError(error, `cannot remove the cache in ${destroyed.directory}`);
  }
}

/** The same on the caller's thread. */
export function destroySync(destroyed: Destroyed): void {
  try {
    for (const { files, folder } of steps(destroyed)) {
      files.forEach(removeFile);
      removeFolder(folder);
    }
  } catch (error) {
    throw storageError(error, `cannot remove the cache in ${destroyed.directory}`);
  }
}

/** At the first step the cache is gone already; from then on another process may make a new one in its place. */
function* steps({ directory, timeoutMs, random }: Destroyed): Generator<Step> {
  const values = join(directory, 'values');
  const lock = new PathLock(join(directory, 'cache.db'), timeoutMs);
  const folders: string[] = [];
  if (lock.exists || ours(directory).length > 0 || named(values, VALUE_FOLDER).length > 0) {
    aloneIfThere(lock, () => {
      // First, so that nobody finds rows without their files.
      ours(directory).forEach(removeFile);
      // To remove all files would take long here; but none of the next cache is to be among them.
      for (const folder of named(values, VALUE_FOLDER)) folders.push(moved(folder, random));
      lock.remove();
    });
    // Windows removes no open file.
    if (process.platform === 'win32') lock.remove();
  }
  for (const folder of new Set([...folders, ...named(values, MOVED_FOLDER)])) {
    yield { files: named(folder, VALUE_FILE), folder };
    // Others have put something into it.
    if (existsSync(folder)) putBack(folder);
  }
  yield { files: [], folder: values };
  yield { files: [], folder: directory };
}

/** Others may destroy the cache at the same time. */
function aloneIfThere(lock: PathLock, work: () => void): void {
  try {
    lock.alone(work);
  } catch (error) {
    ignoreMissing(error);
  }
}

/** What DiskCache has made in the folder itself, but the lock. */
function ours(directory: string): string[] {
  const mark = markOf(directory);
  const files = [DATABASE, LEFTOVER].flatMap((name) => named(directory, name));
  return mark === undefined ? files : [...files, mark];
}

/** Gives a folder of value files another name. @returns the one that it has then */
function moved(folder: string, random: () => number): string {
  const digits = Math.floor(random() * 0x1_0000_0000).toString(16);
  const name = `${folder}.gone-${digits.padStart(8, '0')}`;
  try {
    renameSync(folder, name);
    return name;
  } catch (error) {
    // Windows moves no folder with an open file.
    ignoreInUse(error);
    return folder;
  }
}

function putBack(folder: string): void {
  try {
    renameSync(folder, folder.replace(/\.gone-[^.]*$/, ''));
  } catch (error) {
    ignoreInUse(error);
  }
}

function named(folder: string, name: RegExp): string[] {
  return namesIn(folder)
    .filter((found) => name.test(found))
    .map((found) => join(folder, found));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    ignoreMissing(error);
    return [];
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    ignoreMissing(error);
  }
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    ignoreInUse(error);
  }
}

function ignoreMissing(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
}

/** A folder stays where somebody else has put something, mounted it, or owns the one that it is in. */
function ignoreInUse(error: unknown): void {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (!['ENOTEMPTY', 'EEXIST', 'EBUSY', 'EACCES', 'EPERM', 'EROFS'].includes(code)) ignoreMissing(error);
}
