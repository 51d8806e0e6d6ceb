import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { DiskCacheError } from '../errors.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';

/** What is to be read of an open file. */
export interface OutgoingPart {
  readonly from: number;
  /** The end left out. */
  readonly to: number;
  /** What the CRC-32 of this part has to be, where that is to be compared. */
  readonly checksum: number | undefined;
  /** Called when the file is shorter than it was, or its checksum another. */
  readonly onDamaged: () => void;
}

/**
 * The bytes of an open value file, read as fast as they are taken. It closes the file when it has ended or was destroyed.
 * Its last chunk is given out only when the checksum is right: one that ends without an error was whole.
 */
export class OutgoingFile extends Readable {
  readonly #file: FileHandle;
  readonly #part: OutgoingPart;
  #position: number;
  #checksum = 0;

  constructor(file: FileHandle, part: OutgoingPart) {
    super();
    this.#file = file;
    this.#part = part;
    this.#position = part.from;
  }

  override _read(bytes: number): void {
    this.#readOn(bytes).catch((error: unknown) =>
      this.destroy(storageError(error, 'cannot read a value file') as Error),
    );
  }

  override _destroy(error: Error | null, closed: (error?: Error | null) => void): void {
    this.#file.close().then(
      () => closed(error),
      (failure: unknown) => closed(error ?? (storageError(failure, 'cannot close a value file') as Error)),
    );
  }

  async #readOn(bytes: number): Promise<void> {
    const { to, checksum } = this.#part;
    const left = to - this.#position;
    if (left === 0) return void this.push(null);
    const buffer = Buffer.allocUnsafeSlow(Math.min(bytes, left));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#position);
    if (bytesRead === 0) return this.#foundDamaged();
    const chunk = buffer.subarray(0, bytesRead);
    this.#position += bytesRead;
    const isLast = this.#position === to;
    if (checksum !== undefined) {
      this.#checksum = crc32(chunk, this.#checksum);
      if (isLast && this.#checksum !== checksum) return this.#foundDamaged();
    }
    this.push(chunk);
    if (isLast) this.push(null);
  }

  #foundDamaged(): void {
    this.#part.onDamaged();
    this.destroy(new DiskCacheError('ERR_DISKCACHE_STORAGE', 'the value file is damaged'));
  }
}

/** Bytes that are there already, as a stream. */
export function outgoingBytes(bytes: Buffer): Readable {
  return Readable.from(bytes, { objectMode: false });
}
