import type { ShardedDiskCacheOptions } from '@diskcache/core';
import { cacheVerbsSpec } from '../../contract/cache-verbs.ts';
import { asVerbs, openSharded, openShardedSync } from '../../support/sharded.ts';

specified('values in rows', {});
specified('3 shards, values in files, lfu', { shards: 3, fileThreshold: 1, checksum: true, eviction: 'lfu' });
specified('2 shards, on disk at once, fifo', {
  shards: 2,
  eviction: 'fifo',
  durability: 'full',
  fileThreshold: 100,
});

function specified(setUp: string, set: ShardedDiskCacheOptions): void {
  cacheVerbsSpec(`ShardedDiskCache, ${setUp}`, (options, directory) =>
    asVerbs(openSharded({ ...set, ...options }, directory)),
  );
  cacheVerbsSpec(`ShardedDiskCacheSync, ${setUp}`, (options, directory) =>
    asVerbs(openShardedSync({ ...set, ...options }, directory)),
  );
}
