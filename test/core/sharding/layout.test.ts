import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DiskCache, DiskCacheSync, ShardedDiskCache, ShardedDiskCacheSync } from '@diskcache/core';
import { expect, onTestFinished, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openSharded, openShardedSync } from '../../support/sharded.ts';
import { shardFolders } from '../../support/shards-on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { turnsUntil } from '../../support/turns.ts';

test('a new cache has 8 shards, or as many as are asked for, each in a folder of its own', () => {
  const directory = join(folderInMemory(), 'not', 'there');
  expect(openSharded({}, directory).shards).toBe(8);
  expect(readdirSync(directory).sort()).toEqual(
    ['0', '1', '2', '3', '4', '5', '6', '7', 'CACHEDIR.TAG', 'shards.json', 'shards.json.lock'].sort(),
  );
  expect(openShardedSync({ shards: 3 }).shards).toBe(3);
  expect(openSharded({ shards: 1 }).shards).toBe(1);
});

test.skipIf(process.platform === 'win32')('its folders and files are private to the user', () => {
  const { directory } = openSharded();
  for (const name of ['', '0', '7']) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o700);
  for (const name of ['shards.json', 'shards.json.lock', '3/cache.db'])
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
});

test('a cache is opened with the shards that it has, whoever asks for none', async () => {
  const first = openSharded({ shards: 5 });
  await first.set('key', 'value');
  expect(openSharded({}, first.directory).shards).toBe(5);
  expect(openSharded({ shards: 5 }, first.directory).shards).toBe(5);
  await first.close();
  expect(await openSharded({}, first.directory).get('key')).toBe('value');
});

test.for([
  ['ShardedDiskCache', ShardedDiskCache],
  ['ShardedDiskCacheSync', ShardedDiskCacheSync],
] as const)(
  '%s with another number of shards than there are is an error that says how to go on',
  async ([, Door]) => {
    const { directory } = openSharded({ shards: 5 });
    expect(() => new Door(directory, { shards: 8 })).toThrow(
      expect.objectContaining({
        code: 'ERR_DISKCACHE_SHARDS',
        message: expect.stringMatching(/has 5 shards, and not 8.*ShardedDiskCache\.reshard\(directory, 8\)/),
      }),
    );
  },
);

test('a folder of a DiskCache is refused, and left as it is', async () => {
  const cache = openCache();
  await cache.set('key', 'value');
  const before = readdirSync(cache.directory);
  expect(() => new ShardedDiskCache(cache.directory)).toThrow(
    expect.objectContaining({
      code: 'ERR_DISKCACHE_SHARDS',
      message: expect.stringContaining('is not sharded'),
    }),
  );
  expect(readdirSync(cache.directory)).toEqual(before);
});

test.for([
  ['DiskCache', DiskCache, {}],
  ['DiskCacheSync', DiskCacheSync, {}],
  ['DiskCache, only to be read,', DiskCache, { readOnly: true }],
] as const)('%s refuses a folder of a ShardedDiskCache, and leaves it as it is', ([, Door, options]) => {
  const { directory } = openSharded();
  const before = readdirSync(directory);
  expect(() => new Door(directory, options)).toThrow(
    expect.objectContaining({
      code: 'ERR_DISKCACHE_SHARDS',
      message: expect.stringContaining('open it with ShardedDiskCache'),
    }),
  );
  expect(readdirSync(directory)).toEqual(before);
});

test.for([0, -1, 1.5, 257, '8', null, NaN, Infinity])('shards: %s is an error', (shards) => {
  expect(() => new ShardedDiskCache(folderInMemory(), { shards: shards as never })).toThrow(
    expect.objectContaining({
      code: 'ERR_DISKCACHE_OPTION',
      message: expect.stringContaining("'shards' must be a whole number from 1 to 256"),
    }),
  );
});

test.for([
  [{ shard: 3 }, /unknown option 'shard'/],
  [{ sizeLimit: 1 }, /'sizeLimit'/],
  [7, /options must be an object/],
])('wrong options %j are an error, and nothing is made', ([options, message]) => {
  const directory = join(folderInMemory(), 'new');
  expect(() => new ShardedDiskCache(directory, options as never)).toThrow(message as RegExp);
  expect(existsSync(directory)).toBe(false);
});

test('256 shards can be opened', () => {
  expect(openShardedSync({ shards: 256 }).shards).toBe(256);
}, 60_000);

