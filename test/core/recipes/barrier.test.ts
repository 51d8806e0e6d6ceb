import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';
import { twoCaches } from '../../support/two-caches.ts';

test('a barrier opens for all when the last arrives, round after round', async () => {
  const [a, b] = twoCaches();
  const open = (cache: typeof a) => cache.barrier('name', { parties: 4 });
  for (let round = 0; round < 5; round++) {
    const first = [open(a).wait(), open(b).wait(), open(a).wait()];
    await turnsUntil(async () => (await open(a).waiting()) === 3);
    const opened = await Promise.all([...first, open(b).wait()]);
    expect(opened).toEqual([false, false, false, true]);
    expect(await open(a).waiting()).toBe(0);
  }
});

test('who stops waiting has not arrived', async () => {
  const cache = openCache();
  const barrier = cache.barrier('name', { parties: 2 });
  await expect(barrier.wait({ timeout: 5 })).rejects.toThrow(/the barrier "name" was waiting for others/);
  const reason = new Error('enough');
  await expect(barrier.wait({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const left = barrier.wait({ signal: controller.signal });
  await turnsUntil(async () => (await barrier.waiting()) === 1);
  controller.abort(reason);
  await expect(left).rejects.toBe(reason);
  expect(await barrier.waiting()).toBe(0);
  expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([false, true]);
});

test('who died waiting does not count once its lease has ended', async () => {
  const [a, b, , clockOfB] = twoCaches();
  const open = (cache: typeof a) => cache.barrier('name', { parties: 3, lease: 900 });
  const dead = open(a).wait();
  await turnsUntil(async () => (await open(b).waiting()) === 1);
  await Promise.all([expect(dead).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' }), a.close()]);
  clockOfB.advance(900);
  expect(await open(b).waiting()).toBe(0);
  const waiting = [open(b).wait(), open(b).wait()];
  await someTurns();
  expect(await open(b).waiting()).toBe(2);
  expect(await open(b).wait()).toBe(true);
  expect(await Promise.all(waiting)).toEqual([false, false]);
});

test('who waits is counted as long as its process is alive, and arrives again when the cache was cleared', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const open = (cache: typeof a) => cache.barrier('name', { parties: 2, lease: 900 });
  const waiting = open(a).wait();
  await turnsUntil(async () => (await open(b).waiting()) === 1);
  for (let third = 0; third < 6; third++) {
    const before = await b.get('@barrier/name');
    clockOfA.advance(300);
    await turnsUntil(async () => (await b.get('@barrier/name')) !== before);
    clockOfB.advance(300);
  }
  expect(await open(b).waiting()).toBe(1);
  await b.clear();
  await turnsUntil(async () => (await open(b).waiting()) === 1);
  expect(await open(b).wait()).toBe(true);
  expect(await waiting).toBe(false);
});

test('a barrier of one is always open', async () => {
  expect(await openCache().barrier('name', { parties: 1 }).wait()).toBe(true);
});

test('a barrier without parties is refused', () => {
  expect(() => openCache().barrier('name', {} as never)).toThrow(/parties must be a whole number from 1 up/);
  expect(() => openCache().barrier('name', { parties: 2, fair: true } as never)).toThrow(
    /unknown option 'fair'/,
  );
});
