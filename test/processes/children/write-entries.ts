import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';
import { wholeValue } from '../../support/whole-value.ts';

const { directory, number, count } = given<{ directory: string; number: number; count: number }>();

say('ready');
await told('go');
const cache = new DiskCache(directory, { fileThreshold: 4096 });
for (let i = 0; i < count; i++) {
  await cache.set(`${number}:${i}`, wholeValue(`${number}:${i}`, i % 10 === 0 ? 5000 : 100));
}
say('done');
await cache.close();
process.disconnect();
