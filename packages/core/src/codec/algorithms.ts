import {
  brotliCompress,
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  constants,
  crc32,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib';
import type { Transform } from 'node:stream';
import { nextTurn } from '../clock.ts';

/** What can make values smaller, by the names that node:zlib has for it. 'zstd' needs Node.js 22.15. */
export type CompressionAlgorithm = 'zstd' | 'brotli' | 'gzip';

interface ZlibSettings {
  readonly chunkSize: number;
  readonly maxOutputLength?: number;
  readonly level?: number;
  readonly params?: Record<number, number>;
}

type Told = (error: Error | null, result: Buffer) => void;

export interface Algorithm {
  /** Whether this version of Node.js has it. */
  readonly isThere: boolean;
  readonly levels: readonly [least: number, most: number];
  readonly defaultLevel: number;
  /**
   * From how many bytes on it takes about a millisecond, for levels up to the one beside it; above the last one, however
   * few they are (bench/choices/compression.ts).
   */
  readonly slowFrom: readonly (readonly [upToLevel: number, bytes: number])[];
  /** What its own format has of a checksum and the length; the rest is put after it. */
  readonly has: 'both' | 'checksum' | 'neither';
  readonly settings: (level: number, size: number) => Omit<ZlibSettings, 'chunkSize'>;
  readonly pack: (bytes: Buffer, settings: ZlibSettings, told: Told) => void;
  readonly packSync: (bytes: Buffer, settings: ZlibSettings) => Buffer;
  readonly unpack: (bytes: Buffer, settings: ZlibSettings, told: Told) => void;
  readonly unpackSync: (bytes: Buffer, settings: ZlibSettings) => Buffer;
  readonly unpackStream: () => Transform;
}

const KIB = 1024;

export const ALGORITHMS: Readonly<Record<CompressionAlgorithm, Algorithm>> = {
  zstd: {
    isThere: typeof zstdCompressSync === 'function',
    levels: [1, 22],
    defaultLevel: 3,
    slowFrom: [
      [4, 256 * KIB],
      [9, 64 * KIB],
      [22, 4 * KIB],
    ],
    has: 'checksum',
    settings: (level) => ({
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    }),
    pack: zstdCompress,
    packSync: zstdCompressSync,
    unpack: zstdDecompress,
    unpackSync: zstdDecompressSync,
    unpackStream: () => createZstdDecompress(),
  },
  brotli: {
    isThere: true,
    levels: [0, 11],
    defaultLevel: 4,
    slowFrom: [[6, 64 * KIB]],
    has: 'neither',
    settings: (level, size) => ({
      params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_SIZE_HINT]: size },
    }),
    pack: brotliCompress,
    packSync: brotliCompressSync,
    unpack: brotliDecompress,
    unpackSync: brotliDecompressSync,
    unpackStream: () => createBrotliDecompress(),
  },
  gzip: {
    isThere: true,
    levels: [1, 9],
    defaultLevel: 4,
    slowFrom: [[9, 64 * KIB]],
    has: 'both',
    settings: (level) => ({ level }),
    pack: gzip,
    packSync: gzipSync,
    unpack: gunzip,
    unpackSync: gunzipSync,
    unpackStream: () => createGunzip(),
  },
};

/** What is put after the packed bytes; what gzip's own format ends with (RFC 1952), as far as it is missing. */
const ADDED_BYTES = { both: 0, checksum: 4, neither: 8 } as const;

/** zlib fills pieces of `chunkSize`; one for all is the fastest. */
const SMALLEST_PIECE = 64;
/** A damaged length must not make it take memory without end. */
const PLAUSIBLE_PIECE = 16 * KIB * KIB;
const PLAUSIBLE_RATIO = 64;

/** As many bytes as the event loop can do without for their CRC-32. */
const SLICE_BYTES = 4 * KIB * KIB;

