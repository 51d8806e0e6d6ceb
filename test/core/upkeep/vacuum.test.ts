import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskCacheOptions } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { asPromises, type CacheVerbs } from '../../contract/verbs.ts';
import { openCache, openSync } from '../../support/caches.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const ENTRIES = 2000;

describe.for<[string, (directory: string, options?: DiskCacheOptions) => CacheVerbs]>([
  ['DiskCache', (directory, options) => openCache(options, directory)],
  ['DiskCacheSync', (directory, options) => asPromises(openSync(options, directory))],
])('vacuum() of %s', ([, open]) => {
  async function openShrunk() {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.setMany(
      Array.from({ length: ENTRIES }, (_, key) => [key, 'x'.repeat(1000)] as const),
      { tags: ['tag'] },
    );
    await cache.set('stays', 'value');
    await cache.evict('tag');
    return { cache, directory };
  }
  const bytes = (directory: string) =>
    ['cache.db', 'cache.db-wal'].reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

  test('makes the files smaller by what it returns, and loses nothing', async () => {
    const { cache, directory } = await openShrunk();
    const before = bytes(directory);
    const freed = await cache.vacuum();
    expect(freed).toBeGreaterThan(ENTRIES * 1000);
    expect(bytes(directory)).toBeLessThan(200_000);
    // The log was not moved before, so that the database's file had not its full size yet.
    expect(before - bytes(directory)).toBeLessThanOrEqual(freed);
    expect(await cache.get('stays')).toBe('value');
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
  });

  test('tells its progress, in several steps', async () => {
    const { cache } = await openShrunk();
    const told: number[] = [];
    await cache.vacuum({ onProgress: ({ freed }) => void told.push(freed) });
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test('ends between two steps when its signal is aborted', async () => {
    const { cache, directory } = await openShrunk();
    const controller = new AbortController();
    const onProgress = () => controller.abort('why');
    await expect(cache.vacuum({ onProgress, signal: controller.signal })).rejects.toBe('why');
    const free = foreignConnection(directory).pragma('freelist_count', { simple: true });
    expect(free).toBeGreaterThan(0);
    expect(await cache.vacuum()).toBeGreaterThan(0);
    expect(foreignConnection(directory).pragma('freelist_count', { simple: true })).toBe(0);
  });

  test('finds nothing to give back the second time', async () => {
    const { cache } = await openShrunk();
    await cache.vacuum();
    expect(await cache.vacuum()).toBe(0);
  });

  test('refuses options that are wrong', async () => {
    const { cache } = await openShrunk();
    const wrong = [{ onProgress: true }, { signal: 1 }, { pages: 3 }, 'all'];
    for (const options of wrong) {
      await expect(cache.vacuum(options as never)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
    }
  });

  test('in a transaction gives back pages only', async () => {
    const { cache } = await openShrunk();
    const freed = await cache.transact((tx) => tx.vacuum());
    expect(freed).toBeGreaterThan(ENTRIES * 1000);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
  });
});

test('calls come between the steps of vacuum()', async () => {
  const cache = openCache();
  await cache.setMany(Array.from({ length: ENTRIES }, (_, key) => [key, 'x'.repeat(1000)] as const));
  await cache.clear();
  let steps = 0;
  const vacuumed = cache.vacuum({ onProgress: () => void steps++ });
  const stepsThen = await cache.set('key', 'value').then(() => steps);
  await vacuumed;
  expect(stepsThen).toBeLessThan(steps);
});

test('close() waits for a vacuum() that is under way', async () => {
  const directory = folderInMemory();
  const cache = openCache({}, directory);
  await cache.setMany(Array.from({ length: ENTRIES }, (_, key) => [key, 'x'.repeat(1000)] as const));
  await cache.clear();
  const vacuumed = cache.vacuum();
  await cache.close();
  expect(await vacuumed).toBeGreaterThan(ENTRIES * 1000);
});
