import type { ShardedDiskCacheOptions } from '@diskcache/core';
import { cacheVerbsSpec } from '../../contract/cache-verbs.ts';
import { asVerbs, openSharded, openShardedSync } from '../../support/sharded.ts';

specified('values in rows', {});
specified('values in files', { fileThreshold: 1, checksum: true });
specified('3 shards, lfu', { shards: 3, eviction: 'lfu' });
specified('1 shard', { shards: 1 });
specified('fifo, on disk at once', { eviction: 'fifo', durability: 'full', fileThreshold: 100 });

function specified(setUp: string, set: ShardedDiskCacheOptions): void {
  cacheVerbsSpec(`ShardedDiskCache, ${setUp}`, (options, directory) =>
    asVerbs(openSharded({ ...set, ...options }, directory)),
  );
  cacheVerbsSpec(`ShardedDiskCacheSync, ${setUp}`, (options, directory) =>
    asVerbs(openShardedSync({ ...set, ...options }, directory)),
  );
}
