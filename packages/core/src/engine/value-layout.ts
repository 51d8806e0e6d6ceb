import { crc32 } from 'node:zlib';
import type { Codec } from '../codec/codec.ts';
import { type Compression, compressionOf, decompress, decompressLater } from '../codec/compression.ts';
import { type EncodedValue, isCompressed, sizeOf } from '../codec/encoded-value.ts';
import { DiskCacheError } from '../errors.ts';
import type { Key } from '../entry/key.ts';
import type { Settings } from '../options.ts';
import type { FileContent, ValueFiles } from '../storage/files/value-files.ts';
import type { EntryRow } from '../storage/rows/statements.ts';
import { spaceOf } from '../storage/entry-space.ts';
import type { StoredValue } from '../storage/storage.ts';
import type { AGAIN } from './slice.ts';
import { StagedValue } from './staged-value.ts';

/** A value ready to be stored in its row. */
export interface PreparedRow extends StoredValue {
  readonly file: null;
  readonly bytes: null;
}

/** A value ready to be stored in a file, which gets `bytes`. */
export interface PreparedFile extends StoredValue {
  readonly file: string;
  readonly bytes: Buffer;
  /** Has the row written that it belongs to, where it is written already. */
  readonly put?: <T>(putRow: () => T | typeof AGAIN) => T | typeof AGAIN;
}

export type PreparedValue = PreparedRow | PreparedFile;

/** A value that takes too long to compress for the event loop. */
export interface UnfinishedValue {
  /** Bytes before it is compressed: it will not have more. */
  readonly size: number;
  /** Compresses it in a thread. */
  finish(): Promise<PreparedValue>;
}

export function isFile(value: PreparedValue): value is PreparedFile {
  return value.file !== null;
}

/** Whether nothing has to be done for the value before its row is written. */
export function isRow(value: PreparedValue | UnfinishedValue): value is PreparedRow {
  return 'file' in value && value.file === null;
}

const EMPTY_BLOB = Buffer.alloc(0);

/** Decides which values are rows and which are files, and gives back the value from what either holds. */
export class ValueLayout {
  readonly #settings: Settings;
  readonly #codec: Codec;
  readonly #compression: Compression;
  readonly #files: ValueFiles;

  constructor(settings: Settings, codec: Codec, compression: Compression, files: ValueFiles) {
    this.#settings = settings;
    this.#codec = codec;
    this.#compression = compression;
    this.#files = files;
  }

  /**
   * The value's stored form, with a name for its file if it is to have one.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_VALUE`, DiskCacheError `ERR_DISKCACHE_TOO_LARGE`
   */
  prepare(key: Key, value: unknown, tags: string | null): PreparedValue {
    if (value instanceof StagedValue) return this.#fitting(key, value.take(), tags);
    return this.#laidOut(key, this.#compression.compress(this.#codec.encode(value)), tags);
  }

  /** The same, but what takes long to compress is left to be finished. It is serialized already. */
  prepareLater(key: Key, value: unknown, tags: string | null): PreparedValue | UnfinishedValue {
    const plain = this.#codec.encode(value);
    if (!this.#compression.isSlow(plain)) return this.#laidOut(key, this.#compression.compress(plain), tags);
    const size = sizeOf(plain.data);
    const kept = size < this.#settings.fileThreshold ? ownCopy(plain) : plain;
    return {
      size,
      finish: async () => this.#laidOut(key, await this.#compression.compressLater(kept), tags),
    };
  }

  /**
   * The value that a row, and its file if it has one, holds.
   *
   * @throws SerializerError
   */
  decode(key: Key, row: EntryRow, file?: Buffer): unknown {
    return this.#codec.decode(decompress(encodedIn(row, file), key), key);
  }

  /** The same; a promise of it where decompressing takes too long for the event loop. */
  decodeLater(key: Key, row: EntryRow, file?: Buffer): unknown {
    const plain = decompressLater(encodedIn(row, file), key);
    return plain instanceof Promise
      ? plain.then((decompressed) => this.#codec.decode(decompressed, key))
      : this.#codec.decode(plain, key);
  }

  /** Where a row's value is, when it is in a file, and as it is: who reads one that is compressed takes it for another. */
  pathOf(row: EntryRow | undefined): string | undefined {
    if (row === undefined || row.file === null || isCompressed(row.codec)) return undefined;
    return this.#files.path(row.file);
  }

  /** @throws SerializerError when this cache has not what it takes to read the value of a row */
  assertReadable(key: Key, { codec }: EntryRow): void {
    const compression = compressionOf(codec, key);
    this.#codec.assertKnown(compression === undefined ? codec : compression.codec, key);
  }

  /** The content of a row's file if it is what was written. */
  verified({ checksum }: EntryRow, content: FileContent): FileContent {
    if (!Buffer.isBuffer(content) || checksum === null || !this.#settings.checksum) return content;
    return crc32(content) === checksum ? content : 'damaged';
  }

  #laidOut(key: Key, { codec, data }: EncodedValue, tags: string | null): PreparedValue {
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

  #fitting(key: Key, prepared: PreparedValue, tags: string | null): PreparedValue {
    const space = spaceOf(key, prepared, tags);
    const { sizeLimit } = this.#settings;
    if (space <= sizeLimit) return prepared;
    throw new DiskCacheError(
      'ERR_DISKCACHE_TOO_LARGE',
      `a value of ${prepared.size} bytes cannot fit into sizeLimit ${sizeLimit}: with its key and tags it takes ${space}`,
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
function inRow(codec: string | null, data: string | number | Buffer, size: number): PreparedRow {
  const value = typeof data === 'object' ? Buffer.from(data) : data;
  return { codec, size, checksum: null, file: null, value, bytes: null };
}

function ownCopy({ codec, data }: EncodedValue): EncodedValue {
  return { codec, data: typeof data === 'object' ? Buffer.from(data) : data };
}

function encodedIn({ codec, value }: EntryRow, file: Buffer | undefined): EncodedValue {
  const data = file === undefined ? value : typeof value === 'string' ? file.toString() : file;
  return { codec, data };
}
