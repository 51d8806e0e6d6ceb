import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DiskCache, type DiskCacheOptions, DiskCacheSync } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { listed, openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { valueFiles } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns } from '../../support/turns.ts';

const READ_ONLY = expect.objectContaining({ name: 'DiskCacheError', code: 'ERR_DISKCACHE_READ_ONLY' });
const NOT_FOUND = expect.objectContaining({ name: 'DiskCacheError', code: 'ERR_DISKCACHE_NOT_FOUND' });
const LARGE = 'x'.repeat(1000);

const reading = (directory: string, options: DiskCacheOptions = {}) =>
  openCache({ ...options, readOnly: true, fileThreshold: 100 }, directory);

/** A cache that nobody has open. */
async function closed(): Promise<string> {
  const cache = openCache({ fileThreshold: 100 });
  await cache.set('row', 'value', { tags: ['tag'] });
  await cache.set('file', LARGE);
  await cache.close();
  return cache.directory;
}

/** All files of a folder with their content and the time of their last change, and the folder’s own. */
function everything(directory: string): unknown[] {
  const names = ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()];
  return names
    .map((name) => join(directory, name))
    .map((path) => [path, statSync(path).isFile() && [statSync(path).mtimeMs, readFileSync(path, 'latin1')]]);
}

describe('a cache opened with readOnly', () => {
  test('has all that was written', async () => {
    const cache = reading(await closed());
    expect(await cache.getMany(['row', 'file', 'none'])).toEqual(['value', LARGE, undefined]);
    expect(await cache.has('row')).toBe(true);
    expect(await cache.entry('row')).toMatchObject({ value: 'value', tags: ['tag'] });
    expect(await listed(cache.keys())).toEqual(['file', 'row']);
    expect(await cache.count()).toBe(2);
    expect(await cache.stats()).toMatchObject({ count: 2, hits: 3, misses: 1 });
    expect(await cache.check()).toMatchObject({ ok: true, entries: 2, files: 1 });
    expect(cache.sync.get('file')).toBe(LARGE);
    expect(cache.sync.check()).toMatchObject({ ok: true, entries: 2, files: 1 });
  });

  test('leaves every file as it was', async () => {
    const directory = await closed();
    const before = everything(directory);
    const cache = reading(directory, { maxIdle: 1000 });
    for (let round = 0; round < 100; round++) await cache.getMany(['row', 'file', 'none']);
    await cache.check();
    await cache.close();
    openSync({ readOnly: true }, directory).close();
    expect(everything(directory)).toEqual(before);
  });

  test('changes nothing of what a writer is at, and sees it', async () => {
    const directory = await closed();
    const writer = openCache({ fileThreshold: 100 }, directory);
    await writer.set('row', 'new');
    const before = statSync(join(directory, 'cache.db-wal')).size;
    const cache = reading(directory);
    expect(await cache.get('row')).toBe('new');
    await cache.close();
    expect(statSync(join(directory, 'cache.db-wal')).size).toBe(before);
    await writer.set('row', 'newer');
    expect(await writer.check()).toMatchObject({ ok: true });
  });

  test.for([
    ['that was there before', true],
    ['that came later', false],
  ] as const)('sees what a writer %s goes on to write', async ([, isBefore]) => {
    const directory = await closed();
    const before = isBefore ? openCache({}, directory) : undefined;
    const cache = reading(directory);
    expect(await cache.get('row')).toBe('value');
    const writer = before ?? openCache({}, directory);
    for (let round = 0; round < 5; round++) {
      await writer.set('row', round);
      expect(await cache.get('row')).toBe(round);
    }
    await writer.close();
    expect(await cache.get('row')).toBe(4);
  });

  test('does not see expired entries, and leaves them', async () => {
    const directory = folderInMemory();
    const clock = new FakeClock();
    const writer = openCache({ clock }, directory);
    await writer.set('key', 'value', { ttl: 1000 });
    await writer.close();
    const cache = reading(directory, { clock });
    clock.advance(100_000);
    expect([await cache.get('key'), await cache.count()]).toEqual([undefined, 0]);
    await cache.close();
    const db = new Database(join(directory, 'cache.db'));
    expect(db.prepare('SELECT count(*) FROM entry').pluck().get()).toBe(1);
    db.close();
  });

  test('has getOrSet() and memoize() compute what is not there, and stores nothing', async () => {
    const directory = await closed();
    const cache = reading(directory);
    const heard: Error[] = [];
    cache.on('error', (error) => heard.push(error));
    expect(await cache.getOrSet('new', () => 'computed')).toBe('computed');
    expect(cache.sync.getOrSet('new', () => 'computed')).toBe('computed');
    await someTurns();
    expect([await cache.has('new'), heard]).toEqual([false, []]);
  });

  test('takes a value file that is missing for a miss, and leaves its entry', async () => {
    const directory = await closed();
    for (const file of valueFiles(directory)) unlinkSync(file);
    const cache = reading(directory);
    const heard: Error[] = [];
    cache.on('error', (error) => heard.push(error));
    expect(await cache.get('file', 'miss')).toBe('miss');
    expect(cache.sync.get('file', 'miss')).toBe('miss');
    await someTurns();
    expect(heard).toMatchObject([{ code: 'ERR_DISKCACHE_STORAGE' }, { code: 'ERR_DISKCACHE_STORAGE' }]);
    expect(await cache.has('file')).toBe(true);
  });

  test('sees the end of the cache that it read, and a new one in its place', async () => {
    const directory = await closed();
    const clock = new FakeClock();
    const cache = reading(directory, { clock });
    const heard: unknown[] = [];
    cache.on('recreate', (recreation) => heard.push(recreation));
    expect(await cache.get('row')).toBe('value');
    await openCache({}, directory).destroy();
    const writer = openCache({}, directory);
    await writer.set('row', 'of the new one');
    clock.advance(1000);
    expect(await cache.get('row')).toBe('of the new one');
    await new Promise(setImmediate);
    expect(heard).toEqual([{ reason: 'replaced', movedTo: undefined }]);
  });
});

