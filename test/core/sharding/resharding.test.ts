import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, ShardedDiskCache, type ShardedDiskCacheSync } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openSharded, openShardedSync } from '../../support/sharded.ts';
import {
  shardFolders,
  sumOf,
  totalsAtOnce,
  valueFilesOfShards,
  WHOLE,
} from '../../support/shards-on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

/** All kinds of entries that there are. */
function fill(cache: ShardedDiskCacheSync, clock: FakeClock): void {
  for (let i = 0; i < 700; i++) {
    cache.set(
      `row ${(i * 7) % 700}`,
      { number: i },
      i % 3 === 0 ? { ttl: 1000 + i, tags: ['three', `tag ${i % 5}`] } : {},
    );
    if (i % 50 === 0) clock.advance(1);
  }
  cache.setMany([
    [1, 'number'],
    [-0.5, 'fraction'],
    [new Uint8Array([1, 2]), new Uint8Array([3])],
    ['map', new Map([['a', 1]])],
    ['file', 'x'.repeat(5000)],
    ['bytes', Buffer.alloc(3000, 7)],
  ]);
  cache.set('pinned', 'stays', { pinned: true });
  for (let i = 0; i < 20; i++) cache.push('queue', i);
  cache.getOrSet('computed', () => 'value', { ttl: 50, staleIfError: 1000 });
}

function contents(cache: ShardedDiskCacheSync): Entry[] {
  return [...cache.entries({ order: 'insertion' })];
}

test.for([
  [8, 3],
  [3, 8],
  [1, 5],
  [5, 1],
] as const)('from %i shards to %i all entries stay as they are, in their order', async ([before, after]) => {
  const clock = new FakeClock();
  const options = { clock, fileThreshold: 2000, checksum: true };
  const cache = openShardedSync({ ...options, shards: before });
  fill(cache, clock);
  const expected = contents(cache);
  const tagged = [...cache.keys({ tag: 'three', order: 'insertion' })];
  const leased = cache.pull('queue', { lease: 500 });
  cache.close();

  await ShardedDiskCache.reshard(cache.directory, after);
  expect(shardFolders(cache.directory)).toHaveLength(after);
  const again = openShardedSync(options, cache.directory);
  expect(again.shards).toBe(after);
  expect(contents(again)).toEqual(expected);
  expect([...again.keys({ tag: 'three', order: 'insertion' })]).toEqual(tagged);
  expect(again.getMany(expected.map(({ key }) => key))).toEqual(expected.map(({ value }) => value));
  expect(valueFilesOfShards(cache.directory)).toHaveLength(2);
  expect(again.check()).toMatchObject({ ok: true, problems: [], entries: expected.length });
  // What is handed out stays so, and comes back in its time.
  expect(again.pull('queue')?.value).toBe(1);
  clock.advance(501);
  expect(again.pull('queue')?.value).toBe(leased?.value);
  expect(again.get('computed')).toBeUndefined();
  const stale = again.getOrSet(
    'computed',
    () => {
      throw new Error('fails');
    },
    { staleIfError: 1000 },
  );
  expect(stale).toBe('value');
  const totals = totalsAtOnce(cache.directory);
  expect(sumOf(totals, 'sizeShare')).toBe(WHOLE);
});

test('what was used lately is still what stays', async () => {
  const clock = new FakeClock();
  const cache = openShardedSync({ clock, shards: 2 });
  for (let i = 0; i < 100; i++) cache.set(i, i);
  clock.advance(1000);
  for (let i = 0; i < 10; i++) cache.get(i);
  cache.close();
  await ShardedDiskCache.reshard(cache.directory, 4);
  const again = openShardedSync({ clock, entryLimit: 20 }, cache.directory);
  again.cull();
  expect(again.getMany(Array.from({ length: 10 }, (_, i) => i))).toEqual(
    Array.from({ length: 10 }, (_, i) => i),
  );
});

