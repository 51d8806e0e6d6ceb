import { setImmediate } from 'node:timers/promises';
import type { Clock, Held } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { transactionsInLog } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';
import { twoCaches } from '../../support/two-caches.ts';

const NOT_HELD = { name: 'DiskCacheError', code: 'ERR_DISKCACHE_NOT_HELD' };
const TIMEOUT = { name: 'TimeoutError', code: 'ERR_DISKCACHE_TIMEOUT' };

test('run() of one lock is never in two bodies, and serves the calls in their order', async () => {
  const cache = openCache();
  let inside = 0;
  const order: number[] = [];
  const runs = Array.from({ length: 50 }, (_, number) =>
    cache.lock('name').run(async () => {
      expect(++inside).toBe(1);
      await setImmediate();
      order.push(number);
      inside--;
    }),
  );
  await Promise.all(runs);
  expect(order).toEqual(Array.from({ length: 50 }, (_, number) => number));
});

test('tryAcquire() gives nothing while the lock is held, also by another cache on the folder', async () => {
  const [a, b] = twoCaches();
  const held = await a.lock('name').acquire();
  expect(await a.lock('name').tryAcquire()).toBeUndefined();
  expect(await b.lock('name').tryAcquire()).toBeUndefined();
  expect(await b.lock('name').isHeld()).toBe(true);
  expect(await b.lock('other').tryAcquire()).toBeDefined();
  await held.release();
  expect(await b.lock('name').isHeld()).toBe(false);
  expect(await b.lock('name').tryAcquire()).toBeDefined();
});

test('who waits gets the lock when another cache on the folder releases it', async () => {
  const [a, b] = twoCaches();
  const held = await a.lock('name').acquire();
  const waiting = b.lock('name').acquire();
  await setImmediate();
  await held.release();
  expect((await waiting).isHeld).toBe(true);
});

test('await using releases the lock at the end of the block, using a little later', async () => {
  const lock = openCache().lock('name');
  {
    await using held = await lock.acquire();
    expect([held.isHeld, await lock.isHeld()]).toEqual([true, true]);
  }
  expect(await lock.isHeld()).toBe(false);
  {
    using _ = await lock.acquire();
    expect(await lock.isHeld()).toBe(true);
  }
  await turnsUntil(async () => !(await lock.isHeld()));
});

test('release() is an error the second time, and disposing of what was released is none', async () => {
  const lock = openCache().lock('name');
  let held: Held;
  {
    await using one = await lock.acquire();
    held = one;
    await one.release();
  }
  await expect(held.release()).rejects.toMatchObject(NOT_HELD);
  expect(held.isHeld).toBe(false);
  expect(held.signal.aborted).toBe(false);
});

test('run() releases the lock when its body throws, and throws the same', async () => {
  const lock = openCache().lock('name');
  const error = new Error('of the body');
  const failed = lock.run(() => {
    throw error;
  });
  await expect(failed).rejects.toBe(error);
  expect(await lock.isHeld()).toBe(false);
});

test.for([{ fair: false }, { fair: true }])(
  'acquire() gives up after its timeout and leaves nothing (%j)',
  async (options) => {
    const cache = openCache();
    const lock = cache.lock('name', options);
    const held = await lock.acquire();
    const entries = await cache.count();
    await expect(lock.acquire({ timeout: 5 })).rejects.toMatchObject(TIMEOUT);
    await expect(lock.acquire({ timeout: 0 })).rejects.toThrow(
      /the lock "name" was held by others for longer than .* 0 ms/,
    );
    expect(await cache.count()).toBe(entries);
    const next = lock.acquire({ timeout: 60_000 });
    await held.release();
    expect((await next).isHeld).toBe(true);
  },
);

