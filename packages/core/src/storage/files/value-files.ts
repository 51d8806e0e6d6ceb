import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder, syncFolderSync } from './folder-sync.ts';
import { ignoreMissing, isMissing, NewFile, PIECE_BYTES, type SyncName, temporaryName } from './new-file.ts';

/** File systems give out space in blocks of this size, or of one that divides it. */
export const BLOCK_BYTES = 4096;
/** Systems refuse to read more than 2 GiB at once. */
const LONGEST_READ = 2 ** 30;

/** Reading a value's file: its bytes, or why there are none to hand out. */
export type FileContent = Buffer | 'gone' | 'damaged';

/** A file that stays readable when it is removed meanwhile. */
export interface OpenFile {
  read(size: number): Promise<FileContent>;
  closeSync(): void;
}

/** A file that is there, under its name or a temporary one, and when it was last written to, in ms since the epoch. */
export interface FoundFile {
  readonly name: string;
  readonly modified: number;
}

const readAt = promisify(read);

/** What a file of `size` bytes takes on disk. */
export function bytesOnDisk(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

/**
 * The files of large values: values/ab/cdef….val, private to the user, complete from the moment they have that name.
 * A name is random: no key ever becomes a path, and no name is used twice.
 */
export class ValueFiles {
  readonly #directory: string;
  readonly #isDurable: boolean;
  readonly #syncName: SyncName | undefined;
  /** Those whose own names are known to be on disk. */
  readonly #syncedFolders = new Set<string>();

  /** @param isDurable whether a file that was written is to be on disk, and not only on its way there */
  constructor(cacheDirectory: string, isDurable = false) {
    this.#directory = join(cacheDirectory, 'values');
    this.#isDurable = isDurable;
    if (isDurable) this.#syncName = (path) => this.#syncNames(path);
  }

  /** A name for a new file, with `/` between its parts on every system. */
  newName(): string {
    // Not from the cache's own random numbers: two processes, or two runs, may have been given the same ones.
    const digits = randomBytes(16).toString('hex');
    return `${digits.slice(0, 2)}/${digits.slice(2)}.val`;
  }

  path(name: string): string {
    return join(this.#directory, ...name.split('/'));
  }

  /** The folders may have gone with the database that was open before, and have been made anew. */
  databaseReplaced(): void {
    this.#syncedFolders.clear();
  }

  /** Begins a new file. */
  async create(name: string): Promise<NewFile> {
    const path = this.path(name);
    try {
      return await NewFile.create(path, this.#syncName);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      return NewFile.create(path, this.#syncName);
    }
  }

  /** Writes a new file on the caller's thread. On failure nothing of it is left. */
  writeSync(name: string, bytes: Buffer): void {
    const path = this.path(name);
    const temporary = temporaryName(path);
    try {
      const file = this.#createSync(temporary);
      try {
        for (let written = 0; written < bytes.length;) {
          written += writeSync(file, bytes, written, Math.min(bytes.length - written, PIECE_BYTES));
        }
        if (this.#isDurable) fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
      if (this.#isDurable) this.#syncNamesSync(path);
    } catch (error) {
      this.#removeSync(temporary);
      throw error;
    }
  }

  /** Gives a file of another folder a name here too; where the file system knows no second names, copies it. */
  linkSync(name: string, from: ValueFiles): void {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    try {
      linkSync(from.path(name), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EEXIST') throw error;
      copyFileSync(from.path(name), path, constants.COPYFILE_FICLONE);
    }
  }

  /** Opens a file, or returns undefined when it is not there. */
  openSync(name: string): OpenFile | undefined {
    try {
      const descriptor = openSync(this.path(name), 'r');
      const part = async (bytes: Buffer, at: number, wanted: number) =>
        (await readAt(descriptor, bytes, at, wanted, null)).bytesRead;
      return { read: (size) => wholeOf(size, part), closeSync: () => closeSync(descriptor) };
    } catch (error) {
      ignoreMissing(error);
      return undefined;
    }
  }

  /** Reads a whole file that should have `size` bytes. Failures other than its absence are thrown. */
  async read(name: string, size: number): Promise<FileContent> {
    try {
      const file = await open(this.path(name));
      try {
        return await wholeOf(
          size,
          async (bytes, at, wanted) => (await file.read(bytes, at, wanted, null)).bytesRead,
        );
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isMissing(error)) return 'gone';
      throw error;
    }
  }

  /** The same on the caller's thread. */
  readSync(name: string, size: number): FileContent {
    try {
      const file = openSync(this.path(name), 'r');
      try {
        const bytes = Buffer.allocUnsafe(size + 1);
        let filled = 0;
        for (let isAtEnd = false; !isAtEnd;) {
          const wanted = Math.min(size + 1 - filled, LONGEST_READ);
          const bytesRead = readSync(file, bytes, filled, wanted, null);
          filled += bytesRead;
          isAtEnd = bytesRead < wanted || filled > size;
        }
        return filled === size ? bytes.subarray(0, size) : 'damaged';
      } finally {
        closeSync(file);
      }
    } catch (error) {
      if (isMissing(error)) return 'gone';
      throw error;
    }
  }

  /** Opens a file that should have `size` bytes. Failures other than its absence are thrown. */
  async openToRead(name: string, size: number): Promise<FileHandle | 'gone' | 'damaged'> {
    try {
      const file = await open(this.path(name));
      try {
        if ((await file.stat()).size === size) return file;
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
      return 'damaged';
    } catch (error) {
      if (isMissing(error)) return 'gone';
      throw error;
    }
  }

  /** Removes a file if it is there. */
  async remove(name: string): Promise<void> {
    await unlink(this.path(name)).catch(ignoreMissing);
  }

  /** The same on the caller's thread. */
  removeSync(name: string): void {
    this.#removeSync(this.path(name));
  }

  /** When a file was last written to, complete or not, in ms since the epoch; undefined when it is not there. */
  lastWrite(name: string): number | undefined {
    const path = this.path(name);
    // In the order in which it has its names.
    const found =
      statSync(temporaryName(path), { throwIfNoEntry: false }) ?? statSync(path, { throwIfNoEntry: false });
    return found?.mtimeMs;
  }

  /** The size of a file, or undefined when it is not there. */
  size(name: string): number | undefined {
    return statSync(this.path(name), { throwIfNoEntry: false })?.size;
  }

  /** Every file below values/, finished or not. */
  *list(): Generator<FoundFile> {
    for (const folder of namesIn(this.#directory)) {
      for (const file of namesIn(join(this.#directory, folder))) {
        const name = `${folder}/${file}`;
        const found = statSync(this.path(name), { throwIfNoEntry: false });
        if (found !== undefined) yield { name, modified: found.mtimeMs };
      }
    }
  }

  #createSync(path: string): number {
    try {
      return openSync(path, 'wx', 0o600);
    } catch (error) {
      if (!isMissing(error)) throw error;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      return openSync(path, 'wx', 0o600);
    }
  }

  /** A folder that is there may have been made by another process just now, and its name not be on disk yet. */
  async #syncNames(path: string): Promise<void> {
    const folder = dirname(path);
    await syncFolder(folder);
    if (this.#syncedFolders.has(folder)) return;
    await syncFolder(this.#directory);
    await syncFolder(dirname(this.#directory));
    this.#syncedFolders.add(folder);
  }

  #syncNamesSync(path: string): void {
    const folder = dirname(path);
    syncFolderSync(folder);
    if (this.#syncedFolders.has(folder)) return;
    syncFolderSync(this.#directory);
    syncFolderSync(dirname(this.#directory));
    this.#syncedFolders.add(folder);
  }

  #removeSync(path: string): void {
    try {
      unlinkSync(path);
    } catch (error) {
      ignoreMissing(error);
    }
  }
}

/** Reads a file that should have `size` bytes, part by part from its start. */
async function wholeOf(
  size: number,
  readPart: (bytes: Buffer, at: number, wanted: number) => Promise<number>,
): Promise<FileContent> {
  // One byte more than there should be, to see that the file ends there.
  const bytes = Buffer.allocUnsafe(size + 1);
  let filled = 0;
  for (let isAtEnd = false; !isAtEnd;) {
    const wanted = Math.min(size + 1 - filled, LONGEST_READ);
    const bytesRead = await readPart(bytes, filled, wanted);
    filled += bytesRead;
    isAtEnd = bytesRead < wanted || filled > size;
  }
  return filled === size ? bytes.subarray(0, size) : 'damaged';
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    ignoreMissing(error);
    return [];
  }
}
