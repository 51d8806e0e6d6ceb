import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ShardedDiskCache, ShardedDiskCacheOptions } from '@diskcache/core';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
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
import { turnsUntil } from '../../support/turns.ts';

const EVICTING = ['lru', 'lfu', 'fifo', 's3-fifo'] as const;
const LIMIT = 1_000_000;
const ROW = 'x'.repeat(5_000);

/** A key for each shard. */
function keysOfShards(cache: ShardedDiskCache): string[] {
  const found = new Map<string, string>();
  for (let i = 0; found.size < cache.shards; i++) {
    const key = `key ${i}`;
    cache.sync.set(key, 1);
    for (const folder of shardFolders(cache.directory)) {
      const db = new Database(join(folder, 'cache.db'), { readonly: true });
      const isThere = db.prepare('SELECT 1 FROM entry WHERE key = ?').get(key) !== undefined;
      db.close();
      if (isThere && !found.has(folder)) found.set(folder, key);
    }
    cache.sync.delete(key);
  }
  return [...found.keys()].sort().map((folder) => found.get(folder) as string);
}

/** A cache that is full of rows of 5 KB. */
async function openFull(options: ShardedDiskCacheOptions = {}): Promise<ShardedDiskCache> {
  const cache = openSharded({ sizeLimit: LIMIT, ...options });
  for (let i = 0; i < 300; i++) await cache.set(`row ${i}`, ROW);
  return cache;
}

/** That each shard has no more than its share, and all of them no more and no less than the limits. */
function expectShared(directory: string, sizeLimit = LIMIT): void {
  const totals = totalsAtOnce(directory);
  expect(sumOf(totals, 'sizeShare')).toBe(WHOLE);
  expect(sumOf(totals, 'entryShare')).toBe(WHOLE);
  expect(sumOf(totals, 'space')).toBeLessThanOrEqual(sizeLimit);
  for (const { space, sizeShare } of totals)
    expect(space).toBeLessThanOrEqual((sizeShare / WHOLE) * sizeLimit + 1);
}

describe.for(EVICTING)('%s', (eviction) => {
  test('sizeLimit is that of all shards, kept after each set(), and filled', async () => {
    const cache = openSharded({ eviction, sizeLimit: LIMIT });
    for (let i = 0; i < 600; i++) {
      await cache.set(i, ROW);
      expect(await cache.size()).toBeLessThanOrEqual(LIMIT);
      expect(await cache.has(i)).toBe(true);
    }
    expect(await cache.size()).toBeGreaterThan(LIMIT - 2 * 5_100 * cache.shards);
    expectShared(cache.directory);
  });

  test('entryLimit is that of all shards, exactly', async () => {
    const cache = openSharded({ eviction, entryLimit: 21 });
    for (let i = 0; i < 200; i++) {
      await cache.set(i, i);
      expect(await cache.count()).toBe(Math.min(i + 1, 21));
    }
    expect(await cache.stats()).toMatchObject({ evicted: 179, evictedFor: { entries: 179 } });
  });

  test.for([0.5, 0.97])(
    'a value of %d of the limit is stored, as a row, a file or a stream',
    async (part) => {
      const cache = await openFull({ eviction });
      const size = Math.floor(LIMIT * part);
      await cache.set('file', randomBytes(size));
      expect(await cache.get<Buffer>('file')).toHaveLength(size);
      await cache.setStream('stream', [randomBytes(size)]);
      expect(await cache.get<Buffer>('stream')).toHaveLength(size);
      cache.sync.set('sync', randomBytes(size));
      expect(await cache.get<Buffer>('sync')).toHaveLength(size);
      await cache.transact((tx) => tx.set('in a transaction', randomBytes(size)));
      expect(await cache.get<Buffer>('in a transaction')).toHaveLength(size);
      expectShared(cache.directory);

      const rows = await openFull({ eviction, fileThreshold: 10 * LIMIT });
      await rows.set('row', randomBytes(size));
      expect(await rows.get<Buffer>('row')).toHaveLength(size);
      expectShared(rows.directory);
      expect(await rows.check()).toMatchObject({ ok: true, problems: [] });
    },
  );

  test('a large value lets no more go than it needs, and what was there for longest', async () => {
    const clock = new FakeClock();
    const cache = openSharded({ eviction, sizeLimit: LIMIT, clock });
    for (let i = 0; i < 150; i++) {
      clock.advance(1000);
      await cache.set(`row ${i}`, ROW);
    }
    const size = await cache.size();
    await cache.set('large', randomBytes(500_000));
    const gone = 150 + 1 - (await cache.count());
    expect(gone).toBeLessThanOrEqual(Math.ceil((size + 500_500 - LIMIT) / (size / 150)) + 2);
    if (eviction === 'lru' || eviction === 'fifo') {
      const left = await cache.getMany(Array.from({ length: 50 }, (_, i) => `row ${100 + i}`));
      expect(left.filter((value) => value === undefined)).toHaveLength(0);
    }
  });
});

