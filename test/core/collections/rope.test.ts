import { expect, test } from 'vitest';
import { openSync } from '../../support/caches.ts';

test('a deque in which much was taken from the middle has parts of some KB at most, and none when it is empty', () => {
  const cache = openSync();
  const deque = cache.deque<number>('name');
  deque.extend(Array.from({ length: 6000 }, (_, item) => item));
  cache.transact((tx) => {
    const inside = tx.deque('name');
    for (let item = 0; item < 3000; item++) inside.delete(item);
  });
  expect(deque.size).toBe(3000);
  expect([deque.at(0), deque.at(1500), deque.at(-1)]).toEqual([1, 3001, 5999]);
  const parts = cache.count() - 3000;
  expect(parts).toBeGreaterThan(40);
  expect(parts).toBeLessThan(300);
  const sizes = [...cache.entries()].filter(({ size }) => size > 10).map(({ size }) => size);
  expect(Math.max(...sizes)).toBeLessThan(2000);
  cache.transact((tx) => {
    const inside = tx.deque('name');
    inside.reverse();
    while (inside.pop() !== undefined);
  });
  expect(cache.count()).toBe(0);
});
