import type { DiskCacheOptions, DiskCacheSync, EvictionPolicy, Key } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const EVICTING = ['lru', 'lfu', 'fifo', 's3-fifo'] as const;

/** How an entry's value is stored, and a value of about 10 kB. */
const STORAGES: [string, DiskCacheOptions][] = [
  ['rows', {}],
  ['files', { fileThreshold: 1 }],
];
const TEN_KB = 'x'.repeat(10_000);

describe.for(EVICTING)('%s', (eviction) => {
  test('entryLimit is kept exactly after each set()', async () => {
    const cache = openCache({ eviction, entryLimit: 5 });
    for (let key = 0; key < 50; key++) {
      await cache.set(key, key);
      expect(await cache.count()).toBe(Math.min(key + 1, 5));
    }
    expect(await cache.stats()).toMatchObject({ evicted: 45 });
  });

  test('entryLimit 1 keeps the entry just written', () => {
    const cache = openSync({ eviction, entryLimit: 1 });
    for (const key of ['a', 'b', 'c']) {
      cache.set(key, key);
      expect([...cache.keys()]).toEqual([key]);
    }
  });

  test.for(STORAGES)(
    'sizeLimit is kept after each set(), and no more is evicted than needed, in %s',
    async (storage) => {
      const sizeLimit = 100_000;
      const cache = openCache({ eviction, sizeLimit, ...storage[1] });
      await cache.set(0, TEN_KB);
      const each = await cache.size();
      const most = Math.floor(sizeLimit / each);
      for (let key = 1; key < 40; key++) {
        await cache.set(key, TEN_KB);
        expect(await cache.size()).toBeLessThanOrEqual(sizeLimit);
        expect(await cache.count()).toBe(Math.min(key + 1, most));
        expect(await cache.has(key)).toBe(true);
      }
      expect(await cache.check()).toMatchObject({ ok: true });
    },
  );

  test.for(STORAGES)('sizeLimit is kept when many sets are made at once, in %s', async ([, storage]) => {
    const cache = openCache({ eviction, sizeLimit: 100_000, ...storage });
    await Promise.all(Array.from({ length: 100 }, (_, key) => cache.set(key, TEN_KB)));
    expect(await cache.size()).toBeLessThanOrEqual(100_000);
    expect(await cache.size()).toBeGreaterThan(70_000);
    expect(await cache.has(99)).toBe(true);
    expect(await cache.check()).toMatchObject({ ok: true });
  });

  test('a large value takes the place of as many small ones as it needs', async () => {
    const cache = openCache({ eviction, sizeLimit: 100_000 });
    for (let key = 0; key < 9; key++) await cache.set(key, 'x'.repeat(5_000));
    await cache.set('large', 'x'.repeat(70_000));
    expect(await cache.has('large')).toBe(true);
    expect(await cache.count()).toBeGreaterThanOrEqual(3);
    expect(await cache.size()).toBeLessThanOrEqual(100_000);
  });

  test('an overwrite with a larger value evicts others, not itself', async () => {
    const cache = openCache({ eviction, sizeLimit: 100_000 });
    for (let key = 0; key < 9; key++) await cache.set(key, TEN_KB.slice(0, 5_000));
    await cache.set(0, 'x'.repeat(80_000));
    expect(await cache.get<string>(0)).toHaveLength(80_000);
    expect(await cache.size()).toBeLessThanOrEqual(100_000);
  });

  test.for(STORAGES)(
    'a value larger than sizeLimit is refused and nothing is lost, in %s',
    async ([, storage]) => {
      const cache = openCache({ eviction, sizeLimit: 100_000, ...storage });
      for (const key of ['a', 'b']) await cache.set(key, TEN_KB);
      for (const key of ['a', 'new']) {
        const refused = cache.set(key, 'x'.repeat(100_001));
        await expect(refused).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TOO_LARGE' });
        await expect(refused).rejects.toThrow(/100001 bytes.*sizeLimit 100000/);
      }
      expect(await cache.getMany(['a', 'b', 'new'])).toEqual([TEN_KB, TEN_KB, undefined]);
      expect(await cache.check()).toMatchObject({ ok: true, entries: 2 });
    },
  );

  test('a value that only its tags make too large is refused and nothing is lost', async () => {
    const cache = openCache({ eviction, sizeLimit: 100_000, fileThreshold: 1 });
    for (const key of ['a', 'b']) await cache.set(key, TEN_KB);
    const tags = Array.from({ length: 300 }, (_, tag) => `tag ${tag}`);
    const refused = cache.set('new', 'x'.repeat(94_000), { tags });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TOO_LARGE' });
    await expect(refused).rejects.toThrow(
      /94000 bytes.*sizeLimit 100000: with its key and tags it takes 1\d{5}$/,
    );
    expect(await cache.count()).toBe(2);
  });

  test('expired entries go before live ones', () => {
    const clock = new FakeClock();
    const cache = openSync({ eviction, entryLimit: 4, clock });
    cache.set('a', 1);
    cache.set('b', 2);
    cache.set('short', 3, { ttl: 10 });
    cache.get('short');
    clock.advance(10);
    cache.set('c', 4);
    cache.set('d', 5);
    expect([...cache.keys()]).toEqual(['a', 'b', 'c', 'd']);
    expect(cache.stats()).toMatchObject({ expired: 1, evicted: 0 });
  });

  test('opening with lower limits evicts nothing, cull() all that is too much', async () => {
    const directory = folderInMemory();
    const before = openCache({ eviction }, directory);
    await before.setMany(Array.from({ length: 500 }, (_, key) => [key, key]));
    await before.close();
    const cache = openCache({ eviction, entryLimit: 100 }, directory);
    expect(await cache.count()).toBe(500);
    expect(await cache.cull()).toBe(400);
    expect(await cache.count()).toBe(100);
  });

  test('opening with lower limits has the next set() evict all that is too much', async () => {
    const directory = folderInMemory();
    const before = openCache({ eviction }, directory);
    await before.setMany(Array.from({ length: 500 }, (_, key) => [key, key]));
    await before.close();
    const cache = openCache({ eviction, entryLimit: 100 }, directory);
    await cache.set('new', 'value');
    expect(await cache.count()).toBe(100);
    expect(await cache.has('new')).toBe(true);
    expect(await cache.check()).toMatchObject({ ok: true });
  });
});

