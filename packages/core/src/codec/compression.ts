import { describe, InvalidArgumentError, SerializerError } from '../errors.ts';
import type { Key } from '../entry/key.ts';
import { checkOptions } from '../entry/entry-options.ts';
import {
  type Algorithm,
  ALGORITHMS,
  type CompressionAlgorithm,
  pack,
  packSync,
  unpack,
  unpackedSize,
  unpackSync,
} from './algorithms.ts';
import { type EncodedValue, isCompressed, SEPARATOR, sizeOf } from './encoded-value.ts';

/** How a cache makes values smaller before it stores them. */
export interface CompressionOptions {
  /** 'zstd' is the fastest and needs Node.js 22.15; 'brotli' and 'gzip' are everywhere. */
  algorithm: CompressionAlgorithm;
  /**
   * How hard it tries: 1 to 22 for 'zstd', 0 to 11 for 'brotli', 1 to 9 for 'gzip'.
   *
   * @default 3 for 'zstd', 4 for 'brotli' and 'gzip'
   */
  level?: number | undefined;
  /** Values whose stored form has fewer bytes stay as they are; Infinity compresses none. @default 1024 */
  threshold?: number | undefined;
}

/** The name of an algorithm, or that and how it is used. */
export type CompressionChoice = CompressionAlgorithm | CompressionOptions;

const DEFAULT_THRESHOLD = 1024;

/** What saves less is not worth the time that each read would take. */
const LARGEST_PART = 0.9;

/** Lengths are kept in 32 bits, and zlib takes no more at a time. */
const LARGEST = 2 ** 31;

/** From so many bytes on it takes about a millisecond to get them back. */
const SLOW_TO_UNDO = 512 * 1024;

/** How something was compressed. */
export interface CompressedForm {
  /** The codec of what was compressed. */
  readonly codec: string | null;
  readonly isText: boolean;
  readonly name: string;
  readonly algorithm: Algorithm;
}

interface Compressed extends CompressedForm {
  readonly data: Buffer;
}

/** Makes stored forms smaller, where that is worth it. What was made smaller says so itself, see decompress(). */
export class Compression {
  readonly #name: CompressionAlgorithm | undefined;
  readonly #algorithm: Algorithm | undefined;
  readonly #level: number = 0;
  readonly #threshold: number = 0;
  readonly #slowFrom: number = 0;

  /** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` */
  constructor(choice: CompressionChoice | undefined) {
    if (choice === undefined) return;
    const { algorithm: name, level, threshold = DEFAULT_THRESHOLD } = givenOptions(choice);
    const algorithm = ALGORITHMS[name];
    if (!algorithm.isThere) {
      const node = process.versions.node;
      throw invalidOption(`compression '${name}' needs Node.js 22.15 or newer; this is Node.js ${node}`);
    }
    this.#name = name;
    this.#algorithm = algorithm;
    this.#level = validLevel(name, level ?? algorithm.defaultLevel);
    this.#threshold = validThreshold(threshold);
    this.#slowFrom = algorithm.slowFrom.find(([upTo]) => this.#level <= upTo)?.[1] ?? 0;
  }

