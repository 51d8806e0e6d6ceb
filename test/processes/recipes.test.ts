import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child, children } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const now = () => Number(process.hrtime.bigint()) / 1e6;

test('when the process that holds a lock is killed another gets it within the lease', async () => {
  const directory = temporaryFolder();
  const lease = 1500;
  const holder = new Child('hold-recipe', { directory, lease });
  const fence = await holder.says<number>('held');
  const cache = openCache({}, directory);
  const waiting = [1, 2, 3].map(() => cache.lock('name', { lease }).acquire());
  holder.kill();
  await holder.ended;
  const killed = performance.now();
  const next = await waiting[0];
  const tookMs = performance.now() - killed;
  console.log(`taken over ${tookMs.toFixed(0)} ms after the kill, with a lease of ${lease} ms`);
  // The last sign of life was before the kill.
  expect(tookMs).toBeLessThan(lease + 250);
  expect(next?.fence).toBeGreaterThan(fence);
  await next?.release();
  for (const one of waiting.slice(1)) await (await one)?.release();
}, 20_000);

test('a holder that is stopped for longer than its lease loses the lock, and is fenced off when it goes on', async () => {
  const directory = temporaryFolder();
  const lease = 900;
  const holder = new Child('hold-recipe', { directory, lease });
  const fence = await holder.says<number>('held');
  holder.tell('order', 'write');
  expect(await holder.says('wrote')).toEqual({ outcome: 'written', isHeld: true });

  const cache = openCache({}, directory);
  holder.stop();
  const stopped = performance.now();
  const next = await cache.lock('name', { lease }).acquire();
  expect(performance.now() - stopped).toBeLessThan(lease + 250);
  expect(next.fence).toBeGreaterThan(fence);
  await cache.transact((tx) => {
    next.assertHeld(tx);
    tx.set('written by', next.fence);
  });
  // What it is told first when it goes on is to write: it may not know yet that it is too late.
  holder.tell('order', 'write');
  holder.resume();
  expect(await holder.says('wrote')).toMatchObject({ outcome: 'ERR_DISKCACHE_NOT_HELD' });
  expect(await holder.says('lost')).toBe('ERR_DISKCACHE_NOT_HELD');
  holder.tell('order', 'release');
  expect(await holder.says('released')).toBe('ERR_DISKCACHE_NOT_HELD');
  expect(await cache.get('written by')).toBe(next.fence);
  expect(next.isHeld).toBe(true);
  await next.release();
}, 20_000);

test('a holder that is stopped for less than its lease keeps the lock', async () => {
  const directory = temporaryFolder();
  const holder = new Child('hold-recipe', { directory, lease: 60_000 });
  await holder.says('held');
  const cache = openCache({}, directory);
  holder.stop();
  await expect(cache.lock('name').acquire({ timeout: 100 })).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_TIMEOUT',
  });
  holder.tell('order', 'write');
  holder.resume();
  expect(await holder.says('wrote')).toEqual({ outcome: 'written', isHeld: true });
});

/** How many of these spans overlap at most. */
function mostAtOnce(spans: readonly (readonly [from: number, to: number])[]): number {
  const changes = spans.flatMap(([from, to]) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let [inside, most] = [0, 0];
  for (const { by } of changes) most = Math.max(most, (inside += by));
  return most;
}

test('a semaphore of 2 is never held by 3, also when holders are killed or stopped and their leases end', async () => {
  const directory = temporaryFolder();
  const lease = 600;
  const all = children(6, 'hold-places', { directory, lease, permits: 2 });
  for (const one of all) await one.says('ready');
  for (const one of all) one.tell('start');
  const spans: [from: number, to: number][] = [];
  /** When each of these ended or stood still: it does not use what it held then any more. */
  const ends = new Map<Child, number>();
  for (const [place, one] of all.slice(0, 4).entries()) {
    await one.says('in');
    if (place % 2 === 0) one.kill();
    else one.stop();
    ends.set(one, now());
    await pause(lease / 3);
  }
  // Only the last two still go on, with all places, once the leases of the others have ended.
  const cache = openCache({}, directory);
  const semaphore = cache.semaphore('name', { permits: 2, lease });
  for (let round = 0; round < 30; round++) {
    const held = await semaphore.acquire();
    const from = now();
    expect(await semaphore.held()).toBeLessThanOrEqual(2);
    await pause(5);
    spans.push([from, now()]);
    await held.release();
  }
  for (const one of all.slice(4)) one.tell('end');
  for (const one of all.slice(4)) await one.ended;
  for (const one of all) {
    const until = ends.get(one) ?? Infinity;
    for (const [from, to] of one.said<[number, number]>('span'))
      if (from < until) spans.push([from, Math.min(to, until)]);
  }
  expect(spans.length).toBeGreaterThan(60);
  expect(mostAtOnce(spans)).toBe(2);
  expect(await semaphore.held()).toBe(0);
  // Those that were stopped find out.
  for (const one of [all[1], all[3]]) {
    one?.tell('end');
    one?.resume();
    await one?.ended;
  }
}, 60_000);

test('a rate limiter lets four processes together do as much as its rate says, within 5 %', async () => {
  const directory = temporaryFolder();
  const [limit, burst, ms] = [200, 20, 4000];
  const all = children(4, 'take-tokens', { directory, limit, burst, ms });
  for (const one of all) await one.says('ready');
  for (const one of all) one.tell('start');
  const each = await Promise.all(all.map((one) => one.says<number[]>('taken')));
  const taken = each.flat().toSorted((a, b) => a - b);
  const seconds = ((taken.at(-1) as number) - (taken[0] as number)) / 1000;
  const allowed = burst + limit * seconds;
  console.log(
    `${taken.length} of ${allowed.toFixed(0)} tokens in ${seconds.toFixed(2)} s; by process ${each.map((one) => one.length).join(', ')}`,
  );
  // What was taken is told a little later than it was taken, but never more than there was.
  expect(taken.length).toBeLessThanOrEqual(Math.ceil(allowed));
  expect(taken.length).toBeGreaterThan(0.95 * allowed);
}, 30_000);

test('20 callers in each of 4 processes make one computation of a cold key of an index', async () => {
  const directory = temporaryFolder();
  const all = children(4, 'compute', { directory, door: 'index', keys: 1, callers: 20, isHeld: true });
  for (const one of all) await one.says('ready');
  for (const one of all) one.tell('go');
  const saying = all.map((one) => one.says('computing').then(() => one));
  for (const one of saying) one.catch(() => undefined);
  const computing = await Promise.any(saying);
  for (const one of all) await one.says('called');
  computing.tell('finish');
  const values = (await Promise.all(all.map((one) => one.says<string[]>('values')))).flat();
  expect(values.length).toBe(80);
  expect(new Set(values)).toEqual(new Set([`0 of ${all.indexOf(computing)}`]));
  expect(await openCache({}, directory).index('results').size()).toBe(1);
}, 30_000);