test('new entries come after those that were there', async () => {
  const clock = new FakeClock();
  const cache = openSharded({ clock, shards: 2 });
  for (const key of ['c', 'a', 'b']) await cache.set(key, 1);
  await cache.close();
  await ShardedDiskCache.reshard(cache.directory, 6);
  const again = openShardedSync({ clock }, cache.directory);
  again.set('0', 1);
  again.set('a', 2);
  expect([...again.keys({ order: 'insertion' })]).toEqual(['c', 'a', 'b', '0']);
});

test('a cache that is open is refused, and nothing has changed', async () => {
  const cache = openSharded({ shards: 2 });
  await cache.set('key', 'value');
  await expect(ShardedDiskCache.reshard(cache.directory, 4)).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_SHARDS',
    message: expect.stringContaining('in use'),
  });
  expect(shardFolders(cache.directory)).toHaveLength(2);
  expect(await cache.get('key')).toBe('value');
});

test('a cache that is opened meanwhile waits, and then says what for', async () => {
  const before = openSharded({ shards: 2 });
  await before.set('key', 'value');
  await before.close();
  const resharding = ShardedDiskCache.reshard(before.directory, 3);
  for (const readOnly of [false, true])
    expect(() => openSharded({ timeout: 30, readOnly }, before.directory)).toThrow(
      expect.objectContaining({
        name: 'TimeoutError',
        message: `the shards in ${before.directory} were just being made, or changed by reshard(), for longer than the timeout of 30 ms`,
      }),
    );
  await resharding;
  expect(await openSharded({}, before.directory).get('key')).toBe('value');
});

test('what there is none of is not made', async () => {
  const directory = folderInMemory();
  await expect(ShardedDiskCache.reshard(directory, 4)).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_NOT_FOUND',
  });
  expect(readdirSync(directory)).toEqual([]);
  const plain = openCache();
  await expect(ShardedDiskCache.reshard(plain.directory, 4)).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_NOT_FOUND',
  });
});

test('as many shards as there are already is nothing to do', async () => {
  const cache = openSharded({ shards: 2 });
  await cache.set('key', 'value');
  await cache.close();
  await ShardedDiskCache.reshard(cache.directory, 2);
  expect(await openSharded({}, cache.directory).get('key')).toBe('value');
});

test('it tells how many entries were moved, and gives up when its signal is aborted, with nothing changed', async () => {
  const cache = openSharded({ shards: 2, fileThreshold: 100 });
  await cache.setMany(Array.from({ length: 1000 }, (_, i) => [i, i] as const));
  await cache.set('file', 'x'.repeat(200));
  await cache.close();
  const told: number[] = [];
  const abort = new AbortController();
  const onProgress = ({ moved }: { moved: number }) => {
    told.push(moved);
    if (moved > 500) abort.abort(new Error('enough'));
  };
  const given = ShardedDiskCache.reshard(cache.directory, 4, { signal: abort.signal, onProgress });
  await expect(given).rejects.toThrow('enough');
  expect(shardFolders(cache.directory)).toHaveLength(2);
  const again = openSharded({}, cache.directory);
  expect(await again.count()).toBe(1001);
  await again.close();

  told.length = 0;
  await ShardedDiskCache.reshard(cache.directory, 4, { onProgress: ({ moved }) => told.push(moved) });
  expect(told.at(-1)).toBe(1001);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(await openSharded({}, cache.directory).count()).toBe(1001);
});

test.for([
  [7, 4, {}],
  ['dir', 0, {}],
  ['dir', 4, { progress: 1 }],
  ['dir', 4, { onProgress: 1 }],
] as const)('reshard(%j, %j, %j) is an error', async ([directory, shards, options]) => {
  const given = ShardedDiskCache.reshard(directory as string, shards, options as never);
  await expect(given).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
});

test('values in files are not copied where a file can have two names', async () => {
  const cache = openSharded({ shards: 2 });
  await cache.set('file', Buffer.alloc(1_000_000));
  await cache.close();
  const [before] = valueFilesOfShards(cache.directory) as [string];
  await ShardedDiskCache.reshard(cache.directory, 4);
  const [after] = valueFilesOfShards(cache.directory) as [string];
  expect(after.split('/').slice(-2)).toEqual(before.split('/').slice(-2));
  expect(after).toContain(join(cache.directory, '1-'));
});
