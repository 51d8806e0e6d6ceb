import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import { DiskCache, type DiskCacheOptions } from '@diskcache/core';
import { Cacheable } from 'cacheable';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderInMemory } from '../../support/temporary-folder.ts';

/** As the README says for `tags`. */
const pinned = (key: string) => key.startsWith('--cacheable--tags--');

function openCache(options: DiskCacheOptions = {}): DiskCache {
  const cache = new DiskCache(folderInMemory(), options);
  onTestFinished(() => cache.close());
  return cache;
}

const secondaries = {
  'a Keyv of createKeyv()': (cache: DiskCache) => createKeyv({ cache, pinned }),
  'a store': (cache: DiskCache) => new KeyvDiskStore({ cache, pinned }),
};

describe.for(Object.entries(secondaries))('cacheable with %s as its secondary', ([name, secondaryOn]) => {
  function open(cache = openCache(), options: object = {}) {
    const cacheable = new Cacheable({ secondary: secondaryOn(cache), ...options });
    cacheable.on('error', (error) => expect.fail(String(error)));
    return { cache, cacheable };
  }

  /** Another process would have nothing in memory either. */
  const another = (cache: DiskCache, options?: object) => open(cache, options).cacheable;

  test('has on disk what another one has set, and fills its memory from it', async () => {
    const { cache, cacheable } = open();
    await cacheable.set('key', { a: [1] }, 60_000);
    const later = another(cache);
    expect(await later.get('key')).toEqual({ a: [1] });
    expect(await later.primary.get('key')).toEqual({ a: [1] });
  });

  test(`keeps ${name === 'a store' ? 'a Date as its text' : 'a Date a Date'}`, async () => {
    const { cache, cacheable } = open();
    await cacheable.set('key', new Date(0));
    expect(await another(cache).get('key')).toEqual(name === 'a store' ? new Date(0).toJSON() : new Date(0));
  });

  test('getMany() keeps order, misses and repetitions', async () => {
    const { cache, cacheable } = open();
    await cacheable.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 60_000 },
    ]);
    const later = another(cache);
    expect(await later.getMany(['b', 'none', 'a', 'b'])).toEqual([2, undefined, 1, 2]);
    expect(await later.hasMany(['b', 'none', 'a'])).toEqual([true, false, true]);
    expect((await another(cache).getManyRaw(['b', 'a'])).map((raw) => raw?.value)).toEqual([2, 1]);
  });

  test('deletes from disk too, one and several', async () => {
    const { cache, cacheable } = open();
    for (const key of ['a', 'b', 'c']) await cacheable.set(key, 1);
    await cacheable.delete('a');
    await cacheable.deleteMany(['b', 'none']);
    expect(await another(cache).getMany(['a', 'b', 'c'])).toEqual([undefined, undefined, 1]);
  });

  test('clear() empties its namespace on disk and no other', async () => {
    const cache = openCache();
    const [one, two] = ['one', 'two'].map((namespace) => open(cache, { namespace }).cacheable);
    await one!.set('key', 1);
    await two!.set('key', 2);
    await one!.clear();
    expect(await another(cache, { namespace: 'one' }).get('key')).toBeUndefined();
    expect(await another(cache, { namespace: 'two' }).get('key')).toBe(2);
  });

  test('follows a namespace that is told by a function, and one that is set later', async () => {
    const { cache, cacheable } = open(undefined, { namespace: () => 'first' });
    await cacheable.set('key', 1);
    cacheable.namespace = 'second';
    expect(await cacheable.get('key')).toBeUndefined();
    await cacheable.set('key', 2);
    cacheable.namespace = () => 'first';
    expect(await cacheable.get('key')).toBe(1);
    expect(await another(cache, { namespace: 'second' }).get('key')).toBe(2);
  });

  test('getOrSet() and wrap() compute what is not on disk', async () => {
    const { cache, cacheable } = open();
    expect(await cacheable.getOrSet('key', async () => 'computed')).toBe('computed');
    const later = another(cache);
    expect(await later.getOrSet('key', async () => expect.fail('computed again'))).toBe('computed');
  });

  test('a tag that one invalidates makes the entry a miss to all', async () => {
    const { cache, cacheable } = open(undefined, { tags: true });
    await cacheable.set('page', 'html', { ttl: 60_000, tags: ['book:1', 'books'] });
    await cacheable.set('other', 'html', { ttl: 60_000, tags: ['book:2'] });
    const later = another(cache, { tags: true });
    expect(await later.getMany(['page', 'other'])).toEqual(['html', 'html']);
    await later.tags.invalidateTag('book:1');
    expect(await cacheable.get('page')).toBeUndefined();
    expect(await another(cache, { tags: true }).getMany(['page', 'other'])).toEqual([undefined, 'html']);
  });

  test('what it knows of tags outlives the eviction of all the rest', async () => {
    const cache = openCache({ sizeLimit: 200_000 });
    const { cacheable } = open(cache, { tags: true });
    await cacheable.set('page', 'html', { ttl: 60_000, tags: ['book:1'] });
    await cacheable.tags.invalidateTag('book:1');
    await cacheable.set('page', 'new html', { ttl: 60_000, tags: ['book:1'] });
    for (let i = 0; i < 300; i++) await cacheable.set(`filler ${i}`, 'x'.repeat(2000));
    expect((await cache.stats()).evicted).toBeGreaterThan(100);
    const kept: unknown[] = [];
    for await (const key of cache.keys()) if (String(key).includes('--cacheable--tags--')) kept.push(key);
    expect(kept).toHaveLength(2);
    await cacheable.tags.invalidateTag('book:1');
    expect(await another(cache, { tags: true }).get('page')).toBeUndefined();
  });
});

test('non-blocking, it still has on disk what it has set', async () => {
  const cache = openCache();
  const secondary = createKeyv({ cache });
  const cacheable = new Cacheable({ secondary, nonBlocking: true });
  await cacheable.set('key', 1);
  expect(await secondary.get('key')).toBe(1);
});

test('the tags of the store are another way, without rows of their own', async () => {
  const cache = openCache();
  const store = new KeyvDiskStore({ cache, tags: (key) => [key.split(':')[0]!] });
  const cacheable = new Cacheable({ secondary: store });
  await cacheable.set('book:1', 1);
  await cacheable.set('page:1', 2);
  expect(await store.evict('book')).toBe(1);
  expect(
    await new Cacheable({ secondary: new KeyvDiskStore({ cache }) }).getMany(['book:1', 'page:1']),
  ).toEqual([undefined, 2]);
});
