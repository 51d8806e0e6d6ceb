import { type FileHandle, open, rename, unlink, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './folder-sync.ts';

/** A file is marked as written to at the start of a piece: it must not take so long that the file looks abandoned. */
export const PIECE_BYTES = 16 * 1024 * 1024;

/**
 * A value file in the making: under a temporary name until it is complete, so that no other is ever seen half. Its maker
 * calls either complete() or abandon() at the end.
 */
export class NewFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #isDurable: boolean;
  #isClosed = false;

  constructor(path: string, handle: FileHandle, isDurable: boolean) {
    this.#path = path;
    this.#handle = handle;
    this.#isDurable = isDurable;
  }

  /** @param path the name it is to have; its folder has to be there */
  static async create(path: string, isDurable: boolean): Promise<NewFile> {
    return new NewFile(path, await open(temporaryName(path), 'wx', 0o600), isDurable);
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const length = Math.min(bytes.length - written, PIECE_BYTES);
      written += (await this.#handle.write(bytes, written, length)).bytesWritten;
    }
  }

  /** Says that it is still wanted, by the time given in ms since the epoch: what looks forgotten is removed. */
  async touch(now: number): Promise<void> {
    const time = now / 1000;
    if (!this.#isClosed) await this.#handle.utimes(time, time);
    else await utimes(this.#path, time, time).catch(ignoreMissing);
  }

  /** Gives it its name. Where asked for, file and name are on disk then. */
  async complete(): Promise<void> {
    if (this.#isDurable) await this.#handle.sync();
    await this.#close();
    await rename(temporaryName(this.#path), this.#path);
    if (this.#isDurable) await syncFolder(dirname(this.#path));
  }

  /** Leaves nothing of it. */
  async abandon(): Promise<void> {
    await this.#close();
    await unlink(temporaryName(this.#path)).catch(ignoreMissing);
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
  }
}

const TEMPORARY = '.tmp';

/** What a file is called until it is complete. */
export function temporaryName(path: string): string {
  return `${path}${TEMPORARY}`;
}

/** What a file, complete or not, is called once it is complete. */
export function completeName(path: string): string {
  return path.endsWith(TEMPORARY) ? path.slice(0, -TEMPORARY.length) : path;
}

export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
