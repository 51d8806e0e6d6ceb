import { existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { DiskCache, DiskCacheSync } from '@diskcache/core';
import { expect, onTestFinished, test } from 'vitest';

function temporary(...given: ConstructorParameters<typeof DiskCache>): DiskCache {
  const cache = new DiskCache(...given);
  onTestFinished(() => cache.close());
  return cache;
}

test('a cache without a directory is in a folder of its own below the system’s temporary one', async () => {
  const [one, other] = [temporary(), temporary(undefined, { entryLimit: 1 })];
  expect([one, other].map(({ directory }) => dirname(directory))).toEqual([tmpdir(), tmpdir()]);
  await one.set('key', 'value');
  expect(await other.get('key')).toBeUndefined();
  await other.setMany([
    ['a', 1],
    ['b', 2],
  ]);
  expect([await one.count(), await other.count()]).toEqual([1, 1]);
});

test.skipIf(process.platform === 'win32')('its folder is private to the user', () => {
  expect(statSync(temporary().directory).mode & 0o777).toBe(0o700);
});

test('close() removes it with all that is in it', async () => {
  const cache = temporary(undefined, { fileThreshold: 100 });
  await cache.set('row', 1);
  await cache.set('file', 'x'.repeat(1000));
  await cache.close();
  expect(existsSync(cache.directory)).toBe(false);
});

test('close() of a DiskCacheSync removes it with all that is in it', () => {
  const cache = new DiskCacheSync(undefined, { fileThreshold: 100 });
  cache.set('file', 'x'.repeat(1000));
  expect(existsSync(cache.directory)).toBe(true);
  cache.close();
  expect(existsSync(cache.directory)).toBe(false);
});

test('twenty of them need no more than one listener of the process', () => {
  const before = process.listenerCount('exit');
  const caches = Array.from({ length: 20 }, () => new DiskCacheSync());
  expect(process.listenerCount('exit')).toBe(before + 1);
  for (const cache of caches) cache.close();
  expect(process.listenerCount('exit')).toBe(before);
});

test.for([null, 5, ''])('%o is no directory, and no wish for a temporary one', (given) => {
  expect(() => new DiskCache(given as never)).toThrow(
    expect.objectContaining({ name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_OPTION' }),
  );
});
