import { DiskCache, DiskCacheSync } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

/** Makes two temporary caches and closes neither. */
const { ending } = given<{ ending: 'exit' | 'end' | 'throw' | 'stay' }>();

const cache = new DiskCache(undefined, { fileThreshold: 100 });
const sync = new DiskCacheSync();
await cache.set('file', 'x'.repeat(1000));
sync.set('key', 'value');
say('directories', [cache.directory, sync.directory]);
await told('go');
if (ending === 'throw') throw new Error('of the process');
if (ending === 'exit') process.exit(3);
if (ending === 'end') process.disconnect();
