import type { DiskCacheOptions } from '@diskcache/core';
import { cacheVerbsSpec } from '../contract/cache-verbs.ts';
import { asPromises } from '../contract/verbs.ts';
import { openCache, openSync } from '../support/caches.ts';

const storages: [string, DiskCacheOptions][] = [
  ['values in rows', {}],
  ['values in files', { fileThreshold: 1, checksum: true }],
];

/** So slow that DiskCache leaves all of it to a thread. */
const compression = { algorithm: 'brotli', level: 10, threshold: 1 } as const;

for (const eviction of ['lru', 'lfu', 'fifo', 's3-fifo', 'none'] as const) {
  for (const [where, storage] of storages) specified(`${eviction}, ${where}`, { eviction, ...storage });
}
for (const [where, storage] of storages) specified(`${where}, compressed`, { compression, ...storage });

specified('on disk at once', { durability: 'full', fileThreshold: 100 });

function specified(setUp: string, set: DiskCacheOptions): void {
  cacheVerbsSpec(`DiskCache, ${setUp}`, (options, directory) => openCache({ ...set, ...options }, directory));
  cacheVerbsSpec(`DiskCacheSync, ${setUp}`, (options, directory) =>
    asPromises(openSync({ ...set, ...options }, directory)),
  );
}
