import type { DiskCacheOptions } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { cacheCountersSpec } from './cache-counters.ts';
import { cacheComputingSpec } from './cache-computing.ts';
import { cacheIterationSpec } from './cache-iteration.ts';
import { cacheQueuesSpec } from './cache-queues.ts';
import { cacheRemovalSpec } from './cache-removal.ts';
import { wholeCacheSpec } from './whole-cache.ts';
import type { CacheVerbs } from './verbs.ts';

/** Opens a cache in a folder; it is closed when the running test ends. */
export type OpenVerbs = (options: DiskCacheOptions, directory: string) => CacheVerbs;

/** What the verbs of a cache do, whichever door, storage or policy it has. */
export function cacheVerbsSpec(name: string, open: OpenVerbs): void {
  describe(name, () => {
    const openNew = (options: DiskCacheOptions = {}) => open(options, folderInMemory());
    readingSpec(openNew);
    writingSpec(openNew);
    cacheRemovalSpec(openNew);
    cacheCountersSpec(openNew);
    cacheQueuesSpec(open, openNew);
    cacheComputingSpec(openNew);
    cacheIterationSpec(openNew);
    wholeCacheSpec(open, openNew);
  });
}

/** Opens an empty cache. */
export type OpenNew = (options?: DiskCacheOptions) => CacheVerbs;

