import { expect, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const failing = () => {
  throw new Error('no value');
};

test('With staleWhileRevalidate an expired value is returned at once, and replaced in the background', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const options = { ttl: 100, staleWhileRevalidate: 1000 };
  await cache.getOrSet('key', () => 'old', options);
  clock.advance(1099);
  const { promise, resolve } = Promise.withResolvers<string>();
  let begun = 0;
  const compute = () => {
    begun++;
    return promise;
  };
  expect(await cache.getOrSet('key', compute, options)).toBe('old');
  await turnsUntil(() => begun > 0);
  expect(await cache.getOrSet('key', compute, options)).toBe('old');
  resolve('new');
  while (!(await cache.has('key'))) await someTurns();
  expect(await cache.getOrSet('key', failing, options)).toBe('new');
  expect(begun).toBe(1);
});

test('Beyond staleWhileRevalidate a call waits for the new value', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const options = { ttl: 100, staleWhileRevalidate: 1000 };
  await cache.getOrSet('key', () => 'old', options);
  clock.advance(1100);
  expect(await cache.getOrSet('key', () => 'new', options)).toBe('new');
});

test("A call's own staleWhileRevalidate counts too", async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.getOrSet('key', () => 'old', { ttl: 100, staleWhileRevalidate: 1000 });
  clock.advance(600);
  expect(await cache.getOrSet('key', () => 'new', { ttl: 100, staleWhileRevalidate: 500 })).toBe('new');
});

test('A value that was stored without leave to become stale is not returned when it has expired', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('key', 'old', { ttl: 100 });
  clock.advance(100);
  expect(await cache.getOrSet('key', () => 'new', { staleWhileRevalidate: 1000 })).toBe('new');
});

test('A stale value counts as a miss', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const options = { ttl: 100, staleWhileRevalidate: 1000 };
  await cache.getOrSet('key', () => 'old', options);
  clock.advance(100);
  await cache.getOrSet('key', () => 'new', options);
  expect(await cache.stats()).toMatchObject({ hits: 0, misses: 2 });
});

test('A failure in the background is an error event, and the value stays as long as it may', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  const options = { ttl: 100, staleWhileRevalidate: 1000 };
  await cache.getOrSet('key', () => 'old', options);
  clock.advance(100);
  expect(await cache.getOrSet('key', failing, options)).toBe('old');
  await turnsUntil(() => heard.length > 0);
  expect(heard).toMatchObject([{ code: 'ERR_DISKCACHE_COMPUTE', cause: { message: 'no value' } }]);
  expect(await cache.getOrSet('key', failing, options)).toBe('old');
});

test('A failure that is kept by errorTtl is not repeated in the background', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  const options = { ttl: 100, staleWhileRevalidate: 1000, errorTtl: 200 };
  await cache.getOrSet('key', () => 'old', options);
  clock.advance(100);
  await cache.getOrSet('key', failing, options);
  await turnsUntil(() => heard.length > 0);
  let begun = 0;
  const compute = () => `new ${++begun}`;
  for (let call = 0; call < 3; call++) expect(await cache.getOrSet('key', compute, options)).toBe('old');
  await someTurns();
  expect([begun, heard.length]).toEqual([0, 1]);
  clock.advance(200);
  await cache.getOrSet('key', compute, options);
  while (!(await cache.has('key'))) await someTurns();
  expect(begun).toBe(1);
});

test('A call that waits while the value is computed in the background gets that one', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.getOrSet('key', () => 'old', { ttl: 100, staleWhileRevalidate: 1000 });
  clock.advance(100);
  const { promise, resolve } = Promise.withResolvers<string>();
  await cache.getOrSet('key', () => promise, { staleWhileRevalidate: 1000 });
  const waiting = cache.getOrSet('key', failing);
  resolve('new');
  expect(await waiting).toBe('new');
});

test('close() aborts what is computed in the background, and does not wait for it', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const options = { ttl: 100, staleWhileRevalidate: 1000 };
  await cache.getOrSet('key', () => 'old', options);
  clock.advance(100);
  const signals: AbortSignal[] = [];
  const never = ({ signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise<string>(() => undefined);
  };
  await cache.getOrSet('key', never, options);
  await turnsUntil(() => signals.length > 0);
  await cache.close();
  expect(signals[0]).toMatchObject({ aborted: true, reason: { code: 'ERR_DISKCACHE_CLOSED' } });
  const left = foreignConnection(cache.directory).prepare('SELECT count(*) FROM lease').pluck().get();
  expect(left).toBe(0);
});

test('With staleIfError an expired value stands in when computing takes longer than the timeout', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const options = { ttl: 100, staleIfError: 1000, timeout: 5 };
  await cache.getOrSet('key', () => 'old', { ...options, timeout: undefined });
  clock.advance(100);
  const { promise, resolve } = Promise.withResolvers<string>();
  expect(await cache.getOrSet('key', () => promise, options)).toBe('old');
  resolve('new');
  while (!(await cache.has('key'))) await someTurns();
  expect(await cache.get('key')).toBe('new');
});

