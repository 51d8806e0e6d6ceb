import { DiskCache, type DiskCacheOptions, DiskCacheSync } from '@diskcache/core';
import { onTestFinished } from 'vitest';
import { folderInMemory } from './temporary-folder.ts';

/** A DiskCache in a folder of its own or in the given one, closed when the running test ends. */
export function openCache(options?: DiskCacheOptions, directory = folderInMemory()): DiskCache {
  const cache = new DiskCache(directory, options);
  onTestFinished(() => cache.close());
  return cache;
}

/** The same of a DiskCacheSync. */
export function openSync(options?: DiskCacheOptions, directory = folderInMemory()): DiskCacheSync {
  const cache = new DiskCacheSync(directory, options);
  onTestFinished(() => cache.close());
  return cache;
}

export async function listed<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of all) list.push(one);
  return list;
}
