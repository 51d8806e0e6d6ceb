import { type Clock, systemClock } from './clock.ts';
import type { CompressionChoice } from './codec/compression.ts';
import type { Serializer, SerializerChoice } from './codec/serializer.ts';
import { checkOptions, validTtl } from './entry/entry-options.ts';
import { describe, InvalidArgumentError } from './errors.ts';
import type { EvictionPolicy } from './policy/policy.ts';

/** What a write outlives: a crash of the process ('normal'), or a power cut too ('full'), see DiskCacheOptions. */
export type Durability = 'normal' | 'full';

/**
 * How a cache is opened. Sizes are bytes, times ms. All options are this process's own: none is stored in the directory, and
 * processes that share a cache may differ. Each is checked at the door: a wrong value, or another name, is an
 * InvalidArgumentError `ERR_DISKCACHE_OPTION`.
 *
 * @example
 * ```ts
 * import { DiskCache, type DiskCacheOptions } from '@diskcache/core';
 *
 * const options: DiskCacheOptions = { sizeLimit: 500_000_000, eviction: 'lfu', ttl: 3_600_000 };
 * await using cache = new DiskCache('./cache', options);
 * await cache.set('page', '<h1>Hello</h1>');
 * console.log((await cache.entry('page'))?.expires === undefined); // false
 * ```
 */
export interface DiskCacheOptions {
  /**
   * Most bytes that entries may take on disk, as rows or as files, from 4096 up. Entries are evicted before it is exceeded.
   * The folder, with the write-ahead log, may be a tenth and 16 MiB larger.
   *
   * @default 1 GiB
   */
  sizeLimit?: number | undefined;
  /** Most entries, from 1 up; expired ones count until they are removed. @default Infinity */
  entryLimit?: number | undefined;
  /**
   * Which entries go when a limit is reached: least recently used, least frequently used (with old uses fading), first
   * in first out, those that were not used again after they came ('s3-fifo', which a scan of many keys does not sweep
   * out), or none, in which case a full cache refuses what is new. (A value in a file needs room beside the one that it
   * replaces, since that goes last.) An existing cache can be opened with another policy than before: it goes on by what is
   * recorded of its entries, which under 'fifo' and 'none' leaves out reads.
   *
   * @default 'lru'
   */
  eviction?: EvictionPolicy | undefined;
  /** Lifetime in ms of entries that are set without ttl or expires. @default none: they stay until evicted */
  ttl?: number | undefined;
  /**
   * Entries that are not read for so long, in ms, expire: each use moves the time at which they do, but never beyond
   * their ttl. Other processes hear of a use up to a quarter of this later. @default none
   */
  maxIdle?: number | undefined;
  /** Values of at least so many bytes, as they are stored, get files of their own. From 1 up. @default 64 KiB */
  fileThreshold?: number | undefined;
  /**
   * Most bytes of small entries that this process also keeps in memory. They are given out only as long as no other
   * process has written to the cache. 0 keeps none.
   *
   * @default 32 MiB
   */
  memoryLimit?: number | undefined;
  /**
   * What writes values other than strings, numbers and bytes: 'auto' takes JSON where JSON gives back an equal value and
   * V8's structured clone where it would not; 'json' and 'v8' are only the one, and refuse what it would change.
   *
   * @default 'auto'
   */
  serializer?: SerializerChoice | undefined;
  /**
   * Further serializers of one's own that entries can be read by. Each entry names what wrote it, so that a cache can
   * move from one to another: what was written by the old one is read by it.
   *
   * @default none; 'json' and 'v8' can always be read
   */
  serializers?: readonly Serializer[] | undefined;
  /**
   * Makes strings, bytes and serialized values of 1024 bytes and more smaller before they are stored, where that saves a
   * tenth at least. Each entry names how it was compressed and is read by that, whatever is chosen here. 'zstd' needs
   * Node.js 22.15.
   *
   * @default none
   */
  compression?: CompressionChoice | undefined;
  /**
   * Whether files get a CRC-32 that is compared at each read of the whole. Costs about 1 ms a 2 MB. Values in rows get none.
   *
   * @default false
   */
  checksum?: boolean | undefined;
  /**
   * What a call that has returned, or whose promise has resolved, outlives: 'normal' a crash of the process; a power cut
   * may cost the last writes, never the cache's consistency. 'full' a power cut, too: it waits until its file and its
   * transaction are on disk, which takes as long as the disk takes to sync; DiskCache waits off the event loop, and calls
   * that come together wait once.
   *
   * @default 'normal'
   */
  durability?: Durability | undefined;
  /** How long a write waits for other processes, in ms, before it fails with a TimeoutError. @default 5000 */
  timeout?: number | undefined;
  /**
   * Whether nothing is to be written, also not by opening: verbs that change something fail with
   * `ERR_DISKCACHE_READ_ONLY`, reads are not noted as uses, nothing expired is removed. What other processes write is seen. A
   * cache that is not there is an `ERR_DISKCACHE_NOT_FOUND`, and a damaged one an error whatever `onCorrupt` says. As long
   * as no other process has the cache open, SQLite puts two files beside cache.db, which go with close(); where it cannot,
   * as on a file system that is mounted to be read only, cache.db is copied to a temporary folder, and again, within a
   * second, when it has changed.
   *
   * @default false
   */
  readOnly?: boolean | undefined;
  /**
   * What happens when cache.db is damaged, or is not the database of a DiskCache, be it when the cache is opened or later:
   * 'recreate' moves it aside, to a name in the same folder that starts with its own, and starts an empty cache with a
   * 'recreate' event; 'throw' fails with `ERR_DISKCACHE_CORRUPT` or `ERR_DISKCACHE_FORMAT`. One that a newer version has
   * made is always an `ERR_DISKCACHE_FORMAT`, and stays.
   *
   * @default 'recreate'
   */
  onCorrupt?: 'recreate' | 'throw' | undefined;
  /**
   * Whether the folder may be on a network file system, as far as it is known to be one: NFS, SMB, Ceph and the like, which
   * are refused with `ERR_DISKCACHE_NETWORK_FS` otherwise. Two machines that use one cache damage it; one alone, with no
   * other that has the cache open, may get along.
   *
   * @default false
   */
  allowNetworkFileSystem?: boolean | undefined;
  /** Where the time comes from. @default the machine's clock */
  clock?: Clock | undefined;
  /** Random numbers from 0 to below 1, for drawing victims, early recomputation and jitter. @default Math.random */
  random?: (() => number) | undefined;
}

