import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

const { directory, number, times } = given<{ directory: string; number: number; times: number }>();

say('ready');
await told('go');
for (let i = 0; i < times; i++) {
  const cache = new DiskCache(directory);
  await cache.set(`${number}:${i}`, i);
  await cache.close();
}
say('done');
process.disconnect();
