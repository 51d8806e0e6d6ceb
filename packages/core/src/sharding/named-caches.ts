import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InTurn } from '../calls/in-turn.ts';
import { DiskCache } from '../disk-cache.ts';
import { Engine } from '../engine/engine.ts';
import { checkOptions } from '../entry/entry-options.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import { type DiskCacheOptions, DISK_CACHE_OPTIONS, resolveOptions } from '../options.ts';

const LONGEST_READABLE = 40;

interface Named {
  readonly engine: Engine;
  readonly cache: DiskCache;
  readonly options: DiskCacheOptions;
}

/** The caches that are kept in a sharded one, each by its name in a folder of its own, beside the shards. */
export class NamedCaches {
  readonly #directory: string;
  readonly #usual: DiskCacheOptions;
  /** By their folders. */
  readonly #opened = new Map<string, Named>();

  /** @param usual the options of those that are opened without */
  constructor(directory: string, usual: DiskCacheOptions) {
    this.#directory = directory;
    this.#usual = usual;
  }

  /**
   * The cache of a name: the one that is open, or it is opened.
   *
   * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` when the name is wrong, or an option, or it is open with another
   */
  open(name: string, options: DiskCacheOptions | undefined): DiskCache {
    const folder = namedFolder(this.#directory, name);
    const own = checkOptions(options, DISK_CACHE_OPTIONS);
    const known = this.#opened.get(folder);
    if (known?.engine.acceptsCalls === true) {
      refuseOthers(name, known.options, own);
      return known.cache;
    }
    const all = withOwn(this.#usual, own);
    const engine = new Engine(folder, all);
    const cache = new DiskCache(engine, new InTurn(engine));
    this.#opened.set(folder, { engine, cache, options: all });
    return cache;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#opened.values(), ({ cache }) => cache.close()));
  }

  closeSync(): void {
    for (const { engine } of this.#opened.values()) engine.closeSync();
  }
}

/** The folders of all that there are. */
export function namedFolders(directory: string): string[] {
  const parent = cachesFolder(directory);
  try {
    return readdirSync(parent).map((name) => join(parent, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The folder that they are in. */
export function cachesFolder(directory: string): string {
  return join(directory, 'caches');
}

/**
 * The folder of one. A name is no path: what is readable of it is only for people, and the hash keeps apart what some file
 * systems would not.
 */
function namedFolder(directory: string, name: unknown): string {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `the name of a cache must be a well-formed, non-empty string; given ${describe(name)}`,
    );
  }
  const readable = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, LONGEST_READABLE);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  // No dot: before one, some names are those of devices on Windows.
  return join(cachesFolder(directory), `${readable}-${hash}`);
}

/** Where undefined stands for what is left out. */
function withOwn(usual: DiskCacheOptions, own: DiskCacheOptions): DiskCacheOptions {
  return { ...usual, ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) };
}

function refuseOthers(name: string, known: DiskCacheOptions, own: DiskCacheOptions): void {
  const settings = resolveOptions(known);
  for (const option of DISK_CACHE_OPTIONS) {
    const other = resolveOptions(withOwn(known, { [option]: own[option] }));
    if (isDeepStrictEqual(settings, other)) continue;
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `option '${option}' of cache ${JSON.stringify(name)} must be as it is open already (${describe(known[option])}), or be ` +
        `left out; given ${describe(own[option])}`,
    );
  }
}