test('A failure for which stale values stand in is one error event, however many waited', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  const options = { ttl: 100, staleIfError: 1000 };
  await cache.getOrSet('key', () => 'old', options);
  clock.advance(100);
  const values = await Promise.all([1, 2, 3].map(() => cache.getOrSet('key', failing, options)));
  expect(values).toEqual(['old', 'old', 'old']);
  await someTurns();
  expect(heard.length).toBe(1);
});

test('A stale value in a file stands in as one in a row does', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, fileThreshold: 100 });
  const large = 'old '.repeat(100);
  const options = { ttl: 100, staleIfError: 1000 };
  await cache.getOrSet('key', () => large, options);
  clock.advance(100);
  expect(await cache.getOrSet('key', failing, options)).toBe(large);
});

test('A touch moves the time for which a value may be stale too', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const options = { ttl: 100, staleIfError: 1000 };
  await cache.getOrSet('key', () => 'old', options);
  await cache.touch('key', { ttl: 500 });
  clock.advance(1499);
  expect(await cache.getOrSet('key', failing, options)).toBe('old');
  clock.advance(1);
  await expect(cache.getOrSet('key', failing, options)).rejects.toThrow('no value');
});

test('With maxIdle each use moves the time for which a value may be stale too', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, maxIdle: 1000 });
  const options = { staleIfError: 100 };
  await cache.getOrSet('key', () => 'used', options);
  for (let use = 0; use < 5; use++) {
    clock.advance(900);
    expect(await cache.getOrSet('key', failing, options)).toBe('used');
    await someTurns();
    await cache.expire();
  }
  clock.advance(1099);
  expect(await cache.get('key')).toBeUndefined();
  expect(await cache.getOrSet('key', failing, options)).toBe('used');
  clock.advance(1);
  await expect(cache.getOrSet('key', failing, options)).rejects.toThrow('no value');
});

/** An entry that took 1000 ms to compute and lives for 10 s, at `leftMs` before its end. */
async function computedEntry(leftMs: number, random: () => number, beta = 1) {
  const clock = new FakeClock();
  const cache = openCache({ clock, random });
  const slow = () => {
    clock.advance(1000);
    return 'old';
  };
  await cache.getOrSet('key', slow, { ttl: 10_000, beta });
  clock.advance(10_000 - leftMs);
  return cache;
}

// -ln(0.36) is 1.02, and -ln(0.37) is 0.99: times the 1000 ms that it took, more and less than the 1000 ms left.
test.for([
  [0.36, 1, true],
  [0.37, 1, false],
  [0.37, 2, true],
  [0.14, 0.5, false],
  [0.13, 0.5, true],
] as const)(
  'With random %d and beta %d an entry is recomputed early: %s',
  async ([random, beta, isEarly]) => {
    const cache = await computedEntry(1000, () => random, beta);
    let begun = 0;
    const compute = () => `new ${++begun}`;
    expect(await cache.getOrSet('key', compute, { ttl: 10_000, beta })).toBe('old');
    if (isEarly) await turnsUntil(() => begun > 0);
    else await someTurns();
    await cache.close();
    expect(begun).toBe(isEarly ? 1 : 0);
  },
);

test('An early recomputation takes the place of the value, and is no error of the call when it fails', async () => {
  const cache = await computedEntry(1000, () => 0.1);
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  expect(await cache.getOrSet('key', failing, { beta: 1 })).toBe('old');
  await turnsUntil(() => heard.length > 0);
  expect(await cache.getOrSet('key', () => 'new', { beta: 1 })).toBe('old');
  while ((await cache.get('key')) !== 'new') await someTurns();
});

test('Without beta no entry is recomputed early', async () => {
  const cache = await computedEntry(1, () => 1e-300);
  expect(await cache.getOrSet('key', failing)).toBe('old');
  await someTurns();
});

test('What is deleted during an early recomputation stays deleted', async () => {
  const cache = await computedEntry(1000, () => 0.1);
  const { promise, resolve } = Promise.withResolvers<string>();
  let begun = 0;
  const compute = () => {
    begun++;
    return promise;
  };
  await cache.getOrSet('key', compute, { beta: 1 });
  await turnsUntil(() => begun > 0);
  await cache.delete('key');
  resolve('new');
  await cache.close();
  expect(openSync({}, cache.directory).has('key')).toBe(false);
});

test('Of many readers as many are early as the paper says', async () => {
  const { sync } = await computedEntry(2000, seededRandom(7));
  let early = 0;
  const compute = () => `new ${++early}`;
  for (let read = 0; read < 4000; read++)
    sync.getOrSet('key', compute, { beta: 1, shouldCache: () => false });
  expect(early / 4000).toBeGreaterThan(Math.exp(-2) - 0.02);
  expect(early / 4000).toBeLessThan(Math.exp(-2) + 0.02);
});