test("with eviction 'none' all of the limit can be used before anything is refused", async () => {
  const cache = openSharded({ eviction: 'none', entryLimit: 100 });
  for (let i = 0; i < 100; i++) await cache.set(i, i);
  await expect(cache.set(100, 100)).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_FULL',
    message: expect.stringContaining("eviction is 'none'"),
  });
  await cache.set(50, 'in its place');
  await cache.delete(7);
  await cache.set(100, 100);
  expect(await cache.count()).toBe(100);
});

test("with eviction 'none' half of the limit is there for one value, wherever the rest is", async () => {
  const cache = openSharded({ eviction: 'none', sizeLimit: LIMIT });
  for (let i = 0; i < 90; i++) await cache.set(i, ROW);
  await cache.set('large', randomBytes(500_000));
  expectShared(cache.directory);
  await expect(cache.set('more', randomBytes(100_000))).rejects.toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
  expect(await cache.count()).toBe(91);
});

test('a value larger than the limit is refused, and nothing is lost', async () => {
  const cache = await openFull();
  const count = await cache.count();
  for (const refused of [
    cache.set('new', randomBytes(LIMIT)),
    cache.set('row 299', randomBytes(LIMIT)),
    cache.setStream('new', [randomBytes(LIMIT)]),
  ]) {
    await expect(refused).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TOO_LARGE' });
  }
  expect(await cache.count()).toBeGreaterThanOrEqual(count - 1);
  expectShared(cache.directory);
});

test('what is pinned in one shard is not evicted for a value in another, which is refused where it cannot fit', async () => {
  const cache = openSharded({ sizeLimit: LIMIT });
  const [one, other] = keysOfShards(cache) as [string, string];
  await cache.set(one, randomBytes(600_000), { pinned: true });
  await cache.set(other, randomBytes(300_000));
  await expect(cache.set('large', randomBytes(500_000))).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_FULL',
    message: expect.stringContaining('pinned'),
  });
  expect(await cache.get<Buffer>(one)).toHaveLength(600_000);
  expectShared(cache.directory);
});

test('what expired in one shard goes before what lives in another', async () => {
  const clock = new FakeClock();
  const cache = openSharded({ sizeLimit: LIMIT, clock });
  for (let i = 0; i < 90; i++) await cache.set(`live ${i}`, ROW);
  for (let i = 0; i < 90; i++) await cache.set(`short ${i}`, ROW, { ttl: 10 });
  clock.advance(10);
  for (let i = 0; i < 80; i++) await cache.set(`new ${i}`, ROW);
  expect(await cache.stats()).toMatchObject({ evicted: 0 });
  expect(await cache.count()).toBe(170);
});

test('a queue fills as much of the limit as it needs, though it is in one shard', async () => {
  const cache = await openFull();
  for (let i = 0; i < 150; i++) await cache.push('queue', ROW);
  expect(await cache.count()).toBeLessThan(200);
  expectShared(cache.directory);
  for (let i = 0; i < 150; i++) expect(await cache.pull('queue')).toBeDefined();
  for (let i = 0; i < 300; i++) await cache.set(`row ${i}`, ROW);
  expect(await cache.size()).toBeGreaterThan(LIMIT - 2 * 5_100 * cache.shards);
});

test('a shard whose entries nobody uses gives room to those that are used', { timeout: 30_000 }, () => {
  const clock = new FakeClock();
  const cache = openShardedSync({ sizeLimit: LIMIT, clock });
  cache.set('large', randomBytes(400_000));
  for (let i = 0; i < 2000; i++) {
    clock.advance(1000);
    cache.set(`row ${i}`, ROW);
  }
  expect(cache.has('large')).toBe(false);
  const spaces = totalsAtOnce(cache.directory).map(({ space }) => space);
  expect(Math.max(...spaces)).toBeLessThan(1.6 * Math.min(...spaces));
});

test('opening with lower limits has the next set() evict all that is too much, in all shards', async () => {
  const cache = openSharded({ sizeLimit: LIMIT });
  for (let i = 0; i < 150; i++) await cache.set(i, ROW);
  const lower = openSharded({ sizeLimit: LIMIT / 4 }, cache.directory);
  expect(await lower.count()).toBe(150);
  await lower.set('new', ROW);
  expect(await lower.size()).toBeLessThanOrEqual(LIMIT / 4);
  expect(await lower.size()).toBeGreaterThan(LIMIT / 4 - 2 * 5_100 * cache.shards);
  expect(await lower.has('new')).toBe(true);
});

