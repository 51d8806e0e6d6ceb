import { ShardedDiskCache, type ShardedDiskCacheOptions, ShardedDiskCacheSync } from '@diskcache/core';
import { onTestFinished } from 'vitest';
import { asPromises, type CacheVerbs } from '../contract/verbs.ts';
import { folderInMemory } from './temporary-folder.ts';

/** A ShardedDiskCache in a folder of its own or in the given one, closed when the running test ends. */
export function openSharded(
  options?: ShardedDiskCacheOptions,
  directory = folderInMemory(),
): ShardedDiskCache {
  const cache = new ShardedDiskCache(directory, options);
  onTestFinished(() => cache.close());
  return cache;
}

/** The same of a ShardedDiskCacheSync. */
export function openShardedSync(
  options?: ShardedDiskCacheOptions,
  directory = folderInMemory(),
): ShardedDiskCacheSync {
  const cache = new ShardedDiskCacheSync(directory, options);
  onTestFinished(() => cache.close());
  return cache;
}

/** A sharded cache as what the contracts are about: the bodies of its transactions get another class with the same verbs. */
export function asVerbs(cache: ShardedDiskCache | ShardedDiskCacheSync): CacheVerbs {
  return (cache instanceof ShardedDiskCache ? cache : asPromises(cache as never)) as CacheVerbs;
}
