import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache, DiskCacheSync } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache, openSync } from '../support/caches.ts';
import { folderInMemory } from '../support/temporary-folder.ts';

const LARGE = 'large '.repeat(100);

describe('close() waits for', () => {
  const open = () => openCache({ fileThreshold: 100 });

  test('sets, small and large', async () => {
    const cache = open();
    const stored = [cache.set('a', 'A'), cache.set('b', LARGE), cache.setMany([['c', LARGE]])];
    await cache.close();
    await Promise.all(stored);
    expect(openSync({}, cache.directory).getMany(['a', 'b', 'c'])).toEqual(['A', LARGE, LARGE]);
  });

  test('an add() of a large value', async () => {
    const cache = open();
    const added = cache.add('key', LARGE);
    await cache.close();
    expect(await added).toBe(true);
    expect(openSync({}, cache.directory).get('key')).toBe(LARGE);
  });

  test('reads, small and large', async () => {
    const cache = open();
    await cache.setMany([
      ['a', 'A'],
      ['b', LARGE],
    ]);
    const read = [cache.get('a'), cache.get('b'), cache.getMany(['b', 'a']), cache.has('a')];
    await cache.close();
    expect(await Promise.all(read)).toEqual(['A', LARGE, [LARGE, 'A'], true]);
  });

  test('a getMany() of thousands of keys', async () => {
    const cache = open();
    await cache.set(1999, 'last');
    const read = cache.getMany(Array.from({ length: 2000 }, (_, key) => key));
    await cache.close();
    expect((await read).at(-1)).toBe('last');
  });

  test('a read that waits for a write on its key', async () => {
    const cache = open();
    void cache.set('key', LARGE);
    const read = cache.get('key');
    await cache.close();
    expect(await read).toBe(LARGE);
  });

  test('a clear() in several slices', async () => {
    const cache = open();
    await cache.setMany(Array.from({ length: 2000 }, (_, key) => [key, key]));
    const cleared = cache.clear();
    await cache.close();
    expect(await cleared).toBe(2000);
    expect(openSync({}, cache.directory).count()).toBe(0);
  });

  test('a transaction', async () => {
    const cache = open();
    const done = cache.transact((tx) => tx.set('key', LARGE));
    await cache.close();
    await done;
    expect(openSync({}, cache.directory).get('key')).toBe(LARGE);
  });

  test.for([false, true])('a check() with fix: %s', async (fix) => {
    const cache = open();
    await cache.set('key', LARGE);
    const report = cache.check({ fix });
    await cache.close();
    expect(await report).toMatchObject({ ok: true, entries: 1 });
  });
});

test('a call after close() is refused at once, also while it is still closing', async () => {
  const cache = openCache();
  const stored = cache.set('a', 'A');
  const closing = cache.close();
  await expect(cache.set('b', 'B')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
  await expect(cache.get('a')).rejects.toThrow(`the cache in ${cache.directory} is closed`);
  await Promise.all([stored, closing]);
});

test.for([
  ['check()', (cache: DiskCache) => cache.check()],
  ['writing', (cache: DiskCache) => cache.set('key', 'x'.repeat(9_000_000))],
] satisfies [string, (cache: DiskCache) => Promise<unknown>][])(
  'after %s and close() nothing of this process holds the database',
  async ([, use]) => {
    const cache = openCache({ fileThreshold: Infinity });
    await use(cache);
    await cache.close();
    expect(existsSync(join(cache.directory, 'cache.db-wal'))).toBe(false);
  },
);

test('check() looks at a cache made anew in the folder of a removed one', async () => {
  const directory = folderInMemory();
  const first = openCache({}, directory);
  await first.set('a', 'A');
  await first.check();
  await first.close();
  rmSync(directory, { recursive: true });
  const second = openCache({}, directory);
  expect(await second.check()).toMatchObject({ ok: true, entries: 0 });
});

test('a cache ends with the block of an await using', async () => {
  const directory = folderInMemory();
  let used: DiskCache;
  {
    await using cache = new DiskCache(directory);
    used = cache;
    void cache.set('key', 'value');
  }
  await expect(used.get('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
  expect(openSync({}, directory).get('key')).toBe('value');
});

test('a DiskCacheSync ends with the block of a using', () => {
  const directory = folderInMemory();
  let used: DiskCacheSync;
  {
    using cache = new DiskCacheSync(directory);
    used = cache;
    cache.set('key', 'value');
  }
  expect(() => used.get('key')).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_CLOSED' }));
});

test('closing one cache leaves another one of the same folder open', async () => {
  const first = openCache();
  const second = openCache({}, first.directory);
  await first.check();
  await first.close();
  await second.set('key', 'value');
  expect(await second.check()).toMatchObject({ ok: true, entries: 1 });
});
