import type { DiskCacheOptions, DiskCacheSync, EvictionPolicy, Key } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const POLICIES = ['lru', 'lfu', 'fifo', 's3-fifo', 'none'] as const;
const DRAWING = ['lru', 'lfu', 's3-fifo'] as const;
const CHANGES = POLICIES.flatMap((before) =>
  POLICIES.filter((after) => after !== before).map((after) => [before, after] as const),
);

describe.for(CHANGES)('from %s to %s and back', ([before, after]) => {
  test.for<[string, { entryLimit?: number; sizeLimit?: number }]>([
    ['entryLimit', { entryLimit: 150 }],
    ['sizeLimit', { sizeLimit: 60_000 }],
  ])('%s is kept, and nothing is refused but by none', ([, limits]) => {
    const as = changing(limits);
    const { entryLimit = Infinity, sizeLimit = Infinity } = limits;
    for (const [phase, eviction] of [before, after, before].entries()) {
      const cache = as(eviction);
      for (const key of numbered(`phase ${phase},`, 250)) {
        const isStored = isTaken(cache, key);
        if (eviction !== 'none') expect(isStored).toBe(true);
        expect(cache.has(key)).toBe(isStored);
        expect(cache.count()).toBeLessThanOrEqual(entryLimit);
        expect(cache.size()).toBeLessThanOrEqual(sizeLimit);
      }
      for (const key of everyNth(3, cache.keys())) cache.get(key);
      for (const key of everyNth(5, cache.keys())) cache.delete(key);
      expect(cache.check()).toMatchObject({ ok: true, problems: [] });
    }
  });
});

test.for(POLICIES)('what is too much after %s goes once another policy has a lower limit', (before) => {
  const directory = folderInMemory();
  const first = openSync({ eviction: before }, directory);
  setAll(first, numbered('key', 300));
  first.close();
  for (const [place, eviction] of POLICIES.filter((one) => one !== 'none').entries()) {
    const entryLimit = 250 - 50 * place;
    const cache = openSync({ eviction, entryLimit }, directory);
    expect(cache.cull()).toBe(50);
    expect(cache.check()).toMatchObject({ ok: true, entries: entryLimit });
    cache.close();
  }
});

test('an existing cache goes on under another policy, by the uses that were written', () => {
  const directory = folderInMemory();
  const first = openSync({ eviction: 'lru', entryLimit: 3 }, directory);
  for (const key of ['a', 'b', 'c']) first.set(key, key);
  first.get('a');
  first.close();
  const second = openSync({ eviction: 'fifo', entryLimit: 3 }, directory);
  expect(keysAfter(second, 'd')).toEqual(['b', 'c', 'd']);
  second.close();
  const third = openSync({ eviction: 'lfu', entryLimit: 3 }, directory);
  for (const key of ['b', 'b', 'd']) third.get(key);
  expect(keysAfter(third, 'e')).toEqual(['b', 'd', 'e']);
  third.close();
  const fourth = openSync({ eviction: 'lru', entryLimit: 3 }, directory);
  fourth.get('b');
  expect(keysAfter(fourth, 'f')).toEqual(['b', 'e', 'f']);
  expect(fourth.check()).toMatchObject({ ok: true });
});

test('none refuses what is new in a cache that another policy has filled, and keeps everything', () => {
  const as = changing({ entryLimit: 3 });
  setAll(as('lru'), ['a', 'b', 'c', 'd']);
  const cache = as('none');
  expect(() => cache.set('e', 'e')).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_FULL' }));
  cache.set('b', 'again');
  expect([...cache.keys()]).toEqual(['b', 'c', 'd']);
});

test.for(['lfu', 's3-fifo'] as const)(
  'lru after %s goes by when entries were used, not how often',
  (before) => {
    const as = changing({ entryLimit: 3 });
    const first = as(before);
    setAll(first, ['a', 'b', 'c']);
    for (const key of ['a', 'a', 'a', 'c', 'b']) first.get(key);
    const cache = as('lru');
    expect(keysAfter(cache, 'd')).toEqual(['b', 'c', 'd']);
    expect(keysAfter(cache, 'e')).toEqual(['b', 'd', 'e']);
  },
);

