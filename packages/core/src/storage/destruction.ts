import { readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { markOf } from './directory.ts';
import { PathLock } from './rows/path-lock.ts';
import { storageError } from './rows/sqlite-error.ts';

/** Files to remove, and then the folder that they were in, if it is empty by then. */
interface Step {
  readonly files: readonly string[];
  readonly folder?: string;
}

/** The database and what belongs to it, also one of ours that was set aside. */
const DATABASE = /^cache\.db(-wal|-shm|-journal)?$/;
const LEFTOVER = /^cache\.db\.((corrupt|removed)-.*|lock)$/;
const VALUE_FOLDER = /^[0-9a-f]{2}$/;
const VALUE_FILE = /^[0-9a-f]{30}\.val(\.tmp)?$/;

/** Removes what DiskCache has made in a folder, and the folder when nothing else is in it. */
export async function destroy(directory: string, timeoutMs: number): Promise<void> {
  try {
    for (const { files, folder } of steps(directory, timeoutMs)) {
      await Promise.all(files.map((path) => unlink(path).catch(ignoreMissing)));
      if (folder !== undefined) await rmdir(folder).catch(ignoreInUse);
    }
  } catch (error) {
    throw storageError(error, `cannot remove the cache in ${directory}`);
  }
}

/** The same on the caller's thread. */
export function destroySync(directory: string, timeoutMs: number): void {
  try {
    for (const { files, folder } of steps(directory, timeoutMs)) {
      files.forEach(removeFile);
      if (folder !== undefined) removeFolder(folder);
    }
  } catch (error) {
    throw storageError(error, `cannot remove the cache in ${directory}`);
  }
}

function* steps(directory: string, timeoutMs: number): Generator<Step> {
  const named = (folder: string, name: RegExp) =>
    namesIn(folder)
      .filter((found) => name.test(found))
      .map((found) => join(folder, found));
  // First, so that nobody finds rows without their files.
  if (named(directory, DATABASE).length > 0) {
    const lock = new PathLock(join(directory, 'cache.db'), timeoutMs);
    lock.alone(() => named(directory, DATABASE).forEach(removeFile));
  }
  const values = join(directory, 'values');
  for (const folder of named(values, VALUE_FOLDER)) yield { files: named(folder, VALUE_FILE), folder };
  yield { files: [], folder: values };
  const mark = markOf(directory);
  const rest = [...named(directory, LEFTOVER), ...(mark === undefined ? [] : [mark])];
  yield { files: rest, folder: directory };
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
