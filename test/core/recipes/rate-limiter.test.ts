import type { RateLimiter } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { transactionsInLog } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns } from '../../support/turns.ts';

const RATE = { limit: 10, interval: 1000 };

async function takenNow(limiter: RateLimiter): Promise<number> {
  let taken = 0;
  while (await limiter.tryTake()) taken++;
  return taken;
}

test('at first there are as many tokens as are saved up, and then as many as time brings', async () => {
  const clock = new FakeClock();
  const limiter = openCache({ clock }).rateLimiter('name', RATE);
  expect([await limiter.tokens(), await takenNow(limiter)]).toEqual([10, 10]);
  clock.advance(99);
  expect(await takenNow(limiter)).toBe(0);
  clock.advance(1);
  expect(await takenNow(limiter)).toBe(1);
  clock.advance(250);
  expect(await takenNow(limiter)).toBe(2);
  clock.advance(50);
  expect(await takenNow(limiter)).toBe(1);
});

test('over a long time it is the rate, whatever the steps', async () => {
  const clock = new FakeClock();
  const limiter = openCache({ clock }).rateLimiter('name', { limit: 7, interval: 1000, burst: 3 });
  let taken = await takenNow(limiter);
  for (let step = 0; step < 1000; step++) {
    clock.advance(37);
    taken += await takenNow(limiter);
  }
  expect(taken).toBe(3 + 7 * 37);
});

test('after standing idle for long there is what is saved up, and no more', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const limiter = cache.rateLimiter('name', { ...RATE, burst: 4 });
  expect(await takenNow(limiter)).toBe(4);
  clock.advance(2 * 3_600_000);
  await cache.expire();
  expect(await cache.count()).toBe(0);
  expect([await limiter.tokens(), await takenNow(limiter)]).toEqual([4, 4]);
});

test('neither a jump of the time of day nor a new start of the machine brings or takes tokens', async () => {
  let [now, monotonic] = [Date.UTC(2026, 0, 1), 1_000_000];
  const clock = { now: () => now, monotonic: () => monotonic, every: () => () => undefined };
  const limiter = openCache({ clock }).rateLimiter('name', RATE);
  expect(await takenNow(limiter)).toBe(10);
  now += 3_000_000;
  expect(await takenNow(limiter)).toBe(0);
  now -= 6_000_000;
  expect(await takenNow(limiter)).toBe(0);
  monotonic = 5;
  expect(await takenNow(limiter)).toBe(0);
  monotonic += 195;
  expect(await takenNow(limiter)).toBe(2);
});

test('several tokens are taken at once, or none', async () => {
  const clock = new FakeClock();
  const limiter = openCache({ clock }).rateLimiter('name', RATE);
  expect([await limiter.tryTake(7), await limiter.tryTake(4), await limiter.tryTake(3)]).toEqual([
    true,
    false,
    true,
  ]);
});

test('take() waits until there are tokens, and serves its callers in their order', async () => {
  const limiter = openCache().rateLimiter('name', { limit: 1000, interval: 1000, burst: 5 });
  await limiter.take(5);
  const since = performance.now();
  const order: number[] = [];
  await Promise.all([4, 5, 1].map((tokens, number) => limiter.take(tokens).then(() => order.push(number))));
  expect(order).toEqual([0, 1, 2]);
  expect(performance.now() - since).toBeGreaterThan(9);
});

test('who stops waiting has taken nothing', async () => {
  const clock = new FakeClock();
  const limiter = openCache({ clock }).rateLimiter('name', RATE);
  await limiter.take(10);
  const reason = new Error('enough');
  const controller = new AbortController();
  const waiting = [limiter.take(10, { signal: controller.signal }), limiter.take(10, { timeout: 3 })];
  await expect(waiting[1]).rejects.toMatchObject({ name: 'TimeoutError', code: 'ERR_DISKCACHE_TIMEOUT' });
  controller.abort(reason);
  await expect(waiting[0]).rejects.toBe(reason);
  clock.advance(1000);
  expect(await limiter.tokens()).toBe(10);
});