/** Packs bytes, so that unpack() tells whether they are still the same. */
export async function pack(algorithm: Algorithm, bytes: Buffer, level: number): Promise<Buffer> {
  const packed = await later((told) => algorithm.pack(bytes, packing(algorithm, bytes, level), told));
  return completed(algorithm, packed, bytes, algorithm.has === 'neither' ? await crcInSlices(bytes) : 0);
}

/** The same on the caller's thread. */
export function packSync(algorithm: Algorithm, bytes: Buffer, level: number): Buffer {
  const packed = algorithm.packSync(bytes, packing(algorithm, bytes, level));
  return completed(algorithm, packed, bytes, algorithm.has === 'neither' ? crc32(bytes) : 0);
}

/** The bytes that were packed. @throws Error when they are damaged */
export async function unpack(algorithm: Algorithm, packed: Buffer): Promise<Buffer> {
  const bytes = await later((told) => algorithm.unpack(body(algorithm, packed), unpacking(packed), told));
  return checked(algorithm, packed, bytes, algorithm.has === 'neither' ? await crcInSlices(bytes) : 0);
}

/** The same on the caller's thread. */
export function unpackSync(algorithm: Algorithm, packed: Buffer): Buffer {
  const bytes = algorithm.unpackSync(body(algorithm, packed), unpacking(packed));
  return checked(algorithm, packed, bytes, algorithm.has === 'neither' ? crc32(bytes) : 0);
}

/** How many bytes were put after the packed ones. */
export function addedBytes({ has }: Algorithm): number {
  return ADDED_BYTES[has];
}

/** The bytes that addedTo() reads, at the end of what pack() gave. */
export const TOLD_BYTES = 8;

/** What the last bytes of what was packed tell: how long it was, and where only they do, its CRC-32. */
export function addedTo(
  { has }: Algorithm,
  last: Buffer,
): { readonly size: number; readonly crc: number | undefined } {
  return {
    size: unpackedSize(last),
    crc: has === 'neither' ? last.readUInt32LE(last.length - 8) : undefined,
  };
}

/** The length of what was packed. @throws Error when there is none */
export function unpackedSize(packed: Buffer): number {
  return packed.readUInt32LE(packed.length - 4);
}

function packing(algorithm: Algorithm, { length }: Buffer, level: number): ZlibSettings {
  return { ...algorithm.settings(level, length), chunkSize: Math.max(SMALLEST_PIECE, length) };
}

function unpacking(packed: Buffer): ZlibSettings {
  const size = unpackedSize(packed);
  const plausible = Math.max(PLAUSIBLE_PIECE, PLAUSIBLE_RATIO * packed.length);
  // One byte more, since zlib takes a full piece for a sign that there is more to come.
  const chunkSize = Math.max(SMALLEST_PIECE, Math.min(size + 1, plausible));
  return { chunkSize, maxOutputLength: Math.max(1, size) };
}

function later(run: (told: Told) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    run((error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

function completed({ has }: Algorithm, packed: Buffer, { length }: Buffer, crc: number): Buffer {
  if (has === 'both') return packed;
  const added = Buffer.alloc(ADDED_BYTES[has]);
  if (has === 'neither') added.writeUInt32LE(crc);
  added.writeUInt32LE(length, added.length - 4);
  return Buffer.concat([packed, added]);
}

function body({ has }: Algorithm, packed: Buffer): Buffer {
  return packed.subarray(0, packed.length - ADDED_BYTES[has]);
}

function checked({ has }: Algorithm, packed: Buffer, bytes: Buffer, crc: number): Buffer {
  const isWhole =
    bytes.length === unpackedSize(packed) &&
    (has !== 'neither' || crc === packed.readUInt32LE(packed.length - ADDED_BYTES[has]));
  if (isWhole) return bytes;
  throw new Error('what was unpacked is not what was packed');
}

async function crcInSlices(bytes: Buffer): Promise<number> {
  let crc = 0;
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    if (start > 0) await nextTurn();
    crc = crc32(bytes.subarray(start, start + SLICE_BYTES), crc);
  }
  return crc;
}