test.for([{ fair: false }, { fair: true }])(
  'acquire() rejects with the reason of its signal, before and while it waits (%j)',
  async (options) => {
    const lock = openCache().lock('name', options);
    const reason = new Error('enough');
    await expect(lock.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const held = await lock.acquire();
    const controller = new AbortController();
    const waiting = [1, 2, 3].map(() => lock.acquire({ signal: controller.signal }));
    const last = lock.acquire();
    controller.abort(reason);
    for (const one of await Promise.allSettled(waiting))
      expect(one).toMatchObject({ status: 'rejected', reason });
    await held.release();
    expect((await last).isHeld).toBe(true);
  },
);

test('a lock that is held is renewed as long as its process is alive', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const held = await a.lock('name', { lease: 900 }).acquire();
  for (let third = 0; third < 9; third++) {
    const before = await b.get('@lock/name');
    clockOfA.advance(300);
    await turnsUntil(async () => (await b.get('@lock/name')) !== before);
    clockOfB.advance(300);
    expect(await b.lock('name').tryAcquire()).toBeUndefined();
  }
  expect(held.isHeld).toBe(true);
  await held.release();
});

test('when the lease of a holder that stands still has ended another gets the lock, and the first is fenced off', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const lease = 900;
  const first = await a.lock('name', { lease }).acquire();
  clockOfB.advance(lease - 1);
  expect(await b.lock('name', { lease }).tryAcquire()).toBeUndefined();
  clockOfB.advance(1);
  const second = await b.lock('name', { lease }).acquire();
  expect(second.fence).toBeGreaterThan(first.fence);

  const write = (held: Held) =>
    a.transact((tx) => {
      held.assertHeld(tx);
      tx.set('key', 'written');
    });
  await expect(write(first)).rejects.toMatchObject(NOT_HELD);
  expect(first.isHeld).toBe(true);
  clockOfA.advance(lease);
  await turnsUntil(() => first.signal.aborted);
  expect(first.signal.reason).toMatchObject(NOT_HELD);
  expect(first.isHeld).toBe(false);
  await expect(first.release()).rejects.toMatchObject(NOT_HELD);
  expect(second.isHeld).toBe(true);
  await b.transact((tx) => second.assertHeld(tx));
  expect(await a.get('key')).toBeUndefined();
});

test('a holder that stood still for longer than its lease keeps the lock when nobody asked for it', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const held = await a.lock('name', { lease: 900 }).acquire();
  const before = await b.get('@lock/name');
  clockOfA.advance(100_000);
  clockOfB.advance(100_000);
  expect(held.isHeld).toBe(false);
  await turnsUntil(async () => (await b.get('@lock/name')) !== before);
  clockOfA.advance(300);
  await turnsUntil(() => held.isHeld);
  expect(await b.lock('name').tryAcquire()).toBeUndefined();
  await held.release();
});

test('fences grow from lock to lock, also after clear()', async () => {
  const cache = openCache();
  const fences: number[] = [];
  for (const name of ['a', 'b', 'a']) {
    await using held = await cache.lock(name).acquire();
    fences.push(held.fence);
  }
  await cache.clear();
  await using held = await cache.semaphore('c', { permits: 2 }).acquire();
  fences.push(held.fence);
  expect(fences).toEqual(fences.toSorted((a, b) => a - b));
  expect(new Set(fences).size).toBe(4);
});

test('fences grow although the time of day goes back', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const first = await cache.lock('name').run(({ fence }) => fence);
  clock.advance(-86_400_000);
  expect(await cache.lock('name').run(({ fence }) => fence)).toBeGreaterThan(first);
});

test('fences of a process grow after clear() in the same ms, and when the time of day went back', async () => {
  const [a, b, clockOfA] = twoCaches();
  const fenceOf = (cache: typeof a) => cache.lock('name').run(({ fence }) => fence);
  const fences = [await fenceOf(a)];
  await a.clear();
  fences.push(await fenceOf(a));
  await a.clear();
  clockOfA.advance(-86_400_000);
  fences.push(await fenceOf(a));
  // What others have begun anew meanwhile is lower.
  await b.clear();
  await fenceOf(b);
  fences.push(await fenceOf(a));
  expect(fences).toEqual([...new Set(fences)].toSorted((x, y) => x - y));
});

/** A clock whose time of day jumps while its monotonic time goes on. */
function jumpingClock(): Clock & { jump: number; passed: number } {
  const start = Date.UTC(2026, 0, 1);
  return {
    jump: 0,
    passed: 0,
    now() {
      return start + this.jump + this.passed;
    },
    monotonic() {
      return 1_000_000 + this.passed;
    },
    every: () => () => undefined,
  };
}