test.for([
  ['of a newer version', '{"version":2,"shards":8,"generation":0}', 'ERR_DISKCACHE_FORMAT', /has version 2/],
  ['that is empty', '', 'ERR_DISKCACHE_CORRUPT', /does not tell how many shards/],
  ['without a number', '{"version":1}', 'ERR_DISKCACHE_CORRUPT', /does not tell how many shards/],
] as const)('a shards.json %s is an error, and stays', ([, text, code, message]) => {
  const directory = folderInMemory();
  writeFileSync(join(directory, 'shards.json'), text);
  expect(() => new ShardedDiskCache(directory)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
  expect(readFileSync(join(directory, 'shards.json'), 'utf8')).toBe(text);
});

test('a cache that is not there is not made where it is only to be read', () => {
  const directory = join(folderInMemory(), 'none');
  expect(() => new ShardedDiskCache(directory, { readOnly: true })).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_NOT_FOUND' }),
  );
  expect(existsSync(directory)).toBe(false);
});

test('a cache that is only to be read gives what is there and refuses to change it', async () => {
  const cache = openSharded({ shards: 3 });
  await cache.setMany([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  const reader = openSharded({ readOnly: true }, cache.directory);
  expect(await reader.getMany(['a', 'b', 'c'])).toEqual([1, 2, 3]);
  await cache.set('d', 4);
  expect(await reader.get('d')).toBe(4);
  const refused = { code: 'ERR_DISKCACHE_READ_ONLY' };
  for (const change of [
    () => reader.set('a', 2),
    () => reader.setMany([['a', 2]]),
    () => reader.delete('a'),
    () => reader.deleteMany(['a']),
    () => reader.clear(),
    () => reader.evict('tag'),
    () => reader.vacuum(),
    () => reader.transact(() => undefined),
    () => reader.destroy(),
  ])
    await expect(change()).rejects.toMatchObject(refused);
  expect(() => reader.sync.setMany([])).toThrow(expect.objectContaining(refused));
  expect(await reader.count()).toBe(4);
});

test('without a directory it is a temporary cache, which close() removes', async () => {
  const cache = new ShardedDiskCache(undefined, { shards: 2, fileThreshold: 10 });
  onTestFinished(() => cache.close());
  expect(dirname(cache.directory)).toBe(tmpdir());
  await cache.set('file', 'x'.repeat(100));
  await cache.cache('named').set('a', 1);
  await cache.close();
  expect(existsSync(cache.directory)).toBe(false);
  const sync = new ShardedDiskCacheSync();
  sync.close();
  expect(existsSync(sync.directory)).toBe(false);
});

test.for(['destroy', 'sync.destroy'] as const)(
  '%s() removes the folder and all that is in it, but what is not of a cache',
  async (verb) => {
    const parent = folderInMemory();
    const cache = openSharded({ shards: 3, fileThreshold: 10 }, join(parent, 'cache'));
    await cache.set('file', 'x'.repeat(100));
    await cache.cache('named', { fileThreshold: 10 }).set('file', 'x'.repeat(100));
    mkdirSync(join(cache.directory, 'mine'));
    writeFileSync(join(cache.directory, 'mine', 'file'), 'stays');
    if (verb === 'destroy') await cache.destroy();
    else {
      await cache.cache('named').close();
      cache.sync.destroy();
    }
    expect(readdirSync(cache.directory)).toEqual(['mine']);
    const empty = openSharded({}, join(parent, 'other'));
    await empty.destroy();
    expect(existsSync(empty.directory)).toBe(false);
  },
);

test('what another process has open of a cache that is destroyed goes on as an empty one with as many shards', async () => {
  const cache = openSharded({ shards: 3 });
  const other = openSharded({}, cache.directory);
  other.on('recreate', () => undefined);
  await cache.set('key', 'value');
  await cache.destroy();
  await expect.poll(async () => other.set('new', 1).then(() => other.get('new'))).toBe(1);
  const third = openSharded({}, cache.directory);
  expect(third.shards).toBe(3);
  expect(await third.get('key')).toBeUndefined();
});

test('cache() gives a cache of its own in the folder, the same one each time, closed with it', async () => {
  const cache = openSharded({ shards: 2 });
  const [one, other] = [cache.cache('one'), cache.cache('other')];
  expect(cache.cache('one')).toBe(one);
  expect(one).toBeInstanceOf(DiskCache);
  await one.set('key', 1);
  await other.set('key', 2);
  expect([await one.get('key'), await other.get('key'), await cache.get('key')]).toEqual([1, 2, undefined]);
  expect(dirname(dirname(one.directory))).toBe(cache.directory);
  await cache.close();
  await expect(one.get('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
  const again = openSharded({}, cache.directory);
  expect(await again.cache('one').get('key')).toBe(1);
});

test('a name is never a path, and names that differ in case only are different names', async () => {
  const cache = openSharded({ shards: 1 });
  for (const name of ['../../out', 'a/b', 'A/B', '.', '..', 'x'.repeat(500), 'ключ', 'key', 'Key']) {
    const named = cache.cache(name);
    expect(dirname(dirname(named.directory))).toBe(cache.directory);
    await named.set('name', name);
  }
  for (const name of ['a/b', 'A/B', 'key', 'Key']) expect(await cache.cache(name).get('name')).toBe(name);
  for (const name of ['', 7, undefined, '\ud800'])
    expect(() => cache.cache(name as never)).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }),
    );
});

test('options that cache() is given must be those that the cache of that name is open with', async () => {
  const cache = openSharded({ shards: 1, ttl: 60_000 });
  const named = cache.cache('name', { sizeLimit: 5_000_000, serializers: [] });
  for (const same of [
    undefined,
    {},
    { sizeLimit: 5_000_000 },
    { ttl: 60_000, timeout: 5000 },
    { serializers: [] },
  ])
    expect(cache.cache('name', same)).toBe(named);
  expect(() => cache.cache('name', { sizeLimit: 6_000_000 })).toThrow(
    expect.objectContaining({
      code: 'ERR_DISKCACHE_OPTION',
      message: `option 'sizeLimit' of cache "name" must be as it is open already (5000000), or be left out; given 6000000`,
    }),
  );
  for (const wrong of [{ eviction: 'lfu' }, { ttl: 1 }, { none: 1 }, { shards: 2 }, 7])
    expect(() => cache.cache('name', wrong as never)).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }),
    );
});