test('what there is not enough for writes nothing', async () => {
  const directory = folderInMemory();
  const clock = new FakeClock();
  const limiter = openCache({ clock }, directory).rateLimiter('name', RATE);
  await limiter.take(10);
  const before = transactionsInLog(directory);
  for (let call = 0; call < 10; call++) expect(await limiter.tryTake()).toBe(false);
  await expect(limiter.take(1, { timeout: 1 })).rejects.toThrow(/the rate of "name" allowed no more/);
  expect(transactionsInLog(directory)).toBe(before);
});

test('a throttled function passes this, arguments, results and errors on', async () => {
  const cache = openCache();
  const teller = {
    name: 'Ada',
    tell: cache.throttle(
      function tell(this: { name: string }, greeting: string) {
        if (greeting === '') throw new Error('nothing to tell');
        return `${greeting}, ${this.name}`;
      },
      { limit: 5 },
    ),
  };
  expect(await teller.tell('Hello')).toBe('Hello, Ada');
  await expect(teller.tell('')).rejects.toThrow('nothing to tell');
  expect(await cache.rateLimiter('tell', { limit: 5 }).tokens()).toBe(3);
  expect([teller.tell.name, teller.tell.length]).toEqual(['tell', 1]);
});

test('to throttle a function anew does not fill its bucket', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const call = () => cache.throttle(() => 'called', { name: 'name', limit: 1 })();
  await call();
  expect(await cache.rateLimiter('name', { limit: 1 }).tryTake()).toBe(false);
});

test.for([
  [{}, /limit must be a whole number from 1 up; given undefined/],
  [{ limit: 0 }, /limit must be/],
  [{ limit: 1, interval: 0 }, /interval must be a number of milliseconds above 0; given 0/],
  [{ limit: 1, interval: Infinity }, /interval must be/],
  [{ limit: 1, burst: 0 }, /burst must be a whole number from 1 up/],
  [{ limit: 1, rate: 5 }, /unknown option 'rate'/],
])('rateLimiter(name, %j) is refused', ([options, message]) => {
  expect(() => openCache().rateLimiter('name', options as never)).toThrow(message as RegExp);
});

test('more tokens than can ever be there are refused', async () => {
  const limiter = openCache().rateLimiter('name', RATE);
  await expect(limiter.take(11)).rejects.toThrow(/tokens must be at most 10.*given 11/);
  await expect(limiter.tryTake(0)).rejects.toThrow(/tokens must be a whole number from 1 up/);
});

test('a function without a name is throttled only when it is given one', () => {
  expect(() => openCache().throttle(() => 1, { limit: 1 })).toThrow(/name must be given/);
  expect(() => openCache().throttle(5 as never, { limit: 1 })).toThrow(/fn must be a function/);
});

test.for([
  { limit: 1, interval: 1e300 },
  { limit: 1, interval: Number.MIN_VALUE },
  { limit: 1, interval: 1, burst: Number.MAX_SAFE_INTEGER },
  { limit: Number.MAX_SAFE_INTEGER, interval: Number.MIN_VALUE },
])('a rate of %j can be used', async (rate) => {
  const limiter = openCache({ clock: new FakeClock() }).rateLimiter('name', rate);
  await limiter.take(rate.burst ?? rate.limit);
  expect([await limiter.tokens(), await limiter.tryTake()]).toEqual([0, false]);
});

test.for(['close()', 'sync.close()'])('%s ends the waiting of who would wait for an hour', async (how) => {
  const cache = openCache();
  const limiter = cache.rateLimiter('name', { limit: 1, interval: 3_600_000 });
  await limiter.take();
  const waiting = [limiter.take(), limiter.take()];
  await someTurns();
  const closed = waiting.map((one) => expect(one).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' }));
  if (how === 'close()') await cache.close();
  else cache.sync.close();
  await Promise.all(closed);
});