test.for(['lru', 's3-fifo'] as const)(
  'lfu after %s goes by how often entries were used, not when',
  (before) => {
    const as = changing({ entryLimit: 3 });
    const first = as(before);
    setAll(first, ['a', 'b', 'c']);
    for (const key of ['a', 'a', 'a', 'b', 'b', 'c']) first.get(key);
    const cache = as('lfu');
    expect(keysAfter(cache, 'd')).toEqual(['a', 'b', 'd']);
    expect(keysAfter(cache, 'e')).toEqual(['a', 'd', 'e']);
  },
);

test.for(['lru', 'lfu'] as const)('s3-fifo after %s keeps what was used through a scan', (before) => {
  const as = changing({ entryLimit: 20 });
  const first = as(before);
  const used = numbered('used', 5);
  setAll(first, [...used, ...numbered('unused', 15)]);
  for (const key of used) first.get(key);
  const cache = as('s3-fifo');
  setAll(cache, numbered('scanned', 100));
  expect(cache.getMany(used)).toEqual(used);
});

test.for(['fifo', 'none'] as const)('lru after %s goes by when entries were stored', (before) => {
  const as = changing({ entryLimit: 3 });
  const first = as(before);
  setAll(first, ['a', 'b', 'c']);
  first.set('a', 'again');
  first.get('b');
  const cache = as('lru');
  expect(keysAfter(cache, 'd')).toEqual(['a', 'c', 'd']);
  expect(keysAfter(cache, 'e')).toEqual(['a', 'd', 'e']);
});

test.for([...DRAWING, 'none'] as const)('fifo after %s evicts in the order of arrival', (before) => {
  const as = changing({ entryLimit: 4 });
  const first = as(before);
  setAll(first, ['a', 'b', 'c']);
  first.set('a', 'again');
  first.get('b');
  const cache = as('fifo');
  setAll(cache, ['d', 'e']);
  expect(keysAfter(cache, 'f')).toEqual(['c', 'd', 'e', 'f']);
  expect(keysAfter(cache, 'g')).toEqual(['d', 'e', 'f', 'g']);
});

test.for(DRAWING)('fifo after a full %s evicts all that was there before what comes after', (before) => {
  const as = changing({ entryLimit: 100 });
  setAll(as(before), numbered('before', 500));
  const cache = as('fifo');
  const after = numbered('after', 100);
  for (const [place, key] of after.entries()) {
    cache.set(key, key);
    expect(cache.getMany(after.slice(0, place + 1))).toEqual(after.slice(0, place + 1));
  }
  expect(cache.count()).toBe(100);
});

test('lru after a fifo of which most was deleted evicts little of what was just stored', () => {
  const as = changing({ entryLimit: 3000 });
  const first = as('fifo');
  first.transact((tx) => setAll(tx, numbered('old', 3000)));
  first.transact((tx) => {
    for (const [place, key] of numbered('old', 3000).entries()) if (place % 50 !== 0) tx.delete(key);
  });
  first.close();
  const cache = as('lru', { entryLimit: 100 });
  const fresh = numbered('new', 90);
  setAll(cache, fresh);
  expect(cache.count()).toBe(100);
  expect(cache.getMany(fresh).filter(Boolean).length).toBeGreaterThan(70);
});

/** Opens one directory under one policy after another. */
function changing(options: DiskCacheOptions) {
  const directory = folderInMemory();
  const clock = new FakeClock();
  const shared = { clock, random: seededRandom(), ...options };
  let cache: DiskCacheSync | undefined;
  return (eviction: EvictionPolicy, now: DiskCacheOptions = {}) => {
    cache?.close();
    clock.advance(1000);
    cache = openSync({ ...shared, ...now, eviction }, directory);
    return cache;
  };
}

/** Sets a key. @returns false when it was refused because the cache is full */
function isTaken(cache: DiskCacheSync, key: Key): boolean {
  try {
    cache.set(key, key);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
    return false;
  }
}

function setAll(cache: DiskCacheSync, keys: readonly Key[]): void {
  for (const key of keys) cache.set(key, key);
}

function keysAfter(cache: DiskCacheSync, key: Key): Key[] {
  cache.set(key, key);
  return [...cache.keys()];
}

function everyNth(n: number, keys: Iterable<Key>): Key[] {
  return [...keys].filter((_, place) => place % n === 0);
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${name} ${number}`);
}
