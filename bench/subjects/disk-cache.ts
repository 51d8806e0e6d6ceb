import { DiskCache, type DiskCacheOptions } from '@diskcache/core';
import { sizeOf } from './disk-cache-sync.ts';
import type { FullStore, Subject } from './subject.ts';

export const subject: Subject = {
  name: 'disk-cache',
  about: 'DiskCache, default options',
  isPersistent: true,
  computes: true,
  open: (directory) => openAsync(directory),
  openFull(directory) {
    const sizeLimit = sizeOf(directory);
    return openAsync(directory, { sizeLimit });
  },
};

function openAsync(directory: string, options?: DiskCacheOptions): FullStore {
  const cache = new DiskCache(directory, options);
  return {
    get: (key) => cache.get(key),
    getMany: (keys) => cache.getMany(keys),
    getOrSet: (key, compute) => cache.getOrSet(key, compute),
    set: (key, value) => cache.set(key, value),
    fill: (entries) => cache.transact((tx) => tx.setMany(entries)),
    count: () => cache.count(),
    close: () => cache.close(),
  };
}