test.for([3_600_000, -3_600_000, 86_400_000, -86_400_000])(
  'a jump of the time of day by %i ms neither takes a lock from its holder nor leaves that of a dead one',
  async (jump) => {
    const clock = jumpingClock();
    const cache = openCache({ clock });
    const lock = cache.lock('name', { lease: 900 });
    const held = await lock.acquire();
    clock.jump = jump;
    expect(await lock.tryAcquire()).toBeUndefined();
    await cache.transact((tx) => held.assertHeld(tx));
    clock.passed = 900;
    expect(await lock.tryAcquire()).toBeDefined();
  },
);

test('a lease from before the machine was started anew is not believed', async () => {
  const clock = jumpingClock();
  const cache = openCache({ clock });
  await cache.lock('name').acquire();
  clock.passed = -999_000;
  expect(await cache.lock('name').tryAcquire()).toBeDefined();
});

test('waiting for a lock writes nothing', async () => {
  const directory = folderInMemory();
  const cache = openCache({}, directory);
  const other = openCache({}, directory);
  const held = await cache.lock('name').acquire();
  const waiting = Array.from({ length: 10 }, () => other.lock('name').acquire());
  const before = transactionsInLog(directory);
  const looks = async () => (await other.stats()).hits;
  const since = await looks();
  await turnsUntil(async () => (await looks()) - since >= 15);
  expect(transactionsInLog(directory)).toBe(before);
  await held.release();
  for (const one of waiting) await (await one).release();
});

test('one of many that wait in a process looks whether the lock is free', async () => {
  const directory = folderInMemory();
  const held = await openCache({}, directory).lock('name').acquire();
  const other = openCache({}, directory);
  const waiting = Array.from({ length: 100 }, () => other.lock('name').acquire());
  await turnsUntil(async () => (await other.stats()).hits >= 3);
  expect((await other.stats()).hits).toBeLessThan(100);
  await held.release();
  for (const one of waiting) await (await one).release();
});

test('a fair lock goes round in the order of coming, among caches on the folder', async () => {
  const [a, b] = twoCaches();
  const open = (cache: typeof a) => cache.lock('name', { fair: true });
  const first = await open(a).acquire();
  const order: number[] = [];
  const runs = [b, a, a, b, b, a].map(async (cache, number) => {
    await open(cache).run(() => order.push(number));
  });
  const places = async () => JSON.parse((await a.get<string>('@lock/name')) as string).waiting.length;
  await turnsUntil(async () => (await places()) === 6);
  expect(await open(b).tryAcquire()).toBeUndefined();
  await first.release();
  await Promise.all(runs);
  // Calls of one process are in their order; those of both as they were committed.
  expect(order.toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(order.filter((number) => [1, 2, 5].includes(number))).toEqual([1, 2, 5]);
  expect(order.filter((number) => [0, 3, 4].includes(number))).toEqual([0, 3, 4]);
});

test('who has waited for a second gets the lock, although others take it again at once each time', async () => {
  const [a, b] = twoCaches();
  let isEnded = false;
  const taking = (async () => {
    while (!isEnded) {
      await using _ = await a.lock('name').acquire();
      await setImmediate();
    }
  })();
  for (let turn = 0; turn < 2; turn++) await b.lock('name').run(() => undefined, { timeout: 4_000 });
  isEnded = true;
  await taking;
  expect(await a.lock('name').isHeld()).toBe(false);
}, 10_000);

test('those that wait in turn for a lock and lost their places, as others took them for dead, still get it', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const terms = { fair: true, lease: 900 };
  const held = await b.lock('name', terms).acquire();
  const waiting = Array.from({ length: 5 }, () => a.lock('name', terms).acquire());
  const state = async () => JSON.parse((await b.get<string>('@lock/name')) as string);
  await turnsUntil(async () => (await state()).waiting.length === 5);
  clockOfA.advance(500);
  // Only some of them gave a sign of life in time.
  await b.transact((tx) => {
    const { holders, waiting: places } = JSON.parse(tx.get<string>('@lock/name') as string);
    const [first, second, ...others] = places as [number, number, number][];
    const ended = [first, second].map((place) => [place?.[0], 1, 900]);
    tx.set('@lock/name', JSON.stringify({ holders, waiting: [...ended, ...others] }), { pinned: true });
  });
  clockOfB.advance(500);
  await held.release();
  const served = waiting.map(async (one) => (await one).release());
  await Promise.all(served);
  expect(await b.lock('name').isHeld()).toBe(false);
});

