import { ShardedDiskCache, type ShardedDiskCacheOptions, ShardedDiskCacheSync } from '@diskcache/core';
import { onTestFinished } from 'vitest';
import { asPromises, type CacheVerbs } from '../contract/verbs.ts';
import { totalsAtOnce } from './shards-on-disk.ts';
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

/** Of some entries the key of one in each of these shards, which are set to 1 for that. */
export async function keysOfShards<Places extends readonly number[]>(
  cache: ShardedDiskCache,
  keys: readonly string[],
  ...shards: Places
): Promise<{ [place in keyof Places]: string }> {
  const counts = (): number[] => totalsAtOnce(cache.directory).map(({ count }) => count);
  const found = new Map<number, string>();
  for (const key of keys) {
    const before = counts();
    await cache.delete(key);
    found.set(
      counts().findIndex((count, shard) => count < (before[shard] as number)),
      key,
    );
  }
  await cache.setMany(keys.map((key) => [key, 1] as const));
  return shards.map((shard) => found.get(shard)) as { [place in keyof Places]: string };
}

/** A sharded cache as what the contracts are about: the bodies of its transactions get another class with the same verbs. */
export function asVerbs(cache: ShardedDiskCache | ShardedDiskCacheSync): CacheVerbs {
  return (cache instanceof ShardedDiskCache ? cache : asPromises(cache as never)) as CacheVerbs;
}
