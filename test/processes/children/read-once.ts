import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

const { directory } = given<{ directory: string }>();

say('ready');
await told('go');
const cache = new DiskCache(directory);
say('read', await cache.get('always'));
await cache.close();
process.disconnect();