  /** The smaller form, or `plain` itself. */
  compress(plain: EncodedValue): EncodedValue {
    if (this.#algorithm === undefined || !this.#isWorthTrying(plain)) return plain;
    return this.#smaller(plain, packSync(this.#algorithm, bytesOf(plain), this.#level));
  }

  /** The same, done by a thread. */
  async compressLater(plain: EncodedValue): Promise<EncodedValue> {
    if (this.#algorithm === undefined || !this.#isWorthTrying(plain)) return plain;
    return this.#smaller(plain, await pack(this.#algorithm, bytesOf(plain), this.#level));
  }

  /** Whether compress() would stop the event loop for about a millisecond or more. */
  isSlow(plain: EncodedValue): boolean {
    return (
      this.#algorithm !== undefined && this.#isWorthTrying(plain) && sizeOf(plain.data) >= this.#slowFrom
    );
  }

  #isWorthTrying({ data }: EncodedValue): boolean {
    if (typeof data === 'number') return false;
    const size = sizeOf(data);
    return size >= this.#threshold && size < LARGEST;
  }

  #smaller(plain: EncodedValue, packed: Buffer): EncodedValue {
    if (packed.length > sizeOf(plain.data) * LARGEST_PART) return plain;
    const form = typeof plain.data === 'string' ? 'text' : 'bytes';
    return { codec: [plain.codec ?? '', form, this.#name].join(SEPARATOR), data: packed };
  }
}

/**
 * The form that was compressed; what was not is given back as it is.
 *
 * @throws {@link SerializerError} when it is damaged, or by an algorithm that is not there
 */
export function decompress(stored: EncodedValue, key: Key): EncodedValue {
  const compressed = compressedIn(stored, key);
  if (compressed === undefined) return stored;
  try {
    return plainOf(compressed, unpackSync(compressed.algorithm, compressed.data));
  } catch (cause) {
    throw damaged(compressed, key, cause);
  }
}

/** The same, by a thread where it would stop the event loop for about a millisecond or more: then it is a promise. */
export function decompressLater(stored: EncodedValue, key: Key): EncodedValue | Promise<EncodedValue> {
  const compressed = compressedIn(stored, key);
  if (compressed === undefined) return stored;
  const { algorithm, data } = compressed;
  if (data.length < 4 || unpackedSize(data) < SLOW_TO_UNDO) return decompress(stored, key);
  return unpack(algorithm, data).then(
    (bytes) => plainOf(compressed, bytes),
    (cause: unknown) => {
      throw damaged(compressed, key, cause);
    },
  );
}

/**
 * How what has this codec was compressed; undefined where it was not.
 *
 * @throws {@link SerializerError} when it was by an algorithm that is not there
 */
export function compressionOf(codec: string | null, key: Key): CompressedForm | undefined {
  if (!isCompressed(codec)) return undefined;
  const [inner = '', form, name = ''] = codec.split(SEPARATOR);
  const algorithm = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name as CompressionAlgorithm] : undefined;
  if (!algorithm?.isThere) {
    throw new SerializerError(key, name, `was compressed by '${name}', which this Node.js does not have`);
  }
  return { codec: inner === '' ? null : inner, isText: form === 'text', name, algorithm };
}

function compressedIn({ codec, data }: EncodedValue, key: Key): Compressed | undefined {
  const form = compressionOf(codec, key);
  return form && { ...form, data: data as Buffer };
}

function plainOf({ codec, isText }: Compressed, bytes: Buffer): EncodedValue {
  return { codec, data: isText ? bytes.toString() : bytes };
}

/** What to say when the bytes cannot be got back. */
export function damaged({ name }: Pick<CompressedForm, 'name'>, key: Key, cause?: unknown): SerializerError {
  return new SerializerError(key, name, `is damaged: its bytes are not what '${name}' wrote`, { cause });
}

function bytesOf({ data }: EncodedValue): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : (data as Buffer);
}

function givenOptions(choice: CompressionChoice): CompressionOptions {
  const given: unknown = typeof choice === 'object' ? choice?.algorithm : choice;
  if (typeof given !== 'string' || !Object.hasOwn(ALGORITHMS, given)) {
    const names = Object.keys(ALGORITHMS).map((name) => `'${name}'`);
    throw invalidOption(
      `option 'compression' must be ${names.join(', ')} or { algorithm, level, threshold }; ` +
        `given ${describe(choice)}${typeof choice === 'object' && choice !== null ? ` with algorithm ${describe(given)}` : ''}`,
    );
  }
  if (typeof choice !== 'object') return { algorithm: choice };
  return checkOptions(choice, ['algorithm', 'level', 'threshold']) as CompressionOptions;
}

function validLevel(name: CompressionAlgorithm, level: number): number {
  const [least, most] = ALGORITHMS[name].levels;
  if (Number.isInteger(level) && level >= least && level <= most) return level;
  throw invalidOption(
    `option 'compression.level' must be a whole number from ${least} to ${most} for '${name}'; given ${describe(level)}`,
  );
}

function validThreshold(threshold: number): number {
  if ((Number.isInteger(threshold) || threshold === Infinity) && threshold >= 0) return threshold;
  throw invalidOption(
    `option 'compression.threshold' must be a whole number of bytes from 0 up, or Infinity; given ${describe(threshold)}`,
  );
}

function invalidOption(message: string): InvalidArgumentError {
  return new InvalidArgumentError('ERR_DISKCACHE_OPTION', message);
}
