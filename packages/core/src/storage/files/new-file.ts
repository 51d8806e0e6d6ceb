import { type FileHandle, open, rename, unlink, utimes } from 'node:fs/promises';

/** A file is marked as written to at the start of a piece: it must not take so long that the file looks abandoned. */
export const PIECE_BYTES = 16 * 1024 * 1024;

/** Waits until the name of a file is on disk. */
export type SyncName = (path: string) => Promise<void>;

/**
 * A value file in the making: under a temporary name until it is complete, so that no other is ever seen half. Its maker
 * calls either complete() or abandon() at the end.
 */
export class NewFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #syncName: SyncName | undefined;
  #isClosed = false;

  constructor(path: string, handle: FileHandle, syncName: SyncName | undefined) {
    this.#path = path;
    this.#handle = handle;
    this.#syncName = syncName;
  }

  /**
   * @param path the name it is to have; its folder has to be there
   * @param syncName where file and name are to be on disk: sees to the name
   */
  static async create(path: string, syncName: SyncName | undefined): Promise<NewFile> {
    return new NewFile(path, await open(temporaryName(path), 'wx', 0o600), syncName);
  }

  /** @param mayGoOn asked when it fails, and how often it was already, whether to go on where it ended */
  async append(
    bytes: Uint8Array,
    mayGoOn?: (error: unknown, tries: number) => Promise<boolean>,
  ): Promise<void> {
    let tries = 0;
    for (let written = 0; written < bytes.length;) {
      const length = Math.min(bytes.length - written, PIECE_BYTES);
      try {
        written += (await this.#handle.write(bytes, written, length)).bytesWritten;
        tries = 0;
      } catch (error) {
        if (mayGoOn === undefined || !(await mayGoOn(error, tries++))) throw error;
      }
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
    if (this.#syncName !== undefined) await this.#handle.sync();
    await this.#close();
    await rename(temporaryName(this.#path), this.#path);
    await this.#syncName?.(this.#path);
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