const CHANGES: Record<string, (cache: DiskCache) => unknown> = {
  set: (cache) => cache.set('key', 1),
  'set of a file': (cache) => cache.set('key', LARGE),
  setMany: (cache) => cache.setMany([['key', 1]]),
  add: (cache) => cache.add('key', 1),
  'add of a file': (cache) => cache.add('key', LARGE),
  touch: (cache) => cache.touch('row'),
  delete: (cache) => cache.delete('row'),
  deleteMany: (cache) => cache.deleteMany(['row']),
  pop: (cache) => cache.pop('row'),
  incr: (cache) => cache.incr('n'),
  push: (cache) => cache.push('queue', 'item'),
  pull: (cache) => cache.pull('queue'),
  clear: (cache) => cache.clear(),
  evict: (cache) => cache.evict('tag'),
  deletePrefix: (cache) => cache.deletePrefix('r'),
  expire: (cache) => cache.expire(),
  cull: (cache) => cache.cull(),
  vacuum: (cache) => cache.vacuum(),
  'check with fix': (cache) => cache.check({ fix: true }),
  transact: (cache) => cache.transact(() => 1),
  destroy: (cache) => cache.destroy(),
};

describe.for(Object.entries(CHANGES))('%s() of a cache opened with readOnly', ([, change]) => {
  test('fails with ERR_DISKCACHE_READ_ONLY, and the cache goes on', async () => {
    const directory = await closed();
    const cache = reading(directory);
    const before = everything(directory);
    await expect(change(cache)).rejects.toEqual(READ_ONLY);
    expect(() => change(cache.sync as never)).toThrow(READ_ONLY);
    expect(everything(directory)).toEqual(before);
    expect(await cache.get('row')).toBe('value');
  });
});

describe('opening with readOnly', () => {
  test.for<[string, (directory: string) => void]>([
    ['folder', () => undefined],
    ['cache.db', (directory) => mkdirSync(directory)],
    [
      'content of cache.db',
      (directory) => new Database(join((mkdirSync(directory), directory), 'cache.db')).close(),
    ],
  ])('without a %s fails with ERR_DISKCACHE_NOT_FOUND and makes nothing', ([, make]) => {
    const directory = join(folderInMemory(), 'cache');
    make(directory);
    const before = existsSync(directory) && readdirSync(directory);
    for (const Cache of [DiskCache, DiskCacheSync])
      expect(() => new Cache(directory, { readOnly: true })).toThrow(NOT_FOUND);
    expect(existsSync(directory) && readdirSync(directory)).toEqual(before);
  });

  test('a damaged cache fails with ERR_DISKCACHE_CORRUPT and leaves it', async () => {
    const directory = await closed();
    truncateSync(join(directory, 'cache.db'), 5000);
    const before = everything(directory);
    expect(() => reading(directory)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_CORRUPT' }));
    expect(everything(directory)).toEqual(before);
  });

  test('no directory is refused', () => {
    expect(() => new DiskCache(undefined, { readOnly: true })).toThrow(
      expect.objectContaining({ name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_OPTION' }),
    );
  });

  test('works while a writer holds the lock', async () => {
    const directory = await closed();
    const writer = openSync({}, directory);
    writer.transact((tx) => {
      tx.set('row', 'not yet committed');
      expect(openSync({ readOnly: true }, directory).get('row')).toBe('value');
    });
  });
});
