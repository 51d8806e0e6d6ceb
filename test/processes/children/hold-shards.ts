import { ShardedDiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';

/** Takes the locks of all shards and never gives them back. */
const cache = new ShardedDiskCache(given<{ directory: string }>().directory);
await cache.transact((tx) => {
  tx.set('never committed', 1);
  say('holding');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