test('an option that cache() is given as undefined is as in the cache that it is in', async () => {
  const clock = new FakeClock();
  const cache = openSharded({ shards: 1, ttl: 1000, clock });
  const named = cache.cache('name', { ttl: undefined });
  await named.set('key', 1);
  clock.advance(1000);
  expect(await named.has('key')).toBe(false);
});

test('cache() opens a cache again that was closed by itself', async () => {
  const cache = openSharded({ shards: 1 });
  const first = cache.cache('name', { sizeLimit: 5_000_000 });
  await first.set('key', 1);
  await first.close();
  const second = cache.cache('name', { sizeLimit: 6_000_000 });
  expect(await second.get('key')).toBe(1);
  await cache.close();
  await expect(second.get('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
});

test('both doors give the same caches by cache(), and either closes them', async () => {
  const cache = openSharded({ shards: 1 });
  const named = cache.cache('name');
  expect(cache.sync.cache('name')).toBe(named.sync);
  await named.set('key', 1);
  cache.sync.close();
  await expect(named.get('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
  const again = openShardedSync({}, cache.directory);
  expect(again.cache('name').get('key')).toBe(1);
  again.destroy();
  expect(existsSync(cache.directory)).toBe(false);
});

test('one shard of a cache is not opened by itself', async () => {
  const cache = openSharded({ shards: 2 });
  const shard = join(cache.directory, '1');
  for (const open of [
    () => new DiskCache(shard),
    () => new DiskCache(shard, { readOnly: true }),
    () => new DiskCacheSync(shard),
    () => new ShardedDiskCache(shard),
  ])
    expect(open).toThrow(
      expect.objectContaining({
        code: 'ERR_DISKCACHE_SHARDS',
        message: `${shard} is one of the shards of the cache in ${cache.directory}: open that, with ShardedDiskCache`,
      }),
    );
  const beside = openCache({}, join(cache.directory, 'mine'));
  await beside.set('key', 1);
});

test('cache() after close() is an error', async () => {
  const cache = openSharded({ shards: 1 });
  await cache.close();
  expect(() => cache.cache('late')).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_CLOSED' }));
});

test('shards that were left by a killed reshard() are removed when the cache is opened', async () => {
  const cache = openSharded({ shards: 2 });
  await cache.set('key', 'value');
  await cache.close();
  for (const name of ['1-0', '1-1', '1-2']) {
    const left = openSync();
    left.close();
    cpSync(left.directory, join(cache.directory, name), { recursive: true });
  }
  const again = openSharded({}, cache.directory);
  await turnsUntil(() => shardFolders(cache.directory).length === 2);
  expect(await again.get('key')).toBe('value');
});
