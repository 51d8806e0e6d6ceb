import { type CacheStore, DiskCache, type DiskCacheOptions, InvalidArgumentError } from '@diskcache/core';
import { assertOption } from './misuse.ts';

/** Where a store keeps its entries: in a directory that it opens itself, or in a cache that is open already. */
export type CacheSource =
  | (DiskCacheOptions & {
      /** The folder of the cache; it is made where there is none. */
      directory: string;
      cache?: undefined;
    })
  | {
      /** An open cache to share, a DiskCache or a ShardedDiskCache. Whoever opened it closes it. */
      cache: CacheStore;
      directory?: undefined;
    };

/** A cache in use by a store. */
export interface OpenedCache {
  readonly cache: CacheStore;
  /** Closes the cache if it was opened for this store; a shared one stays open. */
  close(): Promise<void>;
}

/**
 * Opens the directory, or takes the cache that is open.
 *
 * @param onError gets what fails in the background of a cache that is opened here
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, and what DiskCache throws
 */
export function openCache(
  { cache, directory, ...options }: CacheSource,
  onError: (error: Error) => void,
): OpenedCache {
  if (cache === undefined) {
    assertOption(
      'directory',
      directory,
      typeof directory === 'string',
      "the path of a folder, or 'cache' an open DiskCache",
    );
    const opened = new DiskCache(directory, options);
    opened.on('error', onError);
    return { cache: opened, close: () => opened.close() };
  }
  const isCache = typeof (cache as Partial<CacheStore> | null)?.entry === 'function';
  assertOption('cache', cache, isCache, 'an open DiskCache');
  const [needless] = Object.keys(directory === undefined ? options : { directory });
  if (needless !== undefined) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `option '${needless}' opens a cache, and 'cache' is one that is open: give one or the other`,
    );
  }
  return { cache, close: () => Promise.resolve() };
}
