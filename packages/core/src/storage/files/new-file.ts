import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './folder-sync.ts';

/** Systems refuse to write more than 2 GiB at once. */
const LONGEST_WRITE = 2 ** 30;

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

  /** @param mayGoOn asked when it fails, and how often it was already, whether to go on where it ended */
  async append(
    bytes: Uint8Array,
    mayGoOn?: (error: unknown, tries: number) => Promise<boolean>,
  ): Promise<void> {
    let tries = 0;
    for (let written = 0; written < bytes.length;) {
      const length = Math.min(bytes.length - written, LONGEST_WRITE);
      try {
        written += (await this.#handle.write(bytes, written, length)).bytesWritten;
        tries = 0;
      } catch (error) {
        if (mayGoOn === undefined || !(await mayGoOn(error, tries++))) throw error;
      }
    }
  }

  /** Says that it is still being written, by the time given in ms since the epoch: what looks forgotten is removed. */
  async touch(now: number): Promise<void> {
    if (!this.#isClosed) await this.#handle.utimes(now / 1000, now / 1000);
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

/** What a file is called until it is complete. */
export function temporaryName(path: string): string {
  return `${path}.tmp`;
}

export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