/** The options as the rest of the code uses them: complete and, but for those of the codec, known to be right. */
export interface Settings {
  readonly sizeLimit: number;
  readonly entryLimit: number;
  readonly eviction: EvictionPolicy;
  readonly ttlMs: number | undefined;
  readonly maxIdleMs: number | undefined;
  readonly fileThreshold: number;
  readonly memoryLimit: number;
  readonly serializer: SerializerChoice;
  readonly serializers: readonly Serializer[];
  readonly compression: CompressionChoice | undefined;
  readonly checksum: boolean;
  readonly durability: Durability;
  readonly timeoutMs: number;
  readonly readOnly: boolean;
  readonly onCorrupt: 'recreate' | 'throw';
  readonly allowNetworkFileSystem: boolean;
  readonly clock: Clock;
  readonly random: () => number;
}

/** The names of DiskCacheOptions, for those who hand them on among their own. */
export const DISK_CACHE_OPTIONS = [
  'sizeLimit',
  'entryLimit',
  'eviction',
  'ttl',
  'maxIdle',
  'fileThreshold',
  'memoryLimit',
  'serializer',
  'serializers',
  'compression',
  'checksum',
  'durability',
  'timeout',
  'readOnly',
  'onCorrupt',
  'allowNetworkFileSystem',
  'clock',
  'random',
] as const satisfies readonly (keyof DiskCacheOptions)[];

const EVICTION_POLICIES = [
  'lru',
  'lfu',
  'fifo',
  's3-fifo',
  'none',
] as const satisfies readonly EvictionPolicy[];

