import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { turnsUntil } from '../../support/turns.ts';
import { twoCaches } from '../../support/two-caches.ts';

const NOT_HELD = { code: 'ERR_DISKCACHE_NOT_HELD' };

test('who holds a reentrant lock enters it again, also after awaiting and by another object', async () => {
  const cache = openCache();
  const fences = await cache.reentrantLock('name').run(async (outer) => {
    await setImmediate();
    return cache.reentrantLock('name').run(async (inner) => {
      await setImmediate();
      return [outer.fence, await cache.reentrantLock('name').run(({ fence }) => fence), inner.fence];
    });
  });
  expect(new Set(fences).size).toBe(1);
  expect(await cache.reentrantLock('name').isHeld()).toBe(false);
});

test('who does not hold it waits, in the same process too', async () => {
  const cache = openCache();
  const lock = cache.reentrantLock('name');
  let inside = 0;
  const one = () =>
    lock.run(async () => {
      expect(++inside).toBe(1);
      await setImmediate();
      await lock.run(() => setImmediate());
      inside--;
    });
  await Promise.all([one(), one(), one()]);
});

test('it is held until the last has ended that entered it, awaited or not', async () => {
  const cache = openCache();
  const lock = cache.reentrantLock('name');
  let finish = () => {};
  let inner: Promise<void> | undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  await lock.run(async () => {
    inner = lock.run(() => finished);
    await setImmediate();
  });
  expect(await cache.lock('name').isHeld()).toBe(true);
  finish();
  await inner;
  expect(await cache.lock('name').isHeld()).toBe(false);
});

test('what was begun in it and comes when it was left waits for it anew', async () => {
  const cache = openCache();
  const lock = cache.reentrantLock('name');
  let start = () => {};
  const started = new Promise<void>((resolve) => (start = resolve));
  let later: Promise<number> | undefined;
  const first = await lock.run(({ fence }) => {
    later = started.then(() => lock.run((held) => held.fence));
    return fence;
  });
  await using _ = await cache.lock('other').acquire();
  start();
  expect(await later).toBeGreaterThan(first);
});

test('it excludes the lock of the same name, and other caches', async () => {
  const [a, b] = twoCaches();
  await a.reentrantLock('name').run(async () => {
    expect(await a.lock('name').tryAcquire()).toBeUndefined();
    expect(await b.lock('name').tryAcquire()).toBeUndefined();
    const waiting = b.reentrantLock('name').run(() => 'of b', { timeout: 5 });
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TIMEOUT' });
  });
  expect(await b.reentrantLock('name').run(() => 'of b')).toBe('of b');
});

test('two locks are entered independently of each other', async () => {
  const cache = openCache();
  const run = (name: string, body: () => Promise<unknown>) => cache.reentrantLock(name).run(body);
  await run('a', () => run('b', () => run('a', () => run('b', async () => undefined))));
  expect([await cache.lock('a').isHeld(), await cache.lock('b').isHeld()]).toEqual([false, false]);
});

test('it cannot be entered again once it was lost', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const lock = a.reentrantLock('name', { lease: 900 });
  const lost = lock.run(async (held) => {
    clockOfB.advance(900);
    expect(await b.lock('name').tryAcquire()).toBeDefined();
    clockOfA.advance(900);
    await turnsUntil(() => held.signal.aborted);
    await expect(lock.run(() => 'entered')).rejects.toMatchObject(NOT_HELD);
  });
  await expect(lost).rejects.toMatchObject(NOT_HELD);
});

test('it is not entered again with a signal that is aborted', async () => {
  const lock = openCache().reentrantLock('name');
  const reason = new Error('enough');
  const run = () => lock.run(() => 'entered', { signal: AbortSignal.abort(reason) });
  await expect(lock.run(run)).rejects.toBe(reason);
  expect(await lock.isHeld()).toBe(false);
});

test('it throws what its body throws, and is released', async () => {
  const cache = openCache();
  const error = new Error('of the body');
  const lock = cache.reentrantLock('name');
  const failing = () => {
    throw error;
  };
  await expect(lock.run(() => lock.run(failing))).rejects.toBe(error);
  expect(await lock.isHeld()).toBe(false);
  await expect(lock.run(5 as never)).rejects.toThrow(/body must be a function; given 5/);
});
