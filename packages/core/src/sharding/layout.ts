import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../clock.ts';
import { describe, DiskCacheError, InvalidArgumentError, TimeoutError } from '../errors.ts';
import { refuseShard, SHARDS_FILE } from '../storage/directory.ts';
import { syncFolderSync } from '../storage/files/folder-sync.ts';
import { PathLock } from '../storage/rows/path-lock.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import { MOST_PARTS } from '../upkeep/shared-limits.ts';

/** How the folder of a sharded cache is laid out. */
export interface Layout {
  readonly shards: number;
  /** How often it was laid out anew: the folders of the shards are named by it. */
  readonly generation: number;
}

/** A folder whose layout stays as it is until it is let go. */
export interface HeldLayout extends Layout {
  letGo(): void;
}

export interface LayoutTerms {
  readonly timeoutMs: number;
  readonly readOnly: boolean;
}

/** Of what is written in the file, and of how keys are spread. */
const VERSION = 1;
const USUAL_SHARDS = 8;
/** So often in a row it is tried again when another process has removed what was just there. */
const ATTEMPTS = 100;
const LOOK_EVERY_MS = 50;

/** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` */
export function validShards(shards: unknown): number {
  if (Number.isInteger(shards) && (shards as number) >= 1 && (shards as number) <= MOST_PARTS)
    return shards as number;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `option 'shards' must be a whole number from 1 to ${MOST_PARTS}; given ${describe(shards)}`,
  );
}

/** The folder of one shard. */
export function shardFolder(directory: string, { generation }: Layout, shard: number): string {
  return join(directory, generation === 0 ? String(shard) : `${generation}-${shard}`);
}

/**
 * Finds out how a folder is laid out, which then stays so, or lays it out if it is not. Any number of processes may do this
 * at once. The folder has to be there, unless it is only to be read.
 *
 * @param shards how many there are to be; undefined for as many as there are
 * @param prepare makes the shards of a new layout, before anybody hears of it
 * @throws DiskCacheError `ERR_DISKCACHE_SHARDS` when there are as many as that already but not so many, or the folder is a
 *   DiskCache's; `ERR_DISKCACHE_TIMEOUT` when somebody else is at it, `ERR_DISKCACHE_NOT_FOUND`, `ERR_DISKCACHE_FORMAT`, `ERR_DISKCACHE_CORRUPT`, `ERR_DISKCACHE_STORAGE`
 */
export function holdLayout(
  directory: string,
  shards: number | undefined,
  terms: LayoutTerms,
  prepare: (layout: Layout) => void,
): HeldLayout {
  try {
    for (let attempt = 1; ; attempt++) {
      layOut(directory, shards, terms, prepare);
      const letGo = layoutLock(directory, terms).hold();
      try {
        const layout = readLayout(directory);
        if (layout === undefined && (terms.readOnly || attempt === ATTEMPTS)) throw notThere(directory);
        if (layout !== undefined) {
          if (shards === undefined || shards === layout.shards) return { ...layout, letGo };
          throw otherCount(directory, layout.shards, shards);
        }
      } catch (error) {
        letGo();
        throw error;
      }
      // Another process has just removed it.
      letGo();
    }
  } catch (error) {
    if (error instanceof TimeoutError) throw beingLaidOut(directory, terms.timeoutMs);
    throw storageError(error, `cannot open the shards in ${directory}`);
  }
}

/** How the folder is laid out; undefined where it is not that of a sharded cache. */
export function readLayout(directory: string): Layout | undefined {
  const path = join(directory, SHARDS_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { version, shards, generation } = parsed(text);
  if (typeof version === 'number' && version > VERSION) {
    throw new DiskCacheError(
      'ERR_DISKCACHE_FORMAT',
      `${path} has version ${version}; this DiskCache reads version ${VERSION}`,
    );
  }
  if (version === VERSION && isCount(shards, 1) && shards <= MOST_PARTS && isCount(generation, 0))
    return { shards, generation };
  throw new DiskCacheError(
    'ERR_DISKCACHE_CORRUPT',
    `${path} does not tell how many shards there are. Write {"version":${VERSION},"shards":N,"generation":G} into it, where ` +
      `the folders of N shards are named 0 to N - 1 (then G is 0) or G-0 to G-(N - 1)`,
  );
}

/** Says how the folder is laid out, in one step. Nobody else may do so meanwhile, see layoutLock(). */
export function writeLayout(directory: string, { shards, generation }: Layout): void {
  const path = join(directory, SHARDS_FILE);
  const file = openSync(`${path}.tmp`, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ version: VERSION, shards, generation })}\n`);
    // Or a power cut could leave an empty file in the place of one that was not, and so a cache that cannot be opened.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.tmp`, path);
  syncFolderSync(directory);
}

/** Is held by all that have the cache open, and taken alone by who lays it out. */
export function layoutLock(directory: string, { timeoutMs, readOnly }: LayoutTerms): PathLock {
  return new PathLock(join(directory, SHARDS_FILE), timeoutMs, { readOnly });
}

function layOut(
  directory: string,
  shards = USUAL_SHARDS,
  terms: LayoutTerms,
  prepare: (layout: Layout) => void,
): void {
  const isLaidOut = () => existsSync(join(directory, SHARDS_FILE));
  if (isLaidOut()) return;
  refuseShard(directory);
  if (existsSync(join(directory, 'cache.db'))) {
    throw new DiskCacheError(
      'ERR_DISKCACHE_SHARDS',
      `the cache in ${directory} is not sharded: open it with DiskCache, or make a ShardedDiskCache in another folder`,
    );
  }
  if (terms.readOnly) throw notThere(directory);
  const work = () => {
    if (isLaidOut()) return;
    const layout = { shards, generation: 0 };
    prepare(layout);
    writeLayout(directory, layout);
  };
  // Who has done it meanwhile keeps the lock, together with others.
  const lock = layoutLock(directory, { ...terms, timeoutMs: Math.min(terms.timeoutMs, LOOK_EVERY_MS) });
  for (const end = monotonicMs() + terms.timeoutMs; !isLaidOut();) {
    try {
      lock.alone(work);
    } catch (error) {
      if (!(error instanceof TimeoutError) || monotonicMs() > end) throw error;
    }
  }
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function parsed(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function beingLaidOut(directory: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(
    timeoutMs,
    `the shards in ${directory} were just being made, or changed by reshard(),`,
  );
}

function notThere(directory: string): DiskCacheError {
  return new DiskCacheError('ERR_DISKCACHE_NOT_FOUND', `there is no sharded cache in ${directory}`);
}

function otherCount(directory: string, are: number, asked: number): DiskCacheError {
  return new DiskCacheError(
    'ERR_DISKCACHE_SHARDS',
    `the cache in ${directory} has ${are} shards, and not ${asked}: leave option 'shards' out to open it as it is, or ` +
      `change their number by ShardedDiskCache.reshard(directory, ${asked}) while nobody has it open`,
  );
}