function readingSpec(openNew: OpenNew): void {
  test('get() returns what set() stored', async () => {
    const cache = openNew();
    await cache.set('key', 'value');
    expect(await cache.get('key')).toBe('value');
  });

  test('get() returns undefined where there is no entry', async () => {
    expect(await openNew().get('key')).toBeUndefined();
  });

  test('get() returns the fallback where there is no entry', async () => {
    expect(await openNew().get('key', 'fallback')).toBe('fallback');
  });

  test('get() returns null, not the fallback, where null was stored', async () => {
    const cache = openNew();
    await cache.set('key', null);
    expect(await cache.get('key', 'fallback')).toBeNull();
  });

  test('get() takes a plain object as options, of which one is the fallback', async () => {
    expect(await openNew().get('key', { fallback: { a: 1 } })).toEqual({ a: 1 });
  });

  test('get() refuses a plain object with other names, which may be meant as a fallback', async () => {
    const cache = openNew();
    await expect(cache.get('key', { name: 'Ada' })).rejects.toThrow(
      "unknown option 'name'; known are fallback, maxAge (a fallback that is an object has to be given as { fallback })",
    );
  });

  test('get() and pop() refuse an empty object, which may be meant as a fallback', async () => {
    const cache = openNew();
    for (const read of [cache.get('key', {}), cache.pop('key', {})])
      await expect(read).rejects.toThrow('an empty object names no option (a fallback that is an object');
  });

  test('get() with maxAge finds only what was stored less than so long ago', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'value');
    clock.advance(100);
    expect(await cache.get('key', { maxAge: 101 })).toBe('value');
    expect(await cache.get('key', { maxAge: 100 })).toBeUndefined();
    expect(await cache.get('key', { maxAge: 100, fallback: 'old' })).toBe('old');
  });

  test('maxAge is exact to the ms, however many entries were stored in the same one', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    for (const key of ['a', 'b', 'c']) await cache.set(key, key);
    clock.advance(15);
    expect(await cache.get('c', { maxAge: 15 })).toBeUndefined();
    expect(await cache.get('c', { maxAge: 16 })).toBe('c');
  });

  test('get() counts what is too old for maxAge as a miss, and leaves it there', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'value');
    clock.advance(100);
    await cache.get('key', { maxAge: 1 });
    expect(await cache.stats()).toMatchObject({ hits: 0, misses: 1 });
    expect(await cache.has('key')).toBe(true);
  });

  test.for([0, -1, NaN, '1', null])('get() refuses %s as maxAge', async (maxAge) => {
    await expect(openNew().get('key', { maxAge: maxAge as number })).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_TTL',
      message: expect.stringContaining('maxAge must be'),
    });
  });

  test('pop() returns the value and removes the entry', async () => {
    const cache = openNew();
    await cache.set('key', { a: 1 }, { tags: ['tag'] });
    expect(await cache.pop('key')).toEqual({ a: 1 });
    expect(await cache.has('key')).toBe(false);
    expect(await cache.size()).toBe(0);
    expect(await cache.check()).toMatchObject({ problems: [] });
  });

  test('pop() returns undefined, or the fallback, where there is no live entry', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('old', 1, { ttl: 1 });
    clock.advance(1);
    expect(await cache.pop('old')).toBeUndefined();
    expect(await cache.pop('none', 'fallback')).toBe('fallback');
    expect(await cache.pop('none', { fallback: {} })).toEqual({});
  });

  test('pop() in a transaction that is taken back removes nothing', async () => {
    const cache = openNew();
    await cache.set('key', 'value');
    const failed = cache.transact((tx) => {
      expect(tx.pop('key')).toBe('value');
      throw new Error('taken back');
    });
    await expect(failed).rejects.toThrow('taken back');
    expect(await cache.get('key')).toBe('value');
  });

  test('of several pop() of one key one gets the value', async () => {
    const cache = openNew();
    await cache.set('key', 'value');
    const popped = await Promise.all([cache.pop('key'), cache.pop('key'), cache.pop('key')]);
    expect(popped.sort()).toEqual(['value', undefined, undefined]);
  });

  test('getMany() returns the values in the order of the keys, undefined where there is none', async () => {
    const cache = openNew();
    await cache.set('a', 'A');
    await cache.set('b', { b: 1 });
    expect(await cache.getMany(['b', 'none', 'a', 'b'])).toEqual([{ b: 1 }, undefined, 'A', { b: 1 }]);
  });

  test('getMany() takes thousands of keys', async () => {
    const cache = openNew();
    await cache.set(1500, 'found');
    const values = await cache.getMany(Array.from({ length: 3000 }, (_, key) => key));
    expect(values.flatMap((value, key) => (value === undefined ? [] : [key]))).toEqual([1500]);
  });

  test('has() tells whether there is an entry', async () => {
    const cache = openNew();
    await cache.set('key', null);
    expect(await Promise.all([cache.has('key'), cache.has('none')])).toEqual([true, false]);
  });

  test('hasMany() tells it of each key, in their order, with repetitions', async () => {
    const cache = openNew();
    await cache.set('a', null);
    await cache.set(1, 'one');
    expect(await cache.hasMany(['a', 'none', 1, '1', 'a'])).toEqual([true, false, true, false, true]);
    expect(await cache.hasMany([])).toEqual([]);
  });

  test('hasMany() takes thousands of keys, and is no use of them', async () => {
    const cache = openNew();
    await cache.set(1500, 'found');
    const found = await cache.hasMany(Array.from({ length: 3000 }, (_, key) => key));
    expect(found.indexOf(true)).toBe(1500);
    expect(await cache.stats()).toMatchObject({ hits: 0, misses: 0 });
  });

  test('entry() returns the value with what is recorded about it', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'välue', { ttl: 1000, tags: ['b', 'a'] });
    expect(await cache.entry('key')).toEqual({
      key: 'key',
      value: 'välue',
      expires: clock.now() + 1000,
      tags: ['b', 'a'],
      size: 6,
      storedAt: clock.now(),
    });
  });

  test('entry() has no deadline and no tags where none were given', async () => {
    const cache = openNew();
    await cache.set('key', 'value');
    expect(await cache.entry('key')).toMatchObject({ expires: undefined, tags: [] });
  });

  test('entry() returns undefined where there is no entry', async () => {
    expect(await openNew().entry('key')).toBeUndefined();
  });

  test('entryMany() returns the entries in the order of the keys', async () => {
    const cache = openNew();
    await cache.set('a', 'A');
    await cache.set('b', 'B');
    const entries = await cache.entryMany(['b', 'none', 'a']);
    expect(entries.map((entry) => entry?.value)).toEqual(['B', undefined, 'A']);
  });
}

