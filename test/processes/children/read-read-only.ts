import { DiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';

const { directory, key } = given<{ directory: string; key: string }>();

const cache = new DiskCache(directory, { readOnly: true });
say('read', await cache.get(key));
await cache.close();
process.disconnect();