test('lru evicts the least recently used of three', () => {
  const cache = openSync({ eviction: 'lru', entryLimit: 3 });
  for (const key of ['a', 'b', 'c']) cache.set(key, key);
  cache.get('a');
  expect(keysAfter(cache, 'd')).toEqual(['a', 'c', 'd']);
  cache.set('c', 'again');
  expect(keysAfter(cache, 'e')).toEqual(['c', 'd', 'e']);
  cache.touch('c');
  cache.get('d');
  expect(keysAfter(cache, 'f')).toEqual(['c', 'd', 'f']);
});

test('lru takes neither has() nor iteration for a use', () => {
  const cache = openSync({ eviction: 'lru', entryLimit: 3 });
  for (const key of ['a', 'b', 'c']) cache.set(key, key);
  cache.has('a');
  expect([...cache.entries()]).toHaveLength(3);
  expect(keysAfter(cache, 'd')).toEqual(['b', 'c', 'd']);
});

test('fifo evicts the first to arrive, whatever was read or overwritten', () => {
  const cache = openSync({ eviction: 'fifo', entryLimit: 3 });
  for (const key of ['a', 'b', 'c']) cache.set(key, key);
  cache.get('a');
  cache.set('a', 'again');
  cache.touch('a');
  expect(keysAfter(cache, 'd')).toEqual(['b', 'c', 'd']);
  cache.delete('c');
  cache.set('c', 'new arrival');
  expect(keysAfter(cache, 'e')).toEqual(['c', 'd', 'e']);
  expect(keysAfter(cache, 'f')).toEqual(['c', 'e', 'f']);
});

test('fifo goes by arrival in a cache that was under lru before, which gave ids out again', () => {
  const directory = folderInMemory();
  const first = openSync({ eviction: 'lru', entryLimit: 4 }, directory);
  for (const key of ['a', 'b', 'c', 'd']) first.set(key, key);
  for (const key of ['b', 'c', 'd']) first.get(key);
  first.set('e', 'in the place of a');
  first.close();
  const second = openSync({ eviction: 'fifo', entryLimit: 4 }, directory);
  expect(keysAfter(second, 'f')).toEqual(['c', 'd', 'e', 'f']);
  expect(keysAfter(second, 'g')).toEqual(['d', 'e', 'f', 'g']);
  expect(keysAfter(second, 'h')).toEqual(['e', 'f', 'g', 'h']);
});

test('fifo goes by arrival after evictions that were taken back', () => {
  const cache = openSync({ eviction: 'fifo', entryLimit: 3 });
  for (const key of ['a', 'b', 'c']) cache.set(key, key);
  const failing = () => {
    for (const key of ['d', 'e']) cache.set(key, key);
    throw new Error('back');
  };
  expect(() => cache.transact(failing)).toThrow('back');
  cache.transact(() => expect(() => cache.transact(failing)).toThrow('back'));
  expect(keysAfter(cache, 'f')).toEqual(['b', 'c', 'f']);
});

