import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { DiskCache } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe.for([
  ['DiskCache', (cache: DiskCache) => cache],
  ['DiskCacheSync', (cache: DiskCache) => cache.sync],
] as const)('path() of %s', ([, door]) => {
  test('is the absolute path of the file that holds the value', async () => {
    const cache = openCache({ fileThreshold: 100 });
    await cache.set('text', 'ä'.repeat(100));
    await cache.setStream('stream', ['x']);
    const paths = [await door(cache).path('text'), await door(cache).path('stream')] as [string, string];
    expect(paths.every((path) => isAbsolute(path))).toBe(true);
    expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['ä'.repeat(100), 'x']);
  });

  test('is undefined for a value that is in the database, and where there is no live entry', async () => {
    const clock = new FakeClock();
    const cache = openCache({ clock });
    await cache.set('row', 'small');
    await cache.setStream('expired', ['x'], { ttl: 1000 });
    clock.advance(1000);
    for (const key of ['row', 'expired', 'none']) expect(await door(cache).path(key)).toBeUndefined();
    expect(await cache.stats()).toMatchObject({ hits: 1, misses: 2 });
  });

  test('is undefined for a value that is compressed, whose file other programs would not understand', async () => {
    const cache = openCache({ fileThreshold: 50, compression: { algorithm: 'gzip', threshold: 1 } });
    await cache.set('compressed', 'x'.repeat(100_000));
    await cache.set('as it is', randomBytes(1000));
    expect(await door(cache).path('compressed')).toBeUndefined();
    expect(await door(cache).path('as it is')).toMatch(/\.val$/);
  });

  test('counts as a use', async () => {
    const cache = openCache({ entryLimit: 3 });
    for (const key of ['a', 'b', 'c']) await cache.setStream(key, ['x']);
    await door(cache).path('a');
    await cache.set('d', 'evicts the one that was not used');
    expect(await Promise.all(['a', 'b'].map((key) => cache.has(key)))).toEqual([true, false]);
  });

  test('refuses what is no key', async () => {
    const cache = openCache();
    const refused = expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' });
    await expect((async () => door(cache).path({} as string))()).rejects.toEqual(refused);
  });
});

test('inside of a transaction path() is of what it has written', async () => {
  const cache = openCache({ fileThreshold: 100 });
  const path = await cache.transact((tx) => {
    tx.set('key', 'x'.repeat(200));
    return tx.path('key');
  });
  expect(existsSync(path as string)).toBe(true);
});
