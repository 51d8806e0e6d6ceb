import { crc32 } from 'node:zlib';
import type { Codec } from '../codec/codec.ts';
import { DiskCacheError } from '../errors.ts';
import type { Key } from '../entry/key.ts';
import type { Settings } from '../options.ts';
import type { FileContent, ValueFiles } from '../storage/files/value-files.ts';
import type { EntryRow } from '../storage/rows/statements.ts';
import { spaceOf, type StoredValue } from '../storage/storage.ts';

/** A value ready to be stored; `bytes` is what its file gets. */
export interface PreparedValue extends StoredValue {
  readonly bytes: Buffer | null;
}

/** The same of a value that goes into a file. */
export interface PreparedFile extends PreparedValue {
  readonly file: string;
  readonly bytes: Buffer;
}

export function isFile(value: PreparedValue): value is PreparedFile {
  return value.file !== null;
}

const EMPTY_BLOB = Buffer.alloc(0);

/** Decides which values are rows and which are files, and gives back the value from what either holds. */
export class ValueLayout {
  readonly #settings: Settings;
  readonly #codec: Codec;
  readonly #files: ValueFiles;

  constructor(settings: Settings, codec: Codec, files: ValueFiles) {
    this.#settings = settings;
    this.#codec = codec;
    this.#files = files;
  }

  /**
   * The value's stored form, with a name for its file if it is to have one.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_VALUE`, DiskCacheError `ERR_DISKCACHE_TOO_LARGE`
   */
  prepare(key: Key, value: unknown, tags: string | null): PreparedValue {
    const { codec, data } = this.#codec.encode(value);
    const size = sizeOf(data);
    const prepared =
      size < this.#settings.fileThreshold ? inRow(codec, data, size) : this.#inFile(codec, data, size);
    return this.#fitting(key, prepared, tags);
  }

  /** The same, in the row however long it is: for what is read and written within one transaction. */
  prepareInRow(key: Key, value: unknown, tags: string | null): PreparedValue {
    const { codec, data } = this.#codec.encode(value);
    return this.#fitting(key, inRow(codec, data, sizeOf(data)), tags);
  }

  /** The value that a row, and its file if it has one, holds. */
  decode({ codec, value }: EntryRow, file?: Buffer): unknown {
    const data = file === undefined ? value : typeof value === 'string' ? file.toString() : file;
    return this.#codec.decode({ codec, data });
  }

  /** The content of a row's file if it is what was written. */
  verified({ checksum }: EntryRow, content: FileContent): FileContent {
    if (!Buffer.isBuffer(content) || checksum === null || !this.#settings.checksum) return content;
    return crc32(content) === checksum ? content : 'damaged';
  }

  #fitting(key: Key, prepared: PreparedValue, tags: string | null): PreparedValue {
    if (spaceOf(key, prepared, tags) <= this.#settings.sizeLimit) return prepared;
    throw new DiskCacheError(
      'ERR_DISKCACHE_TOO_LARGE',
      `a value of ${prepared.size} bytes cannot fit into sizeLimit ${this.#settings.sizeLimit}`,
    );
  }

  #inFile(codec: string | null, data: string | number | Buffer, size: number): PreparedValue {
    if (typeof data === 'number') return inRow(codec, data, size);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    return {
      codec,
      size,
      checksum: this.#settings.checksum ? crc32(bytes) : null,
      file: this.#files.newName(),
      value: typeof data === 'string' ? '' : EMPTY_BLOB,
      bytes,
    };
  }
}

/** Bytes are copied, since the caller may change them before they are written. */
function inRow(codec: string | null, data: string | number | Buffer, size: number): PreparedValue {
  const value = typeof data === 'object' ? Buffer.from(data) : data;
  return { codec, size, checksum: null, file: null, value, bytes: null };
}

function sizeOf(data: string | number | Buffer): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return typeof data === 'number' ? 8 : data.length;
}