test.for(EVICTING)('%s keeps the order of arrival in bounds, however many come and go', (eviction) => {
  const directory = folderInMemory();
  const cache = openSync({ eviction, entryLimit: 50 }, directory);
  for (let key = 0; key < 5000; key++) cache.set(key, key);
  const arrivals = foreignConnection(directory).prepare('SELECT count(*) FROM arrival').pluck().get();
  expect(arrivals).toBeLessThan(1500);
  expect(cache.check()).toMatchObject({ ok: true, entries: 50 });
});

describe('lfu', () => {
  test('evicts the least frequently used of three', () => {
    const cache = openSync({ eviction: 'lfu', entryLimit: 3 });
    for (const key of ['a', 'b', 'c']) cache.set(key, key);
    for (const key of ['a', 'a', 'b', 'c', 'c']) cache.get(key);
    expect(keysAfter(cache, 'd')).toEqual(['a', 'c', 'd']);
  });

  test('keeps hot entries through a scan of as many keys as fit', () => {
    const cache = openSync({ eviction: 'lfu', entryLimit: 40 });
    const hot = ['h1', 'h2', 'h3'];
    for (const key of hot) cache.set(key, key);
    for (let read = 0; read < 30; read++) for (const key of hot) cache.get(key);
    for (let key = 0; key < 80; key++) cache.set(key, key);
    expect(cache.getMany(hot)).toEqual(hot);
  });

  test('keeps a hot entry that is overwritten', () => {
    const cache = openSync({ eviction: 'lfu', entryLimit: 10 });
    cache.set('hot', 1);
    for (let read = 0; read < 30; read++) cache.get('hot');
    cache.set('hot', 2);
    for (let key = 0; key < 20; key++) cache.set(key, key);
    expect(cache.get('hot')).toBe(2);
  });

  test('lets go in the end of what was hot long ago', () => {
    const cache = openSync({ eviction: 'lfu', entryLimit: 20 });
    cache.set('once hot', 1);
    for (let read = 0; read < 1000; read++) cache.get('once hot');
    for (let key = 0; key < 200; key++) {
      cache.set(key, key);
      cache.get(key);
    }
    expect(cache.has('once hot')).toBe(false);
  });

  test('lets a newcomer stay for a while among entries that are all hot', () => {
    const cache = openSync({ eviction: 'lfu', entryLimit: 60 });
    for (let key = 0; key < 60; key++) cache.set(key, key);
    for (let read = 0; read < 20; read++) for (let key = 0; key < 60; key++) cache.get(key);
    for (const key of ['first', 'second', 'third']) cache.set(key, key);
    expect([cache.has('second'), cache.has('third')]).toEqual([true, true]);
  });
});

