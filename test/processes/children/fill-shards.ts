import { ShardedDiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

/** Makes a cache together with others, and fills it. */
const { directory, number, count } = given<{ directory: string; number: number; count: number }>();

say('ready');
await told('go');
const cache = new ShardedDiskCache(directory);
for (let i = 0; i < count; i++) await cache.set(`${number}:${i}`, i);
say('done', cache.shards);
await cache.close();
process.disconnect();
