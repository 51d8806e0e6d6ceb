import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ShardedDiskCache, type ShardedDiskCacheOptions } from '@diskcache/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listed } from '../support/caches.ts';
import { canMount, smallDisk } from '../support/mount.ts';
import { valueFilesOfShards } from '../support/shards-on-disk.ts';

const MIB = 2 ** 20;

/** A cache on a file system of its own, of which it knows nothing. */
function cacheOn(disk: string, options: ShardedDiskCacheOptions = {}): ShardedDiskCache {
  const cache = new ShardedDiskCache(join(disk, 'cache'), options);
  // A log that cannot be moved into the database is no failure of these calls.
  cache.on('error', () => undefined);
  onTestFinished(() => cache.close().catch(() => undefined));
  return cache;
}

function value(label: string | number, length: number): string {
  return `${label}|`.padEnd(length, 'x');
}

/** Every entry that is there can be read and is whole; nothing that was begun is left over. */
async function expectWhole(cache: ShardedDiskCache, lengthOf: (key: number) => number): Promise<void> {
  for (const key of (await listed(cache.keys())) as number[])
    expect(await cache.get(key)).toBe(value(key, lengthOf(key)));
  expect((await cache.check()).problems).toEqual([]);
  expect(valueFilesOfShards(cache.directory).filter((path) => path.endsWith('.tmp'))).toEqual([]);
}

describe.skipIf(!canMount)('On a disk of 48 MiB', () => {
  it.each([
    { what: 'files', length: 100_000 },
    { what: 'large rows', length: 20_000 },
    { what: 'small rows', length: 300 },
  ])(
    'set() in a sharded cache makes room for $what by evicting, whatever the size limit, and never fails',
    async ({ length }) => {
      const cache = cacheOn(smallDisk(48 * MIB));
      const count = Math.ceil((96 * MIB) / (length + 200));
      for (let key = 0; key < count; key += 50)
        await Promise.all(
          Array.from({ length: Math.min(50, count - key) }, (_, i) =>
            cache.set(key + i, value(key + i, length)),
          ),
        );
      expect(await cache.get(count - 1)).toBe(value(count - 1, length));
      expect(await cache.size()).toBeGreaterThan(8 * MIB);
      await expectWhole(cache, () => length);
    },
    120_000,
  );

  it('a value larger than all that its shard has finds room, since other shards evict', async () => {
    const cache = cacheOn(smallDisk(48 * MIB));
    for (let key = 0; key < 600; key++) await cache.set(key, value(key, 100_000));
    const large = 12 * MIB;
    for (let key = 1000; key < 1006; key++) {
      await cache.set(key, value(key, large));
      expect(await cache.get(key)).toBe(value(key, large));
    }
    cache.sync.set(2000, value(2000, large));
    expect(cache.sync.get(2000)).toBe(value(2000, large));
    await cache.setStream('stream', [Buffer.alloc(large / 2), Buffer.alloc(large / 2)]);
    expect(await cache.get<Buffer>('stream')).toHaveLength(large);
    await cache.delete('stream');
    await expectWhole(cache, (key) => (key < 1000 ? 100_000 : large));
  }, 120_000);

  it('what removes works where something else has filled the disk, and the cache works on when there is room again', async () => {
    const disk = smallDisk(48 * MIB);
    const cache = cacheOn(disk);
    await cache.setMany(
      Array.from({ length: 500 }, (_, key) => [key, value(key, 10_000)] as const),
      { tags: ['tag'] },
    );
    const ballast = openSync(join(disk, 'ballast'), 'w');
    const page = Buffer.alloc(4096, 1);
    try {
      while (writeSync(ballast, page) === page.length);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
    closeSync(ballast);
    expect(await cache.get(7)).toBe(value(7, 10_000));
    expect(await cache.delete(7)).toBe(true);
    await cache.set(8, value('again', 5000));
    expect(await cache.evict('tag')).toBeGreaterThan(0);
    await cache.clear();
    expect(await cache.count()).toBe(0);
    unlinkSync(join(disk, 'ballast'));
    // Each shard hears of it when it looks the next time, which is after some writes.
    const entries = Array.from({ length: 500 }, (_, key) => [key, value(key, 10_000)] as const);
    await expect.poll(() => cache.setMany(entries).then(() => cache.count())).toBe(500);
    await expectWhole(cache, () => 10_000);
  }, 120_000);
});