test('cull() evicts what is too much in all shards, and tells how many', async () => {
  const cache = openSharded();
  await cache.setMany(Array.from({ length: 500 }, (_, i) => [i, i] as const));
  const lower = openSharded({ entryLimit: 100 }, cache.directory);
  expect(await lower.cull()).toBe(400);
  expect(await lower.count()).toBe(100);
});

test('a share that was taken by a transaction which is taken back is given out again', async () => {
  const cache = await openFull();
  for (let i = 0; i < 3; i++) {
    const failing = cache.transact((tx) => {
      tx.set('large', randomBytes(600_000));
      throw new Error('back');
    });
    await expect(failing).rejects.toThrow('back');
    await expect(cache.set(`pinned ${i}`, 1, { pinned: true })).resolves.toBeUndefined();
    const [first] = keysOfShards(cache) as [string];
    await cache.set(first, randomBytes(500_000));
    expectShared(cache.directory);
  }
});

test('what a write took for a value that is refused in the end is given out again', async () => {
  const cache = openSharded({ sizeLimit: LIMIT });
  const keys = keysOfShards(cache);
  for (const key of keys.slice(1)) await cache.set(key, randomBytes(80_000), { pinned: true });
  for (let i = 0; i < 3; i++) {
    await expect(cache.set(keys[0] as string, randomBytes(700_000))).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_FULL',
    });
  }
  await turnsUntil(() => sumOf(totalsAtOnce(cache.directory), 'sizeShare') === WHOLE);
  expectShared(cache.directory);
});

test('the share of a shard that was lost is given out again', async () => {
  const cache = await openFull();
  await cache.close();
  rmSync(join(cache.directory, '3'), { recursive: true });
  const again = openSharded({ sizeLimit: LIMIT }, cache.directory);
  await turnsUntil(() => sumOf(totalsAtOnce(cache.directory), 'sizeShare') === WHOLE);
  for (let i = 0; i < 300; i++) await again.set(`row ${i}`, ROW);
  expect(await again.size()).toBeGreaterThan(LIMIT - 2 * 5_100 * cache.shards);
  expectShared(cache.directory);
});

test('shares that are too much together, as after an older state of a shard came back, are taken back', async () => {
  const cache = await openFull();
  for (const [i, folder] of shardFolders(cache.directory).entries()) {
    const db = new Database(join(folder, 'cache.db'));
    onTestFinished(() => void db.close());
    const totals = JSON.parse(
      db.prepare('SELECT totals FROM arrival WHERE totals IS NOT NULL').pluck().get() as string,
    );
    totals.sizeShare += i * 2 ** 40 + 12_345;
    db.prepare('UPDATE arrival SET totals = ? WHERE totals IS NOT NULL').run(JSON.stringify(totals));
  }
  const again = openSharded({ sizeLimit: LIMIT }, cache.directory);
  await turnsUntil(() => sumOf(totalsAtOnce(cache.directory), 'sizeShare') <= WHOLE);
  for (let i = 0; i < 100; i++) await again.set(`other ${i}`, ROW);
  expect(await again.size()).toBeLessThanOrEqual(LIMIT);
});

test('opening a cache that exists writes nothing', async () => {
  const cache = await openFull();
  await cache.close();
  const before = totalsAtOnce(cache.directory);
  const version = () =>
    shardFolders(cache.directory).map((folder) => {
      const db = new Database(join(folder, 'cache.db'), { readonly: true });
      const changes = db.pragma('data_version', { simple: true });
      db.close();
      return changes;
    });
  version();
  const again = openSharded({ sizeLimit: LIMIT }, cache.directory);
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(totalsAtOnce(cache.directory)).toEqual(before);
  await again.close();
});

test('no files are left over by all this', async () => {
  const cache = openSharded({ sizeLimit: LIMIT, fileThreshold: 1 }, folderInMemory());
  for (let i = 0; i < 400; i++) await cache.set(i % 77, randomBytes(1000 + (i % 10) * 20_000));
  await cache.transact((tx) => tx.set('large', randomBytes(700_000)));
  await cache.close();
  const again = openSharded({ sizeLimit: LIMIT }, cache.directory);
  expect(valueFilesOfShards(cache.directory)).toHaveLength(await again.count());
  expect(await again.check()).toMatchObject({ ok: true, problems: [] });
});