function writingSpec(openNew: OpenNew): void {
  test('set() replaces the value, the deadline and the tags', async () => {
    const cache = openNew();
    await cache.set('key', 'old', { ttl: 1000, tags: ['old'] });
    await cache.set('key', 'new', { tags: ['new'] });
    expect(await cache.entry('key')).toMatchObject({ value: 'new', expires: undefined, tags: ['new'] });
    expect(await cache.evict('old')).toBe(0);
  });

  test('set() without options removes the tags that the entry had', async () => {
    const cache = openNew();
    await cache.set('key', 'old', { tags: ['tag'] });
    await cache.set('key', 'new');
    expect(await cache.evict('tag')).toBe(0);
    expect(await cache.get('key')).toBe('new');
  });

  test('set() takes the deadline from expires', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'value', { expires: clock.now() + 5 });
    expect(await cache.entry('key')).toMatchObject({ expires: clock.now() + 5 });
  });

  test('set() with a deadline that has passed removes the entry there was', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'old');
    await cache.set('key', 'new', { expires: clock.now() });
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.count()).toBe(0);
  });

  test('set() without a lifetime uses the ttl of the cache', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock, ttl: 50 });
    await cache.set('key', 'value');
    await cache.set('own', 'value', { ttl: 70 });
    expect(await cache.entry('key')).toMatchObject({ expires: clock.now() + 50 });
    expect(await cache.entry('own')).toMatchObject({ expires: clock.now() + 70 });
  });

  test('set() counts a tag that is given twice once', async () => {
    const cache = openNew();
    await cache.set('key', 'value', { tags: ['a', 'a'] });
    expect(await cache.entry('key')).toMatchObject({ tags: ['a'] });
    expect(await cache.evict('a')).toBe(1);
  });

  test('setMany() stores all entries with the same options', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.setMany(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      { ttl: 9, tags: ['both'] },
    );
    const recorded = { expires: clock.now() + 9, tags: ['both'] };
    const [a, b] = await cache.entryMany(['a', 'b']);
    expect([a, b]).toMatchObject([
      { value: 1, ...recorded },
      { value: 2, ...recorded },
    ]);
  });

  test('setMany() stores an entry with its own options instead of those for all', async () => {
    const cache = openNew();
    await cache.setMany(
      [
        ['own', 1, { tags: ['own'] }],
        ['none', 2, {}],
        ['all', 3],
      ],
      { tags: ['all'] },
    );
    const entries = await cache.entryMany(['own', 'none', 'all']);
    expect(entries.map((entry) => entry?.tags)).toEqual([['own'], [], ['all']]);
  });

  test('setMany() with the same key twice keeps the later value', async () => {
    const cache = openNew();
    await cache.setMany([
      ['key', 'first'],
      ['key', 'second'],
    ]);
    expect(await cache.get('key')).toBe('second');
  });

  test('setMany() stores nothing when one entry is invalid', async () => {
    const cache = openNew();
    const entries: [string, unknown][] = [
      ['a', 'A'],
      ['b', undefined],
    ];
    await expect(cache.setMany(entries)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
    expect(await cache.count()).toBe(0);
  });

  test('add() stores a value and returns true where there is no entry', async () => {
    const cache = openNew();
    expect(await cache.add('key', 'value', { tags: ['tag'] })).toBe(true);
    expect(await cache.entry('key')).toMatchObject({ value: 'value', tags: ['tag'] });
  });

  test('add() changes nothing and returns false where there is an entry', async () => {
    const cache = openNew();
    await cache.set('key', 'old', { tags: ['old'] });
    expect(await cache.add('key', 'new')).toBe(false);
    expect(await cache.entry('key')).toMatchObject({ value: 'old', tags: ['old'] });
  });

  test('add() stores a value where the entry has expired', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'old', { ttl: 10 });
    clock.advance(10);
    expect(await cache.add('key', 'new')).toBe(true);
    expect(await cache.get('key')).toBe('new');
  });

  test('touch() gives an entry a new deadline and keeps its value and tags', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'value', { ttl: 10, tags: ['tag'] });
    expect(await cache.touch('key', { ttl: 500 })).toBe(true);
    expect(await cache.entry('key')).toMatchObject({
      value: 'value',
      expires: clock.now() + 500,
      tags: ['tag'],
    });
  });

  test('touch() without a lifetime keeps the deadline', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'value', { ttl: 10 });
    clock.advance(5);
    expect(await cache.touch('key')).toBe(true);
    expect(await cache.entry('key')).toMatchObject({ expires: clock.now() + 5 });
  });

  test('touch() without a lifetime renews by the ttl of the cache', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock, ttl: 10 });
    await cache.set('key', 'value');
    clock.advance(5);
    await cache.touch('key');
    expect(await cache.entry('key')).toMatchObject({ expires: clock.now() + 10 });
  });

  test('touch() returns false where there is no live entry', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('expired', 'value', { ttl: 10 });
    clock.advance(10);
    expect(await cache.touch('expired', { ttl: 10 })).toBe(false);
    expect(await cache.touch('none', { ttl: 10 })).toBe(false);
    expect(await cache.has('expired')).toBe(false);
  });
}
