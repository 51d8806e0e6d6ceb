import { DiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';

const { directory, fileThreshold } = given<{ directory: string; fileThreshold: number }>();
const cache = new DiskCache(directory, { fileThreshold });
const deque = cache.deque<string>('name');
const index = cache.index<string, string>('name');

say('changing');
for (let count = 0; ; count++) {
  const value = `${count % 50}:${'x'.repeat(count % 3 === 0 ? 1000 : 10)}`;
  await Promise.all([
    deque.append(value),
    deque.appendLeft(value),
    deque.delete(3),
    index.set(`${count % 50}:`, value),
    index.delete(`${(count * 7) % 50}:`),
    count % 5 === 0 ? deque.rotate(2) : deque.popLeft(),
  ]);
  if (count === 100) say('changed');
}