test('who waits for a lock in turn and who does not can be in one process', async () => {
  const cache = openCache();
  const held = await cache.lock('name').acquire();
  const order: string[] = [];
  const runs = ['', 'fair', '', 'fair', 'fair', ''].map((how) =>
    cache.lock('name', { fair: how === 'fair' }).run(async () => {
      order.push(how);
      await setImmediate();
    }),
  );
  await someTurns();
  await held.release();
  await Promise.all(runs);
  expect(order.toSorted()).toEqual(['', '', '', 'fair', 'fair', 'fair']);
});

test('a fair lock is not taken by who came later, and passes over one who died waiting', async () => {
  const [a, b, , clockOfB] = twoCaches();
  const terms = { fair: true, lease: 900 };
  const held = await b.lock('name', terms).acquire();
  const dead = a.lock('name', terms).acquire();
  const places = async () => JSON.parse((await b.get<string>('@lock/name')) ?? '{}').waiting.length;
  await turnsUntil(async () => (await places()) === 1);
  let isNext = false;
  const next = b
    .lock('name', terms)
    .acquire()
    .then(() => (isNext = true));
  await turnsUntil(async () => (await places()) === 2);
  // Its place stays, as when it is killed.
  await Promise.all([expect(dead).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' }), a.close()]);
  await held.release();
  await someTurns();
  expect([isNext, await places()]).toEqual([false, 2]);
  clockOfB.advance(900);
  await next;
  expect(await places()).toBe(0);
});

test('what a lock keeps is not evicted, expires with no ttl of the cache, and is gone when it is free', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, ttl: 10, maxIdle: 5, entryLimit: 20 });
  const held = await cache.lock('name', { lease: 600_000 }).acquire();
  clock.advance(1000);
  for (let key = 0; key < 100; key++) await cache.set(key, key);
  expect(await cache.lock('name').isHeld()).toBe(true);
  await held.release();
  clock.advance(1000);
  expect(await cache.count()).toBe(1);
  expect(await cache.has('@fence')).toBe(true);
});

test.for(['a/b', 'a', '%2F', 'a%2Fb', '/', '_', '\0', 'ü', '😀', ' ', '@lock/a', 'x'.repeat(300)])(
  'a lock can have the name %j, and is no other then',
  async (name) => {
    const cache = openCache();
    const others = ['a/b', 'a', 'a%2Fb', 'a%252Fb', '/', 'b', '\0\0', 'x'].filter((other) => other !== name);
    await using _ = await cache.lock(name).acquire();
    expect(await cache.lock(name).tryAcquire()).toBeUndefined();
    for (const other of others) expect(await cache.lock(other).isHeld()).toBe(false);
  },
);

test.for([
  ['', undefined, 'KEY', /name of a collection or recipe .* given ""/],
  ['\ud800', undefined, 'KEY', /well-formed/],
  [5, undefined, 'KEY', /given 5/],
  ['name', { lease: 0 }, 'OPTION', /lease must be .* above 0.*given 0/],
  ['name', { lease: Infinity }, 'OPTION', /lease must be .*600000/],
  ['name', { fair: 1 }, 'OPTION', /fair must be true or false; given 1/],
  ['name', { leases: 5 }, 'OPTION', /unknown option 'leases'/],
  ['name', 5, 'OPTION', /options must be an object/],
] as const)('lock(%j, %j) is refused', ([name, options, code, message]) => {
  const cache = openCache();
  const open = () => cache.lock(name as string, options as never);
  expect(open).toThrow(message);
  expect(open).toThrow(
    expect.objectContaining({ name: 'InvalidArgumentError', code: `ERR_DISKCACHE_${code}` }),
  );
});

