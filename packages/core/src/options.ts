import { type Clock, systemClock } from './clock.ts';
import type { SerializerChoice } from './codec/serializer.ts';
import { checkOptions, validTtl } from './entry-options.ts';
import { describe, InvalidArgumentError } from './errors.ts';
import type { EvictionPolicy } from './policy/policy.ts';

/** How a cache is opened. All options are tunables of this process: none is stored in the directory. */
export interface DiskCacheOptions {
  /**
   * Most bytes that entries may take on disk, as rows or as files. Entries are evicted before it is exceeded.
   *
   * @default 1 GiB
   */
  sizeLimit?: number | undefined;
  /** Most entries. @default Infinity */
  entryLimit?: number | undefined;
  /**
   * Which entries go when a limit is reached: least recently used, least frequently used (with old uses fading), first
   * in first out, or none, in which case a full cache refuses what is new.
   *
   * @default 'lru'
   */
  eviction?: EvictionPolicy | undefined;
  /** Lifetime in ms of entries that are set without ttl or expires. @default none: they stay until evicted */
  ttl?: number | undefined;
  /** Values of at least so many bytes are stored in files of their own. @default 64 KiB */
  fileThreshold?: number | undefined;
  /**
   * What writes values other than strings, numbers and bytes: 'auto' takes JSON where JSON gives back an equal value and
   * V8's structured clone where it would not; 'json' and 'v8' are only the one, and refuse what it would change.
   *
   * @default 'auto'
   */
  serializer?: SerializerChoice | undefined;
  /** Whether files get a CRC-32 that is compared at each read. Costs about 1 ms a 2 MB. @default false */
  checksum?: boolean | undefined;
  /** How long a write waits for other processes, in ms. @default 5000 */
  timeout?: number | undefined;
  /** Where the time comes from. @default the machine's clock */
  clock?: Clock | undefined;
  /** Random numbers from 0 to below 1, for sampling, file names and jitter. @default Math.random */
  random?: (() => number) | undefined;
}

/** The options as the rest of the code uses them: complete and, but for the serializer, known to be right. */
export interface Settings {
  readonly sizeLimit: number;
  readonly entryLimit: number;
  readonly eviction: EvictionPolicy;
  readonly ttlMs: number | undefined;
  readonly fileThreshold: number;
  readonly serializer: SerializerChoice;
  readonly checksum: boolean;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

const NAMES = [
  'sizeLimit',
  'entryLimit',
  'eviction',
  'ttl',
  'fileThreshold',
  'serializer',
  'checksum',
  'timeout',
  'clock',
  'random',
] as const satisfies readonly (keyof DiskCacheOptions)[];

const EVICTION_POLICIES = ['lru', 'lfu', 'fifo', 'none'] as const satisfies readonly EvictionPolicy[];

const GIB = 1024 ** 3;
const DEFAULT_FILE_THRESHOLD = 64 * 1024;

/**
 * Checks all options, once.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` or, for `ttl`, `ERR_DISKCACHE_TTL`
 */
export function resolveOptions(given: DiskCacheOptions | undefined): Settings {
  const options = checkOptions(given, NAMES);
  return Object.freeze({
    sizeLimit: bytes('sizeLimit', options.sizeLimit ?? GIB, 4096),
    entryLimit: atLeast('entryLimit', options.entryLimit ?? Infinity, 1),
    eviction: evictionPolicy(options.eviction ?? 'lru'),
    ttlMs: options.ttl === undefined ? undefined : validTtl(options.ttl),
    fileThreshold: bytes('fileThreshold', options.fileThreshold ?? DEFAULT_FILE_THRESHOLD, 1),
    serializer: options.serializer ?? 'auto',
    checksum: flag('checksum', options.checksum ?? false),
    timeoutMs: milliseconds('timeout', options.timeout ?? 5000),
    clock: clock(options.clock ?? systemClock),
    random: callable('random', options.random ?? Math.random),
  });
}

/**
 * The same path when it can be one.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function validDirectory(directory: unknown): string {
  if (typeof directory === 'string' && directory !== '') return directory;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `directory must be the path of a folder; given ${describe(directory)}`,
  );
}

function evictionPolicy(name: unknown): EvictionPolicy {
  const found = EVICTION_POLICIES.find((one) => one === name);
  if (found !== undefined) return found;
  throw invalid('eviction', `one of ${EVICTION_POLICIES.map((one) => `'${one}'`).join(', ')}`, name);
}

function bytes(name: string, given: unknown, least: number): number {
  return atLeast(name, given, least, 'bytes');
}

/** A whole number, or Infinity. */
function atLeast(name: string, given: unknown, least: number, unit = 'entries'): number {
  if (typeof given === 'number' && given >= least && (Number.isInteger(given) || given === Infinity))
    return given;
  throw invalid(name, `a whole number of ${unit} from ${least} up, or Infinity`, given);
}

function milliseconds(name: string, given: unknown): number {
  if (typeof given === 'number' && given >= 0 && given <= 0x7fff_ffff) return given;
  throw invalid(name, 'a number of milliseconds from 0 up', given);
}

function flag(name: string, given: unknown): boolean {
  if (typeof given === 'boolean') return given;
  throw invalid(name, 'true or false', given);
}

function callable(name: string, given: unknown): () => number {
  if (typeof given === 'function') return given as () => number;
  throw invalid(name, 'a function', given);
}

function clock(given: unknown): Clock {
  const { now, every } = (given ?? {}) as Partial<Clock>;
  if (typeof now === 'function' && typeof every === 'function') return given as Clock;
  throw invalid('clock', 'an object with now() and every()', given);
}

function invalid(name: string, allowed: string, given: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `option '${name}' must be ${allowed}; given ${describe(given)}`,
  );
}
