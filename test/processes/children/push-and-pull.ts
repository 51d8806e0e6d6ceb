import { DiskCache } from '@diskcache/core';
import { given, say, sayLast, told } from '../../support/parent.ts';

const { directory, number, items } = given<{ directory: string; number: number; items: number }>();
const cache = new DiskCache(directory, { fileThreshold: 100 });

say('ready');
await told('start');
const pulled: unknown[] = [];
for (let item = 0; item < items; item++) {
  await cache.push('jobs', { from: [number, item], padding: 'x'.repeat(item % 3 === 0 ? 200 : 1) });
  // As many are taken as were put in, by whomever.
  const one = await cache.pull<{ from: unknown }>('jobs');
  if (one !== undefined) pulled.push(one.value.from);
}
for (let one = await cache.pull<{ from: unknown }>('jobs'); one !== undefined; one = await cache.pull('jobs'))
  pulled.push(one.value.from);
await cache.close();
sayLast('pulled', pulled);