test.for([{ timeout: -1 }, { timeout: Infinity }, { signal: 5 }, { wait: true }, 5])(
  'acquire(%j) is refused',
  async (options) => {
    const refused = openCache()
      .lock('name')
      .acquire(options as never);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
  },
);

test('acquire() rejects after close() of the cache, also when it waits', async () => {
  const directory = folderInMemory();
  await using _ = await openCache({}, directory).lock('name').acquire();
  const cache = openCache({}, directory);
  const waiting = cache.lock('name').acquire();
  await setImmediate();
  await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' }), cache.close()]);
  await expect(cache.lock('name').acquire()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
});

test('many that wait in turn in one process give one sign of life', async () => {
  const directory = folderInMemory();
  const clock = new FakeClock();
  const cache = openCache({ clock }, directory);
  const held = await openCache({ clock }, directory).lock('name', { lease: 600_000 }).acquire();
  const waiting = Array.from({ length: 50 }, () => cache.lock('name', { fair: true, lease: 900 }).acquire());
  const places = async () => JSON.parse((await cache.get<string>('@lock/name')) as string).waiting;
  await turnsUntil(async () => (await places()).length === 50);
  const before = transactionsInLog(directory);
  clock.advance(300);
  await turnsUntil(() => transactionsInLog(directory) > before);
  await someTurns();
  expect(transactionsInLog(directory)).toBe(before + 1);
  expect(new Set((await places()).map(([, until]: [number, number]) => until)).size).toBe(1);
  await held.release();
  for (const one of waiting) await (await one).release();
  expect(await cache.lock('name').isHeld()).toBe(false);
});

test('what is held when its cache is closed is not free before its lease ends, and is lost then', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const held = await a.lock('name', { lease: 900 }).acquire();
  await a.close();
  clockOfA.advance(899);
  clockOfB.advance(899);
  await someTurns();
  expect([held.isHeld, held.signal.aborted, await b.lock('name').tryAcquire()]).toEqual([
    true,
    false,
    undefined,
  ]);
  clockOfA.advance(1);
  clockOfB.advance(1);
  await turnsUntil(() => held.signal.aborted);
  expect(held.signal.reason).toMatchObject({ ...NOT_HELD, cause: { code: 'ERR_DISKCACHE_CLOSED' } });
  expect([held.isHeld, await b.lock('name').isHeld()]).toEqual([false, false]);
});

test('a release that has begun is finished by close()', async () => {
  const [a, b] = twoCaches();
  {
    using _ = await a.lock('name').acquire();
  }
  await a.close();
  expect(await b.lock('name').isHeld()).toBe(false);
});

test('clear() of the cache takes a lock from its holder, who cannot write as such any more', async () => {
  const [a, b, clockOfA, clockOfB] = twoCaches();
  const held = await a.lock('name', { lease: 900 }).acquire();
  await b.clear();
  clockOfB.advance(1);
  await expect(a.transact((tx) => held.assertHeld(tx))).rejects.toMatchObject(NOT_HELD);
  const next = await b.lock('name').acquire();
  expect(next.fence).toBeGreaterThan(held.fence);
  clockOfA.advance(300);
  await turnsUntil(() => held.signal.aborted);
  await expect(held.release()).rejects.toMatchObject(NOT_HELD);
  expect(await b.lock('name').isHeld()).toBe(true);
});

test('where there is no room for what a lock keeps it is a typed error; one that is held stays so', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, entryLimit: 10 });
  const held = await cache.lock('name', { lease: 900 }).acquire();
  for (let key = 0; key < 8; key++) await cache.set(key, key, { pinned: true });
  const full = { code: 'ERR_DISKCACHE_FULL' };
  await expect(cache.lock('other').acquire()).rejects.toMatchObject(full);
  await expect(cache.semaphore('other', { permits: 1 }).tryAcquire()).rejects.toMatchObject(full);
  await expect(cache.rateLimiter('other', { limit: 1 }).take()).rejects.toMatchObject(full);
  await expect(cache.barrier('other', { parties: 2 }).wait()).rejects.toMatchObject(full);
  const before = await cache.get('@lock/name');
  clock.advance(300);
  await turnsUntil(async () => (await cache.get('@lock/name')) !== before);
  expect(held.isHeld).toBe(true);
  await held.release();
});
