import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DiskCache } from '@diskcache/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

const LARGE = 'x'.repeat(1000);

function opened(directory: string, clock?: FakeClock): DiskCache {
  const cache = new DiskCache(directory, { fileThreshold: 100, clock });
  onTestFinished(() => cache.close());
  return cache;
}

function below(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted();
}

describe.for<[string, (cache: DiskCache) => unknown]>([
  ['DiskCache', (cache) => cache.destroy()],
  ['DiskCacheSync', (cache) => cache.sync.destroy()],
])('destroy() of %s', ([, destroy]) => {
  test('removes the folder with all that the cache has made in it', async () => {
    const directory = join(folderInMemory(), 'cache');
    const cache = opened(directory);
    for (let i = 0; i < 50; i++) await cache.set(i, i % 2 === 0 ? LARGE : i);
    await destroy(cache);
    expect(existsSync(directory)).toBe(false);
    expect(existsSync(join(directory, '..'))).toBe(true);
  });

  test('leaves what others have put into the folder, and so the folder', async () => {
    const directory = folderInMemory();
    const cache = opened(directory);
    await cache.set('file', LARGE);
    const foreign = [
      'theirs.txt',
      'cache.db.bak',
      'values/theirs.val',
      'values/ab/theirs.txt',
      'values/theirs/x',
    ];
    mkdirSync(join(directory, 'values', 'ab'), { recursive: true });
    mkdirSync(join(directory, 'values', 'theirs'));
    for (const name of foreign) writeFileSync(join(directory, name), 'precious');
    await destroy(cache);
    expect(below(directory)).toEqual(['values', 'values/ab', 'values/theirs', ...foreign].toSorted());
  });

  test('leaves a foreign database that was set aside, and removes a damaged one of its own', async () => {
    const directory = folderInMemory();
    const path = join(directory, 'cache.db');
    new Database(path).exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES ('precious')").close();
    const first = opened(directory);
    first.on('recreate', () => undefined);
    await first.close();
    writeFileSync(path, readFileSync(path).subarray(0, 50));
    const cache = opened(directory);
    cache.on('recreate', () => undefined);
    await someTurns();
    await destroy(cache);
    const left = below(directory);
    expect(left).toHaveLength(1);
    const db = new Database(join(directory, left[0]!));
    expect(db.prepare('SELECT a FROM theirs').pluck().get()).toBe('precious');
    db.close();
  });

  test('closes the cache', async () => {
    const cache = opened(folderInMemory());
    await destroy(cache);
    await expect(cache.get('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
  });

  test('works on a closed cache, and a second time', async () => {
    const directory = join(folderInMemory(), 'cache');
    const cache = opened(directory);
    await cache.close();
    await destroy(cache);
    expect(existsSync(directory)).toBe(false);
    await destroy(cache);
  });

  test('removes a temporary cache', async () => {
    const cache = new DiskCache();
    await destroy(cache);
    expect(existsSync(cache.directory)).toBe(false);
  });

  test('lets a new cache be made in its place', async () => {
    const directory = join(folderInMemory(), 'cache');
    const cache = opened(directory);
    await cache.set('key', 'old');
    await destroy(cache);
    const fresh = opened(directory);
    expect(await fresh.get('key')).toBeUndefined();
    await fresh.set('key', 'new');
    expect(await fresh.get('key')).toBe('new');
  });
});

test('destroy() leaves what others who have the cache open write from then on', async () => {
  const directory = join(folderInMemory(), 'cache');
  const cache = opened(directory);
  await Promise.all(Array.from({ length: 500 }, (_, i) => cache.set(i, LARGE)));
  const other = opened(directory);
  other.on('recreate', () => undefined);
  await cache.close();
  let isDestroyed = false;
  const destroying = cache.destroy().finally(() => (isDestroyed = true));
  let count = 0;
  while (!isDestroyed || count < 500) await other.set(`new ${count++}`, LARGE);
  await destroying;
  const keys = Array.from({ length: count }, (_, i) => `new ${i}`);
  expect(await other.getMany(keys)).toEqual(keys.map(() => LARGE));
  expect(await other.check()).toMatchObject({ ok: true, problems: [], entries: count });
  expect(readdirSync(directory)).toEqual(expect.arrayContaining(['CACHEDIR.TAG', 'cache.db.lock']));
});

test('what a destroy() that was killed has left is removed by upkeep, and by the next one', async () => {
  const clock = new FakeClock(Date.now());
  const directory = join(folderInMemory(), 'cache');
  const cache = opened(directory, clock);
  const left = join(directory, 'values', 'ab.gone-0123abcd');
  mkdirSync(left, { recursive: true });
  const file = join(left, `${'0'.repeat(30)}.val`);
  writeFileSync(file, LARGE);
  expect((await cache.check()).problems).toEqual([]);
  clock.advance(3_600_000);
  await turnsUntil(() => !existsSync(file));
  writeFileSync(file, LARGE);
  await cache.destroy();
  expect(existsSync(directory)).toBe(false);
});

test('destroy() waits for what was called before', async () => {
  const directory = join(folderInMemory(), 'cache');
  const cache = opened(directory);
  const setting = cache.set('file', LARGE);
  await cache.destroy();
  await setting;
  expect(existsSync(directory)).toBe(false);
});

test('destroy() takes nothing of a cache that is made in its place before it has ended', async () => {
  const directory = join(folderInMemory(), 'cache');
  const cache = opened(directory);
  const keys = Array.from({ length: 600 }, (_, i) => i);
  await cache.setMany(keys.map((key) => [key, LARGE]));
  const destroying = cache.destroy();
  await turnsUntil(() => !existsSync(join(directory, 'cache.db')));
  const next = opened(directory);
  for (const key of keys) next.sync.set(key, `${key}|${LARGE}`);
  expect(existsSync(join(directory, 'values'))).toBe(true);
  await destroying;
  expect(await next.getMany(keys)).toEqual(keys.map((key) => `${key}|${LARGE}`));
  expect(await next.check()).toMatchObject({ ok: true, files: 600 });
  await next.destroy();
  expect(existsSync(directory)).toBe(false);
});

test('destroy() finishes what one that was killed has begun', async () => {
  const directory = join(folderInMemory(), 'cache');
  await opened(directory).set('key', LARGE);
  const [folder = ''] = readdirSync(join(directory, 'values'));
  const gone = join(directory, 'values', `${folder}.gone-0123abcd`);
  renameSync(join(directory, 'values', folder), gone);
  await opened(directory).destroy();
  expect(existsSync(directory)).toBe(false);
});
