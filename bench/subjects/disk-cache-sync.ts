import { DiskCacheSync, type DiskCacheOptions } from '@diskcache/core';
import type { FullStore, Subject } from './subject.ts';

export const subject: Subject = {
  name: 'disk-cache-sync',
  about: 'DiskCacheSync, default options',
  isPersistent: true,
  computes: true,
  open: (directory) => openSync(directory),
  openFull(directory) {
    const sizeLimit = sizeOf(directory);
    return openSync(directory, { sizeLimit });
  },
};

function openSync(directory: string, options?: DiskCacheOptions): FullStore {
  const cache = new DiskCacheSync(directory, options);
  return {
    get: (key) => cache.get(key),
    getMany: (keys) => cache.getMany(keys),
    getOrSet: (key, compute) => cache.getOrSet(key, compute),
    set: (key, value) => cache.set(key, value),
    fill: (entries) => cache.setMany(entries),
    count: () => cache.count(),
    close: () => cache.close(),
  };
}

/** What a cache holds now, in bytes: with that as its limit it is full. */
export function sizeOf(directory: string): number {
  using cache = new DiskCacheSync(directory);
  return cache.size();
}
