import { afterEach, describe, expect, test, vi } from 'vitest';
import { listed, openCache, openSync } from '../support/caches.ts';
import { transactionsInLog } from '../support/on-disk.ts';

const LARGE = 'large '.repeat(100);
const open = () => openCache({ fileThreshold: 100 });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('calls that are not awaited take effect in call order', () => {
  test('set after set, small and large', async () => {
    const cache = open();
    for (const value of ['a', LARGE, 'b', `${LARGE}2`, `${LARGE}3`]) void cache.set('key', value);
    expect(await cache.get('key')).toBe(`${LARGE}3`);
    void cache.set('key', LARGE);
    void cache.set('key', 'small');
    expect(await cache.get('key')).toBe('small');
  });

  test('a read sees the write before it and not the one after it', async () => {
    const cache = open();
    const seen = [];
    for (let round = 0; round < 5; round++) {
      void cache.set('key', round);
      seen.push(cache.get('key'));
      void cache.set('key', `${LARGE}${round}`);
      seen.push(
        cache.get('key'),
        cache.has('key'),
        cache.entry('key').then((entry) => entry?.value),
      );
      void cache.delete('key');
      seen.push(cache.get('key'), cache.getMany(['key', 'other']));
    }
    expect(await Promise.all(seen)).toEqual(
      [0, 1, 2, 3, 4].flatMap((round) => {
        const large = `${LARGE}${round}`;
        return [round, large, true, large, undefined, [undefined, undefined]];
      }),
    );
  });

  test.for([
    ['small', 'value'],
    ['large', LARGE],
  ])('add() of a %s value, then delete()', async ([, value]) => {
    const cache = open();
    const results = [cache.add('key', value), cache.delete('key'), cache.has('key')];
    expect(await Promise.all(results)).toEqual([true, true, false]);
    expect(await cache.has('key')).toBe(false);
  });

  test.for([
    ['small', 'value'],
    ['large', LARGE],
  ])('add() of a %s value, then set()', async ([, value]) => {
    const cache = open();
    const added = cache.add('key', value);
    void cache.set('key', 'set');
    expect(await added).toBe(true);
    expect(await cache.get('key')).toBe('set');
  });

  test('of two add() the first wins', async () => {
    const cache = open();
    const added = [cache.add('key', LARGE), cache.add('key', 'second'), cache.add('key', `${LARGE}3`)];
    expect(await Promise.all(added)).toEqual([true, false, false]);
    expect(await cache.get('key')).toBe(LARGE);
  });

  test('set() of a large value, then clear()', async () => {
    const cache = open();
    void cache.set('a', LARGE);
    void cache.set('b', 'small');
    expect(await cache.clear()).toBe(2);
    expect(await cache.count()).toBe(0);
  });

  test('clear(), then set()', async () => {
    const cache = open();
    await cache.setMany(Array.from({ length: 600 }, (_, key) => [key, key]));
    const cleared = cache.clear();
    void cache.set('small', 'small');
    void cache.set('large', LARGE);
    expect(await listed(cache.keys())).toEqual(['large', 'small']);
    expect(await cleared).toBe(600);
  });

  test('set(), evict(), set()', async () => {
    const cache = open();
    void cache.set('before', LARGE, { tags: ['tag'] });
    const evicted = cache.evict('tag');
    void cache.set('after', LARGE, { tags: ['tag'] });
    expect(await evicted).toBe(1);
    expect(await listed(cache.keys())).toEqual(['after']);
  });

  test('set(), deletePrefix(), set()', async () => {
    const cache = open();
    void cache.set('a1', LARGE);
    const deleted = cache.deletePrefix('a');
    void cache.set('a2', LARGE);
    expect(await deleted).toBe(1);
    expect(await listed(cache.keys())).toEqual(['a2']);
  });

  test('set(), transact(), set()', async () => {
    const cache = open();
    void cache.set('key', LARGE);
    const seen = cache.transact((tx) => {
      const found = tx.get('key');
      tx.set('key', 'in between');
      return found;
    });
    const between = cache.get('key');
    void cache.set('key', 'last');
    expect(await Promise.all([seen, between, cache.get('key')])).toEqual([LARGE, 'in between', 'last']);
  });

  test('touch() and delete() after a set()', async () => {
    const cache = open();
    void cache.set('key', LARGE);
    expect(await Promise.all([cache.touch('key', { ttl: 5000 }), cache.delete('key')])).toEqual([true, true]);
  });

  test('count(), size(), stats() and check() see the writes before them', async () => {
    const cache = open();
    void cache.set('a', LARGE);
    const [count, size, stats, report] = [cache.count(), cache.size(), cache.stats(), cache.check()];
    expect(await count).toBe(1);
    expect(await size).toBeGreaterThan(0);
    expect(await stats).toMatchObject({ count: 1 });
    expect(await report).toMatchObject({ ok: true, entries: 1, files: 1 });
  });

  test('keys() and entries() see the writes before their first step', async () => {
    const cache = open();
    void cache.set('a', LARGE);
    expect(await listed(cache.keys())).toEqual(['a']);
    void cache.set('b', 'B');
    expect((await listed(cache.entries())).map(({ value }) => value)).toEqual([LARGE, 'B']);
  });

  test('a write on one key does not wait for the file of another', async () => {
    const cache = open();
    const order: string[] = [];
    await Promise.all([
      cache.set('large', 'x'.repeat(5_000_000)).then(() => order.push('large')),
      cache.set('small', 'x').then(() => order.push('small')),
    ]);
    expect(order).toEqual(['small', 'large']);
  });
});

describe('writes that are called together', () => {
  test('are one transaction', async () => {
    const cache = open();
    await cache.set('warm', 'up');
    const before = transactionsInLog(cache.directory);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    await Promise.all(Array.from({ length: 64 }, (_, key) => cache.set(key, 'value')));
    expect(transactionsInLog(cache.directory) - before).toBe(1);
  });

  test('are split so that none keeps the event loop for long', async () => {
    const cache = open();
    const before = transactionsInLog(cache.directory);
    let now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 1));
    await cache.setMany(Array.from({ length: 64 }, (_, key) => [key, 'value']));
    expect(transactionsInLog(cache.directory) - before).toBeGreaterThan(3);
    expect(await cache.count()).toBe(64);
  });

  test('are committed when their promises resolve', async () => {
    const cache = open();
    const other = openSync({}, cache.directory);
    await Promise.all(
      Array.from({ length: 50 }, async (_, key) => {
        await cache.set(key, key % 2 === 0 ? key : LARGE);
        expect(other.get(key)).toBe(key % 2 === 0 ? key : LARGE);
      }),
    );
  });

  test('fail alone', async () => {
    const cache = openCache({ eviction: 'none', entryLimit: 4 });
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, key) => (key === 2 ? cache.transact(fail) : cache.set(key, key))),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(await listed(cache.keys())).toEqual([0, 1, 3, 4]);
    expect(await cache.stats()).toMatchObject({ sets: 4 });
  });

  test('give the answers they would give one by one although one of them fails', async () => {
    const cache = openCache({ eviction: 'none', entryLimit: 2 });
    const results = await Promise.allSettled([
      cache.set('a', 1),
      cache.add('a', 2),
      cache.add('b', 3),
      cache.set('c', 4),
      cache.delete('a'),
      cache.delete('a'),
      cache.touch('b'),
      cache.get('b'),
    ]);
    expect(results.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
      undefined,
      false,
      true,
      'ERR_DISKCACHE_FULL',
      true,
      false,
      true,
      3,
    ]);
  });
});

function fail(): never {
  throw new Error('of this body');
}
