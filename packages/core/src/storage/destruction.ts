import { existsSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { markOf } from './directory.ts';
import { REMOVED_FOLDER } from './files/value-files.ts';
import { PathLock } from './rows/path-lock.ts';
import { storageError } from './rows/sqlite-error.ts';

/** Files to remove, and then the folder that they were in, if it is empty by then. */
interface Step {
  readonly files: readonly string[];
  readonly folder?: string;
}

/** The database and what belongs to it, also one of ours that was set aside. */
const DATABASE = /^cache\.db(-wal|-shm|-journal)?$/;
const SET_ASIDE = /^cache\.db\.(corrupt|removed)-.*$/;
const LEFTOVER = /^cache\.db\.(lock|reserve)$/;
const VALUE_FOLDER = /^[0-9a-f]{2}$/;
const VALUE_FILE = /^[0-9a-f]{30}\.val(\.tmp)?$/;

/** Whose cache it is, and from where to take what is random. */
export interface Destroyed {
  readonly directory: string;
  readonly timeoutMs: number;
  readonly random: () => number;
}

/** Removes what DiskCache has made in a folder, and the folder when nothing else is in it. */
export async function destroy(cache: Destroyed): Promise<void> {
  try {
    for (const { files, folder } of steps(cache)) {
      await Promise.all(files.map((path) => unlink(path).catch(ignoreMissing)));
      if (folder !== undefined) await rmdir(folder).catch(ignoreInUse);
    }
  } catch (error) {
    throw storageError(error, `cannot remove the cache in ${cache.directory}`);
  }
}

/** The same on the caller's thread. */
export function destroySync(cache: Destroyed): void {
  try {
    for (const { files, folder } of steps(cache)) {
      files.forEach(removeFile);
      if (folder !== undefined) removeFolder(folder);
    }
  } catch (error) {
    throw storageError(error, `cannot remove the cache in ${cache.directory}`);
  }
}

function* steps({ directory, timeoutMs, random }: Destroyed): Generator<Step> {
  const database = join(directory, 'cache.db');
  const values = join(directory, 'values');
  const digits = Math.floor(random() * 0x1_0000_0000).toString(16);
  const removed = `${values}.removed-${digits.padStart(8, '0')}`;
  let isDetached = false;
  const detach = () => {
    named(directory, DATABASE).forEach(removeFile);
    removeMark(directory);
    isDetached = move(values, removed);
  };
  // All at once: who has the cache open goes on with a new one from then on, whose files are not to go.
  if (named(directory, DATABASE).length > 0) new PathLock(database, timeoutMs).alone(detach);
  const isGoneOn = () => existsSync(database);
  const left = named(directory, REMOVED_FOLDER);
  for (const parent of isDetached || isGoneOn() ? left : [...left, values]) {
    for (const folder of named(parent, VALUE_FOLDER)) yield { files: named(folder, VALUE_FILE), folder };
    yield { files: [], folder: parent };
  }
  // What others have put there is to be found where they have put it.
  if (existsSync(removed)) move(removed, values);
  yield { files: named(directory, SET_ASIDE) };
  if (isGoneOn()) return;
  removeMark(directory);
  yield { files: named(directory, LEFTOVER), folder: directory };
}

function named(folder: string, name: RegExp): string[] {
  return namesIn(folder)
    .filter((found) => name.test(found))
    .map((found) => join(folder, found));
}

function removeMark(directory: string): void {
  const mark = markOf(directory);
  if (mark !== undefined) removeFile(mark);
}

/** A folder that cannot be moved, as one that something is mounted on, stays. @returns whether it was moved */
function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    ignoreInUse(error);
    return false;
  }
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
