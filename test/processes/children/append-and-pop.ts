import { DiskCache } from '@diskcache/core';
import { given, say, sayLast, told } from '../../support/parent.ts';

const { directory, number, items } = given<{ directory: string; number: number; items: number }>();
const cache = new DiskCache(directory);
const deque = cache.deque<[appender: number, item: number]>('name');

say('ready');
await told('start');
const popped: [number, number][] = [];
const popping = (async () => {
  while (popped.length < items) popped.push(await deque.popLeft({ wait: true, timeout: 30_000 }));
})();
for (let item = 0; item < items; item++) await deque.append([number, item]);
await popping;
await cache.close();
sayLast('popped', popped);
