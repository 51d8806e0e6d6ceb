import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DiskCache, DiskCacheOptions } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

/** Two caches on one directory, each with a clock of its own: to each other they are as two processes. */
function two(
  options?: DiskCacheOptions,
): [a: DiskCache, b: DiskCache, clockOfA: FakeClock, clockOfB: FakeClock] {
  const directory = folderInMemory();
  const [clockOfA, clockOfB] = [new FakeClock(), new FakeClock()];
  return [
    openCache({ ...options, clock: clockOfA }, directory),
    openCache({ ...options, clock: clockOfB }, directory),
    clockOfA,
    clockOfB,
  ];
}

function computation() {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let count = 0;
  const compute = () => {
    count++;
    return promise;
  };
  return { compute, resolve, reject, begun: () => turnsUntil(() => count > 0) };
}

const never = () => {
  throw new Error('computed twice');
};

/** Lets another cache look a few times whether it is its turn. */
async function someLooks(): Promise<void> {
  const end = performance.now() + 15;
  await turnsUntil(() => performance.now() > end);
}

const leases = (cache: DiskCache) =>
  foreignConnection(cache.directory).prepare('SELECT count(*) FROM lease').pluck().get();

test('While one process computes the others wait, and get its value', async () => {
  const [a, b] = two();
  const { compute, resolve, begun } = computation();
  const computed = a.getOrSet('key', compute);
  await begun();
  const waiting = [b.getOrSet('key', never), b.getOrSet('key', never)];
  await someLooks();
  resolve({ n: 1 });
  expect(await computed).toEqual({ n: 1 });
  expect(await Promise.all(waiting)).toEqual([{ n: 1 }, { n: 1 }]);
  expect(leases(a)).toBe(0);
});

test('Who waits for another process only reads', async () => {
  const [a, b] = two();
  const { compute, resolve, begun } = computation();
  const computed = a.getOrSet('key', compute);
  await begun();
  const lock = foreignConnection(a.directory);
  const changes = lock.prepare('PRAGMA data_version').pluck();
  const before = changes.get();
  const waiting = b.getOrSet('key', never);
  await someLooks();
  expect(changes.get()).toBe(before);
  resolve('value');
  await computed;
  expect(await waiting).toBe('value');
});

test('When a computation fails elsewhere, who waits computes', async () => {
  const [a, b] = two();
  const { compute, reject, begun } = computation();
  const failed = a.getOrSet('key', compute);
  await begun();
  const waiting = b.getOrSet('key', () => 'of b');
  await someLooks();
  reject(new Error('of a'));
  await expect(failed).rejects.toThrow('of a');
  expect(await waiting).toBe('of b');
});

test('A failure that is kept is one for all processes', async () => {
  const [a, b, , clockOfB] = two();
  const failed = a.getOrSet('key', () => Promise.reject(new Error('of a')), { errorTtl: 1000 });
  await expect(failed).rejects.toThrow('of a');
  await expect(b.getOrSet('key', never)).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_KEPT_FAILURE',
    cause: { message: 'of a' },
  });
  clockOfB.advance(1000);
  expect(await b.getOrSet('key', () => 'of b')).toBe('of b');
});

test('What is thrown that is no Error, or cannot be told, is kept as far as it can be', async () => {
  const cache = openCache();
  for (const [key, thrown, message] of [
    ['a', 'text', '"text"'],
    ['b', undefined, 'undefined'],
    ['c', new Error('\ud800'.repeat(5000)), '\ud800'.repeat(2000)],
    ['d', Object.assign(new Error('odd'), { code: 5n }), 'odd'],
  ] as const) {
    await cache.getOrSet(key, () => Promise.reject(thrown), { errorTtl: 1000 }).catch(() => undefined);
    await expect(cache.getOrSet(key, never)).rejects.toMatchObject({ cause: { message } });
  }
});

test('A process that gives no sign of life for as long as its lease is taken for dead, and another computes', async () => {
  const [a, b, , clockOfB] = two();
  const dead = computation();
  const never = a.getOrSet('key', dead.compute, { lease: 1000 });
  await dead.begun();
  let begun = 0;
  const taken = b.getOrSet('key', () => `of b ${++begun}`);
  clockOfB.advance(999);
  await someLooks();
  expect(begun).toBe(0);
  clockOfB.advance(1);
  expect(await taken).toBe('of b 1');
  dead.resolve('of a');
  expect(await never).toBe('of a');
  expect(await b.get('key')).toBe('of b 1');
});

test('A lease is renewed as long as the computation goes on, and ends with it', async () => {
  const [a, b, clockOfA, clockOfB] = two();
  const { compute, resolve, begun } = computation();
  const computed = a.getOrSet('key', compute, { lease: 900 });
  await begun();
  const waiting = b.getOrSet('key', never);
  const until = foreignConnection(a.directory).prepare('SELECT until FROM lease').pluck();
  for (let third = 0; third < 9; third++) {
    const before = until.get();
    clockOfA.advance(300);
    await turnsUntil(() => until.get() !== before);
    clockOfB.advance(300);
    await someTurns();
  }
  resolve('value');
  expect([await computed, await waiting]).toEqual(['value', 'value']);
  expect(leases(a)).toBe(0);
});

