import type { DiskCacheOptions } from '@diskcache/core';
import { cacheVerbsSpec } from '../contract/cache-verbs.ts';
import { asPromises } from '../contract/verbs.ts';
import { openCache, openSync } from '../support/caches.ts';

const storages: [string, DiskCacheOptions][] = [
  ['values in rows', {}],
  ['values in files', { fileThreshold: 1, checksum: true }],
];

for (const eviction of ['lru', 'lfu', 'fifo', 's3-fifo', 'none'] as const) {
  for (const [where, storage] of storages) {
    const setUp = `${eviction}, ${where}`;
    cacheVerbsSpec(`DiskCache, ${setUp}`, (options, directory) =>
      openCache({ eviction, ...storage, ...options }, directory),
    );
    cacheVerbsSpec(`DiskCacheSync, ${setUp}`, (options, directory) =>
      asPromises(openSync({ eviction, ...storage, ...options }, directory)),
    );
  }
}
