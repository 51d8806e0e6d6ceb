import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { turnsUntil } from '../../support/turns.ts';
import { twoCaches } from '../../support/two-caches.ts';

test('a semaphore of 3 is never held by 4', async () => {
  const cache = openCache();
  let inside = 0;
  let most = 0;
  const runs = Array.from({ length: 30 }, () =>
    cache.semaphore('name', { permits: 3 }).run(async () => {
      most = Math.max(most, ++inside);
      for (let turn = 0; turn < 20; turn++) await setImmediate();
      inside--;
    }),
  );
  await Promise.all(runs);
  expect(most).toBe(3);
  expect(await cache.semaphore('name', { permits: 3 }).held()).toBe(0);
});

test('the leases of its holders end one by one', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const options = { permits: 2, lease: 900 };
  const first = await a.semaphore('name', options).acquire();
  clockOfB.advance(500);
  const second = await b.semaphore('name', options).acquire();
  expect(await b.semaphore('name', options).tryAcquire()).toBeUndefined();
  clockOfB.advance(200);
  await turnsUntil(async () => (await b.get<string>('@semaphore/name'))?.includes('1600') !== true);
  clockOfB.advance(200);
  const third = await b.semaphore('name', options).tryAcquire();
  expect(third).toBeDefined();
  expect(await b.semaphore('name', options).tryAcquire()).toBeUndefined();
  expect([second.isHeld, third?.isHeld]).toEqual([true, true]);
  clockOfA.advance(900);
  await turnsUntil(() => first.signal.aborted);
  expect(await b.semaphore('name', options).held()).toBe(2);
});

test('who asks with a lower number waits until fewer hold it', async () => {
  const cache = openCache();
  const held = await cache.semaphore('name', { permits: 2 }).acquire();
  expect(await cache.semaphore('name', { permits: 1 }).tryAcquire()).toBeUndefined();
  expect(await cache.semaphore('name', { permits: 2 }).tryAcquire()).toBeDefined();
  await held.release();
});

test('a release wakes as many of those that wait as there are places', async () => {
  const cache = openCache();
  const semaphore = cache.semaphore('name', { permits: 2, fair: true });
  const first = [await semaphore.acquire(), await semaphore.acquire()];
  const waiting = [semaphore.acquire(), semaphore.acquire(), semaphore.acquire()];
  await Promise.all(first.map((held) => held.release()));
  const [third, fourth] = [await waiting[0], await waiting[1]];
  expect(await semaphore.held()).toBe(2);
  await third?.release();
  expect((await waiting[2])?.isHeld).toBe(true);
  await fourth?.release();
});

test.for([
  [{}, /permits must be a whole number from 1 up; given undefined/],
  [{ permits: 0 }, /permits must be .*given 0/],
  [{ permits: 1.5 }, /permits must be .*given 1.5/],
  [{ permits: 1, lease: -1 }, /lease must be/],
  [{ permits: 1, timeout: 5 }, /unknown option 'timeout'/],
])('semaphore(name, %j) is refused', ([options, message]) => {
  expect(() => openCache().semaphore('name', options as never)).toThrow(message as RegExp);
});
