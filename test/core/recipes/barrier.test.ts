import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { transactionsInLog } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
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

test('who stops waiting just when the barrier opens has arrived', async () => {
  const cache = openCache();
  const barrier = cache.barrier('name', { parties: 2 });
  const controller = new AbortController();
  const waiting = barrier.wait({ signal: controller.signal });
  await turnsUntil(async () => (await barrier.waiting()) === 1);
  // As another process does it.
  const round = JSON.parse(cache.sync.get<string>('@barrier/name') as string);
  cache.sync.set('@barrier/name', JSON.stringify({ ...round, number: round.number + 1, arrivals: [] }));
  controller.abort(new Error('enough'));
  expect(await waiting).toBe(false);
});

test('who stood still and was passed over when the barrier opened waits for the next round', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const open = (cache: typeof a) => cache.barrier('name', { parties: 2, lease: 900 });
  let isOpen = false;
  const late = open(a)
    .wait()
    .finally(() => (isOpen = true));
  await turnsUntil(async () => (await open(b).waiting()) === 1);
  clockOfB.advance(900);
  expect(await Promise.all([open(b).wait(), open(b).wait()])).toEqual([false, true]);
  clockOfA.advance(900);
  await turnsUntil(async () => (await open(b).waiting()) === 1);
  expect(isOpen).toBe(false);
  expect([await open(b).wait(), await late]).toEqual([true, false]);
});

test('a barrier does not open for who waits when the cache is cleared and another arrives', async () => {
  const [a, b] = twoCaches();
  const open = (cache: typeof a) => cache.barrier('name', { parties: 3 });
  const waiting = [open(a).wait()];
  await turnsUntil(async () => (await open(b).waiting()) === 1);
  await b.clear();
  waiting.push(open(b).wait());
  await turnsUntil(async () => (await open(b).waiting()) === 2);
  expect(await open(b).wait()).toBe(true);
  expect(await Promise.all(waiting)).toEqual([false, false]);
});

test('many that wait at a barrier in one process give one sign of life, and look as one', async () => {
  const directory = folderInMemory();
  const clock = new FakeClock();
  const cache = openCache({ clock }, directory);
  const barrier = cache.barrier('name', { parties: 101, lease: 900 });
  const waiting = Array.from({ length: 100 }, () => barrier.wait());
  await turnsUntil(async () => (await barrier.waiting()) === 100);
  const before = transactionsInLog(directory);
  clock.advance(300);
  await turnsUntil(() => transactionsInLog(directory) > before);
  await someTurns();
  expect(transactionsInLog(directory)).toBe(before + 1);
  expect(await barrier.wait()).toBe(true);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([false]));
});
