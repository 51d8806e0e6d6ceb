import { expect, test } from 'vitest';
import { listed } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import type { OpenNew, OpenVerbs } from './cache-verbs.ts';
import type { CacheVerbs } from './verbs.ts';

/** push, peek and pull. */
export function cacheQueuesSpec(open: OpenVerbs, openNew: OpenNew): void {
  async function filled(...values: unknown[]): Promise<{ cache: CacheVerbs; clock: FakeClock }> {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    for (const value of values) await cache.push('jobs', value);
    return { cache, clock };
  }

  async function pulled(cache: CacheVerbs, side?: 'front' | 'back'): Promise<unknown[]> {
    const values = [];
    for (;;) {
      const item = await cache.pull('jobs', { side });
      if (item === undefined) return values;
      values.push(item.value);
    }
  }

  test('pull() takes items in the order in which they were pushed', async () => {
    const { cache } = await filled('a', { b: 1 }, 'c');
    expect(await pulled(cache)).toEqual(['a', { b: 1 }, 'c']);
    expect(await cache.count()).toBe(0);
  });

  test('push() and pull() work at both ends', async () => {
    const { cache } = await filled('b', 'c');
    await cache.push('jobs', 'a', { side: 'front' });
    expect(await pulled(cache, 'back')).toEqual(['c', 'b', 'a']);
  });

  test('push() returns the key of the item, below the prefix', async () => {
    const { cache } = await filled();
    const key = await cache.push('jobs', 'a');
    expect(key).toMatch(/^jobs#\d{16}$/);
    expect(await cache.get(key)).toBe('a');
  });

  test('peek() shows what pull() would take, and leaves it there', async () => {
    const { cache } = await filled('a', 'b');
    expect(await cache.peek('jobs')).toMatchObject({ value: 'a' });
    expect(await cache.peek('jobs', { side: 'back' })).toMatchObject({ value: 'b' });
    expect(await pulled(cache)).toEqual(['a', 'b']);
  });

  test('peek() and pull() return undefined when there is no item', async () => {
    const { cache } = await filled();
    expect([await cache.peek('jobs'), await cache.pull('jobs')]).toEqual([undefined, undefined]);
  });

  test('queues with like prefixes, and keys that look like items, do not meet', async () => {
    const { cache } = await filled('a');
    await cache.push('jobs#1', 'another queue');
    await cache.push('job', 'a third');
    await cache.set('jobs#0', 'no item');
    await cache.set('jobs#00000000000000zz', 'no item either');
    expect(await pulled(cache)).toEqual(['a']);
    expect(await cache.count()).toBe(4);
  });

  test('an item goes when its time has passed', async () => {
    const { cache, clock } = await filled();
    await cache.push('jobs', 'short', { ttl: 10 });
    await cache.push('jobs', 'long');
    clock.advance(10);
    expect(await pulled(cache)).toEqual(['long']);
  });

  test('items can be evicted by a tag', async () => {
    const { cache } = await filled('b');
    await cache.push('jobs', 'a', { tags: ['tag'] });
    await cache.evict('tag');
    expect(await pulled(cache)).toEqual(['b']);
  });

  test('an item handed out with a lease is met by nobody until the lease ends, and then comes back first', async () => {
    const { cache, clock } = await filled('a', 'b', 'c');
    expect(await cache.pull('jobs', { lease: 100 })).toMatchObject({
      value: 'a',
      leasedUntil: clock.now() + 100,
    });
    expect(await cache.peek('jobs')).toMatchObject({ value: 'b' });
    expect(await cache.pull('jobs')).toMatchObject({ value: 'b' });
    clock.advance(101);
    expect(await pulled(cache)).toEqual(['a', 'c']);
  });

  test('ack() removes the item', async () => {
    const { cache, clock } = await filled('a');
    const item = await cache.pull('jobs', { lease: 100 });
    expect(await item?.ack()).toBe(true);
    clock.advance(1000);
    expect(await cache.pull('jobs')).toBeUndefined();
    expect(await cache.count()).toBe(0);
  });

  test('ack() while extend() is under way removes the item', async () => {
    const { cache, clock } = await filled('a');
    const item = await cache.pull('jobs', { lease: 100 });
    expect(await Promise.all([item?.extend(200), item?.ack()])).toEqual([true, true]);
    clock.advance(1000);
    expect(await cache.pull('jobs')).toBeUndefined();
  });

  test('a prefix may hold any character', async () => {
    const cache = openNew();
    for (const prefix of ['a\0b', '#', 'ä€𝄞', 'a\0']) {
      await cache.push(prefix, 1);
      await cache.push(prefix, 2);
      expect(await cache.pull(prefix)).toMatchObject({ value: 1 });
      expect(await cache.pull(prefix)).toMatchObject({ value: 2 });
    }
  });

  test.for([
    ['back', '9'.repeat(16)],
    ['front', '0'.repeat(16)],
    ['back', '9007199254740991'],
  ] as const)('a key of a user at the %s end of all places (%s) takes no item', async ([side, place]) => {
    const { cache } = await filled();
    await cache.set(`jobs#${place}`, 'of the user');
    const keys = [await cache.push('jobs', 1, { side }), await cache.push('jobs', 2, { side })];
    expect(new Set(keys).size).toBe(2);
    expect(await pulled(cache)).toHaveLength(2);
    expect(await cache.get(`jobs#${place}`)).toBe('of the user');
  });

  test('release() gives the item back at once', async () => {
    const { cache } = await filled('a', 'b');
    const item = await cache.pull('jobs', { lease: 100 });
    expect(await item?.release()).toBe(true);
    expect(await pulled(cache)).toEqual(['a', 'b']);
  });

  test('extend() has the lease end later', async () => {
    const { cache, clock } = await filled('a');
    const item = await cache.pull('jobs', { lease: 100 });
    clock.advance(90);
    expect(await item?.extend(100)).toBe(true);
    clock.advance(90);
    expect(await cache.pull('jobs')).toBeUndefined();
    expect(await item?.ack()).toBe(true);
  });

  test('who held an item whose lease has ended can neither acknowledge, release nor extend it', async () => {
    const { cache, clock } = await filled('a');
    const late = await cache.pull('jobs', { lease: 100 });
    clock.advance(102);
    const calls = [await late?.extend(100), await late?.release(), await late?.ack()];
    expect(calls).toEqual([false, false, false]);
    const next = await cache.pull('jobs', { lease: 100 });
    expect(next).toMatchObject({ value: 'a' });
    expect(await late?.ack()).toBe(false);
    expect(await next?.ack()).toBe(true);
  });

  test('no lease is taken for another, whatever random numbers the cache is given', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock, random: () => 0.5 });
    await cache.push('jobs', 'a');
    const late = await cache.pull('jobs', { lease: 100 });
    clock.advance(102);
    const next = await cache.pull('jobs', { lease: 100 });
    expect([await late?.ack(), await next?.ack()]).toEqual([false, true]);
  });

  test('a lease outlives the cache that gave it', async () => {
    const clock = new FakeClock();
    const directory = folderInMemory();
    const first = open({ clock }, directory);
    await first.push('jobs', 'a');
    await first.pull('jobs', { lease: 100 });
    await first.close();
    const second = open({ clock }, directory);
    expect(await second.pull('jobs')).toBeUndefined();
    clock.advance(101);
    expect(await second.pull('jobs')).toMatchObject({ value: 'a' });
  });

  test('items stay when all around them is evicted', async () => {
    const cache = openNew({ entryLimit: 20, eviction: 'lru' });
    const items = Array.from({ length: 10 }, (_, index) => index);
    for (const item of items) await cache.push('jobs', item);
    for (let key = 0; key < 200; key++) await cache.set(key, 'x');
    expect(await cache.count()).toBe(20);
    expect(await pulled(cache)).toEqual(items);
  });

  test.for([
    ['an empty prefix', (cache: CacheVerbs) => cache.push('', 1), 'ERR_DISKCACHE_KEY'],
    ['a prefix that is no string', (cache) => cache.pull(1 as never), 'ERR_DISKCACHE_KEY'],
    ['a side that is none', (cache) => cache.peek('jobs', { side: 'left' as never }), 'ERR_DISKCACHE_OPTION'],
    ['a lease of 0', (cache) => cache.pull('jobs', { lease: 0 }), 'ERR_DISKCACHE_TTL'],
    ['an unknown option', (cache) => cache.push('jobs', 1, { lease: 1 } as never), 'ERR_DISKCACHE_OPTION'],
  ] satisfies [string, (cache: CacheVerbs) => Promise<unknown>, string][])(
    'a queue refuses %s',
    async ([, call, code]) => {
      await expect(call(openNew())).rejects.toMatchObject({ code });
    },
  );

  test('the items of a queue are entries like others to those who list them', async () => {
    const { cache } = await filled('a', 'b');
    expect(await listed(cache.keys({ prefix: 'jobs#' }))).toHaveLength(2);
  });
}