test('A clock that has jumped back does not make the lease of a dead process last', async () => {
  const [a, b, , clockOfB] = two();
  const dead = computation();
  void a.getOrSet('key', dead.compute).catch(() => undefined);
  await dead.begun();
  clockOfB.advance(-3_600_000);
  expect(await b.getOrSet('key', () => 'of b')).toBe('of b');
  dead.resolve('of a');
});

test('A call that was told not to wait so long does not wait for another process either', async () => {
  const [a, b] = two();
  const { compute, resolve, begun } = computation();
  const computed = a.getOrSet('key', compute);
  await begun();
  await expect(b.getOrSet('key', never, { timeout: 5 })).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_TIMEOUT',
  });
  const aborted = b.getOrSet('other', never, { signal: AbortSignal.abort('why') });
  await expect(aborted).rejects.toBe('why');
  resolve('value');
  expect(await computed).toBe('value');
  expect(await b.getOrSet('key', never)).toBe('value');
});

test('A deletion by another process keeps what was begun before it from being stored', async () => {
  const [a, b] = two();
  const { compute, resolve, begun } = computation();
  const old = a.getOrSet('key', compute);
  await begun();
  await b.delete('key');
  const next = a.getOrSet('key', () => 'new');
  expect(await next).toBe('new');
  resolve('old');
  expect(await old).toBe('old');
  expect(await b.get('key')).toBe('new');
});

test('An entry that is stale is recomputed by one process only', async () => {
  const [a, b, clockOfA, clockOfB] = two();
  const options = { ttl: 100, staleWhileRevalidate: 1000 };
  await a.getOrSet('key', () => 'old', options);
  for (const clock of [clockOfA, clockOfB]) clock.advance(100);
  const { compute, resolve, begun } = computation();
  expect(await a.getOrSet('key', compute, options)).toBe('old');
  await begun();
  expect(await b.getOrSet('key', never, options)).toBe('old');
  await someLooks();
  resolve('new');
  await turnsUntil(() => b.sync.has('key'));
  expect(await b.getOrSet('key', never, options)).toBe('new');
});

test('What another process has recomputed early meanwhile is not computed again', async () => {
  const directory = folderInMemory();
  const clock = new FakeClock();
  const [a, b] = [1, 2].map(() => openCache({ clock, random: () => 0.001 }, directory)) as [
    DiskCache,
    DiskCache,
  ];
  const slow = () => {
    clock.advance(1000);
    return 'old';
  };
  const options = { ttl: 10_000, beta: 1 };
  await a.getOrSet('key', slow, options);
  clock.advance(9_000);
  // Looks at the old entry now, and whether it is still there after it was replaced.
  const seen = b.getOrSet('key', never, options);
  a.sync.getOrSet('key', () => 'new', options);
  expect(await seen).toBe('old');
  await someTurns();
  expect(await b.get('key')).toBe('new');
});

test('A DiskCacheSync waits for a computation of another thread, and gets its value', async () => {
  const directory = folderInMemory();
  const cache = openCache({}, directory);
  const { compute, resolve, begun } = computation();
  const computed = cache.getOrSet('key', compute);
  await begun();
  const worker = new Worker(join(import.meta.dirname, 'waiting-thread.ts'), { workerData: { directory } });
  const said: unknown[] = [];
  worker.on('message', (message) => said.push(message));
  await turnsUntil(() => said.includes('waits'));
  await someLooks();
  expect(said).toEqual(['waits']);
  resolve('value');
  await computed;
  await turnsUntil(() => said.length === 2);
  expect(said[1]).toEqual({ value: 'value' });
  await worker.terminate();
});

test('A DiskCacheSync does not wait for a computation of its own thread, which would wait for it', async () => {
  const cache = openCache();
  const { compute, resolve, begun } = computation();
  const computed = cache.getOrSet('key', compute);
  await begun();
  expect(cache.sync.getOrSet('key', () => 'of sync')).toBe('of sync');
  resolve('of async');
  expect(await computed).toBe('of async');
  expect(await cache.get('key')).toBe('of sync');
});

test('What a transaction computes stands against what was begun before it', async () => {
  const cache = openCache();
  const { compute, resolve, begun } = computation();
  const computed = cache.getOrSet('key', compute);
  await begun();
  await cache.transact((tx) => tx.getOrSet('key', () => 'of the transaction'));
  resolve('computed');
  await computed;
  expect(await cache.get('key')).toBe('of the transaction');
});

test('A lease and a kept failure are gone from the disk when their time has passed', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache
    .getOrSet('failed', () => Promise.reject(new Error()), { errorTtl: 1000 })
    .catch(() => undefined);
  expect(leases(cache)).toBe(1);
  clock.advance(20_000);
  expect(leases(cache)).toBe(0);
});

test('getOrSet() computes also when there is no lock to be had, and tells of that', async () => {
  const cache = openCache({ timeout: 5 });
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  const lock = foreignConnection(cache.directory);
  lock.exec('BEGIN IMMEDIATE');
  expect(await cache.getOrSet('key', () => 'value')).toBe('value');
  await someTurns();
  expect(heard).toMatchObject([{ code: 'ERR_DISKCACHE_TIMEOUT' }]);
  const other = openSync({ timeout: 5 }, cache.directory);
  expect(other.getOrSet('key', () => 'value')).toBe('value');
  lock.exec('COMMIT');
  expect(await cache.has('key')).toBe(false);
});