describe('s3-fifo', () => {
  test('evicts the entry that was not used since it was stored', () => {
    const cache = openSync({ eviction: 's3-fifo', entryLimit: 3 });
    for (const key of ['a', 'b', 'c']) cache.set(key, key);
    for (const key of ['a', 'c']) cache.get(key);
    expect(keysAfter(cache, 'd')).toEqual(['a', 'c', 'd']);
  });

  test.for([40, 1000])('keeps what was used through a scan of ten times %i keys', (entryLimit) => {
    const cache = openSync({ eviction: 's3-fifo', entryLimit, random: seededRandom() });
    const used = Array.from({ length: entryLimit / 4 }, (_, key) => `used ${key}`);
    for (const key of used) cache.set(key, key);
    expect(cache.getMany(used)).toEqual(used);
    for (let key = 0; key < 10 * entryLimit; key++) cache.set(key, key);
    expect(cache.getMany(used).filter(Boolean).length).toBeGreaterThan(0.95 * used.length);
  });

  test('keeps part of a loop over twice as many keys as fit, of which lru keeps none', () => {
    const hits = (eviction: 'lru' | 's3-fifo') => {
      const cache = openSync({ eviction, entryLimit: 200, random: seededRandom(), clock: new FakeClock() });
      for (let step = 0; step < 4000; step++) {
        if (cache.get(step % 400) === undefined) cache.set(step % 400, step);
      }
      return cache.stats().hits;
    };
    expect(hits('lru')).toBeLessThan(200);
    expect(hits('s3-fifo')).toBeGreaterThan(800);
  });

  test.for<[string, Key]>([
    ['a text', 'back'],
    ['the empty text', ''],
    ['a number', 1.5],
    ['bytes', new Uint8Array([1, 2])],
  ])('keeps an entry that came back soon after it was evicted, under %s', ([, key]) => {
    const cache = openSync({ eviction: 's3-fifo', entryLimit: 20 });
    cache.set(key, 'once');
    for (let other = 0; cache.has(key); other++) cache.set(other, other);
    cache.set(key, 'back');
    for (let scan = 1000; scan < 1200; scan++) cache.set(scan, scan);
    expect(cache.get(key)).toBe('back');
  });

  test('has another process know at once that an entry came back', () => {
    const directory = folderInMemory();
    const cache = openSync({ eviction: 's3-fifo', entryLimit: 20 }, directory);
    cache.set('key', 'once');
    fill(cache, 'other', 22);
    expect(cache.has('key')).toBe(false);
    cache.set('key', 'back');
    const another = openSync({ eviction: 's3-fifo', entryLimit: 20 }, directory);
    fill(another, 'scan', 200);
    expect(another.get('key')).toBe('back');
  });

  test('takes no entry for used when a return is taken back', () => {
    const directory = folderInMemory();
    const cache = openSync({ eviction: 's3-fifo', entryLimit: 20 }, directory);
    cache.set('key', 'once');
    fill(cache, 'other', 22);
    const failing = () =>
      cache.transact((tx) => {
        tx.set('key', 'back');
        throw new Error('taken back');
      });
    expect(failing).toThrow('taken back');
    cache.close();
    expect(usesIn(directory)).toBe(0);
  });

  test.for<[string, (cache: DiskCacheSync) => void]>([
    ['is new', () => undefined],
    [
      'was deleted',
      (cache) => {
        cache.set('', 'first');
        cache.delete('');
      },
    ],
    [
      'was evicted long ago',
      (cache) => {
        cache.set('', 'first');
        fill(cache, 'since', 200);
      },
    ],
  ])('lets go of an entry whose key %s, in a scan', ([, before]) => {
    const cache = openSync({ eviction: 's3-fifo', entryLimit: 20 });
    fill(cache, 'some', 30);
    before(cache);
    cache.set('', 'again');
    fill(cache, 'scan', 200);
    expect(cache.has('')).toBe(false);
  });

  test('lets a newcomer stay for a while among entries that are all used', () => {
    const cache = openSync({ eviction: 's3-fifo', entryLimit: 60 });
    for (let key = 0; key < 60; key++) cache.set(key, key);
    for (let read = 0; read < 20; read++) for (let key = 0; key < 60; key++) cache.get(key);
    for (const key of ['first', 'second', 'third']) cache.set(key, key);
    expect([cache.has('second'), cache.has('third')]).toEqual([true, true]);
  });

  test('lets go in the end of what was used long ago', () => {
    const cache = openSync({ eviction: 's3-fifo', entryLimit: 20 });
    cache.set('once used', 1);
    for (let read = 0; read < 1000; read++) cache.get('once used');
    for (let key = 0; key < 200; key++) {
      cache.set(key, key);
      cache.get(key);
    }
    expect(cache.has('once used')).toBe(false);
  });
});

test.for<[EvictionPolicy, number]>([
  ['lru', 0],
  ['lfu', 0],
  ['fifo', 0],
  ['s3-fifo', 5],
])(
  'under %s a key that comes back after its eviction is noted as used in %i of 5 cases',
  ([eviction, uses]) => {
    const directory = folderInMemory();
    const cache = openSync({ eviction, entryLimit: 10 }, directory);
    const keys = Array.from({ length: 5 }, (_, key) => key);
    for (const key of keys) cache.set(key, key);
    fill(cache, 'other', 12);
    expect(cache.getMany(keys).filter(Boolean)).toEqual([]);
    for (const key of keys) cache.set(key, 'back');
    cache.close();
    expect(usesIn(directory)).toBe(uses);
  },
);

test('random numbers come from the option: the same ones evict the same entries', () => {
  const survivors = () => {
    let seed = 1;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const cache = openSync({ entryLimit: 200, random, clock: new FakeClock() });
    for (let key = 0; key < 600; key++) cache.set(key, key);
    return [...cache.keys()];
  };
  expect(survivors()).toEqual(survivors());
});

function keysAfter(
  cache: { set(key: Key, value: unknown): void; keys(): Iterable<Key> },
  key: string,
): Key[] {
  cache.set(key, key);
  return [...cache.keys()];
}

function fill(cache: DiskCacheSync, prefix: string, entries: number): void {
  for (let key = 0; key < entries; key++) cache.set(`${prefix} ${key}`, key);
}

/** How many entries are recorded as used. */
function usesIn(directory: string): unknown {
  return foreignConnection(directory).prepare('SELECT count(*) FROM use').pluck().get();
}