const ON_CORRUPT = ['recreate', 'throw'] as const;

const GIB = 1024 ** 3;
const DEFAULT_FILE_THRESHOLD = 64 * 1024;
const DEFAULT_MEMORY_LIMIT = 32 * 1024 * 1024;
const LONGEST_TIMER_MS = 0x7fff_ffff;

/**
 * Checks all options, once.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` or, for `ttl`, `ERR_DISKCACHE_TTL`
 */
export function resolveOptions(given: DiskCacheOptions | undefined): Settings {
  // Defaults stand for undefined only: null is a wrong value like any other.
  const {
    sizeLimit = GIB,
    entryLimit = Infinity,
    eviction = 'lru',
    ttl,
    maxIdle,
    fileThreshold = DEFAULT_FILE_THRESHOLD,
    memoryLimit = DEFAULT_MEMORY_LIMIT,
    serializer = 'auto',
    serializers = [],
    compression,
    checksum = false,
    durability = 'normal',
    timeout = 5000,
    readOnly = false,
    onCorrupt = 'recreate',
    allowNetworkFileSystem = false,
    clock = systemClock,
    random = Math.random,
  } = checkOptions(given, DISK_CACHE_OPTIONS);
  return Object.freeze({
    sizeLimit: wholeNumber('sizeLimit', sizeLimit, 4096, 'bytes'),
    entryLimit: wholeNumber('entryLimit', entryLimit, 1, 'entries'),
    eviction: oneOf('eviction', eviction, EVICTION_POLICIES),
    ttlMs: ttl === undefined ? undefined : validTtl(ttl),
    maxIdleMs: maxIdle === undefined ? undefined : validTtl(maxIdle, 'maxIdle'),
    fileThreshold: wholeNumber('fileThreshold', fileThreshold, 1, 'bytes'),
    memoryLimit: wholeNumber('memoryLimit', memoryLimit, 0, 'bytes'),
    serializer,
    serializers,
    compression,
    checksum: trueOrFalse('checksum', checksum),
    durability: oneOf('durability', durability, ['normal', 'full'] as const),
    timeoutMs: validTimeout(timeout),
    readOnly: trueOrFalse('readOnly', readOnly),
    onCorrupt: oneOf('onCorrupt', onCorrupt, ON_CORRUPT),
    allowNetworkFileSystem: trueOrFalse('allowNetworkFileSystem', allowNetworkFileSystem),
    clock: validClock(clock),
    random: valid('random', random, typeof random === 'function', 'a function'),
  });
}

/**
 * The same path when it can be one.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function validDirectory(directory: unknown): string {
  if (typeof directory === 'string' && directory !== '' && !directory.includes('\0')) return directory;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `directory must be the path of a folder, a string without NUL; given ${describe(directory)}`,
  );
}

function oneOf<T>(name: string, given: T, allowed: readonly T[]): T {
  const isRight = allowed.includes(given);
  return valid(name, given, isRight, `one of ${allowed.map((one) => `'${String(one)}'`).join(', ')}`);
}

function trueOrFalse(name: string, given: boolean): boolean {
  return valid(name, given, typeof given === 'boolean', 'true or false');
}

/** Or Infinity. */
function wholeNumber(name: string, given: number, least: number, unit: string): number {
  const isWhole = Number.isInteger(given) || given === Infinity;
  const isRight = isWhole && given >= least;
  return valid(name, given, isRight, `a whole number of ${unit} from ${least} up, or Infinity`);
}

function validTimeout(given: number): number {
  const isRight = typeof given === 'number' && given >= 0 && given <= LONGEST_TIMER_MS;
  return valid('timeout', given, isRight, `a number of milliseconds from 0 to ${LONGEST_TIMER_MS}`);
}

function validClock(given: Clock): Clock {
  const isRight = typeof given?.now === 'function' && typeof given.every === 'function';
  return valid('clock', given, isRight, 'an object with now() and every()');
}

function valid<T>(name: string, given: T, isRight: boolean, allowed: string): T {
  if (isRight) return given;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `option '${name}' must be ${allowed}; given ${describe(given)}`,
  );
}
