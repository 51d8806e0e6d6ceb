/**
 * The stable codes of all errors of DiskCache, in `error.code`. Down to ERR_DISKCACHE_VALUE, and for
 * ERR_DISKCACHE_TRANSACTION, the error is an InvalidArgumentError, else a DiskCacheError.
 */
export type DiskCacheErrorCode =
  /** An option of the constructor or of a verb is unknown or has a wrong value, or an argument is of a wrong kind. */
  | 'ERR_DISKCACHE_OPTION'
  /** A key is not a well-formed string, a finite number or a Uint8Array. */
  | 'ERR_DISKCACHE_KEY'
  /** A `ttl`, `expires`, `maxAge`, `maxIdle` or the `lease` of pull() is no usable number of ms, or ttl and expires are both given. */
  | 'ERR_DISKCACHE_TTL'
  /** A tag is not a well-formed, non-empty string. */
  | 'ERR_DISKCACHE_TAG'
  /** A value would not come back as it was put, or cannot be stored or streamed at all. */
  | 'ERR_DISKCACHE_VALUE'
  /** incr() or decr() met an entry that is no number, or a result that would not be exact; the sum of an Averager is too large. */
  | 'ERR_DISKCACHE_NUMBER'
  /** The body of a transaction is no function, or returned a promise. */
  | 'ERR_DISKCACHE_TRANSACTION'
  /** A value cannot fit into `sizeLimit`, whatever is evicted. */
  | 'ERR_DISKCACHE_TOO_LARGE'
  /** There is no room: `eviction: 'none'` forbids making it, or values that are being written take it for too long. */
  | 'ERR_DISKCACHE_FULL'
  /** The disk is full, and what could be evicted or given up was not enough. */
  | 'ERR_DISKCACHE_DISK_FULL'
  /** Another process held the write lock, or getOrSet() was computing, for longer than `timeout`. */
  | 'ERR_DISKCACHE_TIMEOUT'
  /** The cache was opened with `readOnly`, and a verb that changes it was called. */
  | 'ERR_DISKCACHE_READ_ONLY'
  /** There is no cache where one was to be opened with `readOnly`. */
  | 'ERR_DISKCACHE_NOT_FOUND'
  /** The folder is on a file system that other machines can share, which `allowNetworkFileSystem` would have to allow. */
  | 'ERR_DISKCACHE_NETWORK_FS'
  /** A value could not be computed, and no call is there to reject with the reason, which is in `error.cause`. */
  | 'ERR_DISKCACHE_COMPUTE'
  /** A value could not be computed lately, and `errorTtl` keeps the failure, which is told in `error.cause`. */
  | 'ERR_DISKCACHE_KEPT_FAILURE'
  /** A verb was called after close(), or what getOrSet() computed in the background was aborted by it. */
  | 'ERR_DISKCACHE_CLOSED'
  /** A lock or a place in a semaphore was released or asserted by who does not hold it, or not any more. */
  | 'ERR_DISKCACHE_NOT_HELD'
  /** `after` in the order of insertion is not in the cache, so that its place is not known. */
  | 'ERR_DISKCACHE_ABSENT'
  /** The folder is that of a ShardedDiskCache where a DiskCache was to be opened, or the other way round, or it has another number of shards. */
  | 'ERR_DISKCACHE_SHARDS'
  /** cache.db is not a DiskCache, or was written by a newer version. */
  | 'ERR_DISKCACHE_FORMAT'
  /** cache.db is damaged, and `onCorrupt: 'throw'` forbids to start anew. */
  | 'ERR_DISKCACHE_CORRUPT'
  /** An entry was written by a serializer or compression that this cache does not have, or is damaged; see SerializerError. */
  | 'ERR_DISKCACHE_SERIALIZER'
  /** The operating system or SQLite failed; the reason is in `error.cause`. */
  | 'ERR_DISKCACHE_STORAGE';

/**
 * What was passed in is wrong: the message names it, what was given, and what is allowed. Nothing has changed.
 *
 * @example
 * ```ts
 * import { InvalidArgumentError } from '@diskcache/core';
 *
 * const error: unknown = await cache.set('a', 1, { ttl: -1 }).catch((reason) => reason);
 * if (error instanceof InvalidArgumentError) console.log(error.code); // ERR_DISKCACHE_TTL
 * ```
 */
export class InvalidArgumentError extends TypeError {
  readonly code: DiskCacheErrorCode;

  constructor(code: DiskCacheErrorCode, message: string) {
    super(message);
    this.name = 'InvalidArgumentError';
    this.code = code;
  }
}

/** The call was right but could not be carried out; `code` says why, `cause` holds the system's own error. */
export class DiskCacheError extends Error {
  readonly code: DiskCacheErrorCode;

  constructor(code: DiskCacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DiskCacheError';
    this.code = code;
  }
}

/** The write lock was not free, or a value not computed, within `timeout` ms; `message` says which. */
export class TimeoutError extends DiskCacheError {
  constructor(timeoutMs: number, what = 'the write lock was held by others') {
    super('ERR_DISKCACHE_TIMEOUT', `${what} for longer than the timeout of ${timeoutMs} ms`);
    this.name = 'TimeoutError';
  }
}

/**
 * One entry cannot be read: by its `serializer`, which this cache does not have or which failed, or because its bytes are
 * damaged. No other entry is concerned, and all that need not read this one (has(), set(), delete(), …) goes on working.
 */
export class SerializerError extends DiskCacheError {
  /** Whose entry it is. */
  readonly key: string | number | Uint8Array;
  /** What the entry was written by: the id of a serializer, or the name of a compression. */
  readonly serializer: string;

  constructor(key: string | number | Uint8Array, serializer: string, what: string, options?: ErrorOptions) {
    super('ERR_DISKCACHE_SERIALIZER', `the entry ${describeKey(key)} ${what}`, options);
    this.name = 'SerializerError';
    this.key = key;
    this.serializer = serializer;
  }
}

/** A key in an error message: bytes as hexadecimal digits. */
export function describeKey(key: string | number | Uint8Array): string {
  return typeof key === 'object' ? `<${Buffer.from(key.subarray(0, 20)).toString('hex')}>` : describe(key);
}

/** One given value in an error message: short, and never the value's own code. */
export function describe(given: unknown): string {
  if (typeof given === 'string')
    return JSON.stringify(given.length > 60 ? `${given.slice(0, 57)}...` : given);
  if (typeof given === 'bigint') return `${given}n`;
  if (given === null || typeof given !== 'object')
    return typeof given === 'function' ? 'a function' : String(given);
  if (Array.isArray(given)) return 'an array';
  const name: unknown = Object.getPrototypeOf(given)?.constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `an instance of ${name}`
    : 'an object';
}
