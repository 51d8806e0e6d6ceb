import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DiskCache, type DiskCacheOptions, type Recreation } from '@diskcache/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listed, openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection, overwritten, valueFiles } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const PAGE = 4096;
const KEYS = Array.from({ length: 500 }, (_, i) => `key ${i}`);
const LARGE = 'x'.repeat(1000);
const CORRUPT = expect.objectContaining({ name: 'DiskCacheError', code: 'ERR_DISKCACHE_CORRUPT' });

/** A cache that was just opened, with entries that it has not looked at yet, and the new starts that it tells of. */
async function opened(options: DiskCacheOptions = {}): Promise<{ cache: DiskCache; heard: Recreation[] }> {
  const first = openCache({ fileThreshold: 900 });
  await first.setMany(KEYS.map((key) => [key, `${key}|`.padEnd(800, 'x')]));
  await first.set('file', LARGE);
  await first.close();
  const cache = openCache({ memoryLimit: 0, fileThreshold: 900, ...options }, first.directory);
  const heard: Recreation[] = [];
  cache.on('recreate', (recreation) => heard.push(recreation));
  return { cache, heard };
}

const databaseOf = (cache: DiskCache) => join(cache.directory, 'cache.db');

const DAMAGES: [what: string, damage: (path: string) => void][] = [
  ['is emptied', (path) => truncateSync(path, 0)],
  ['is cut off after its first page', (path) => truncateSync(path, PAGE)],
  ['is cut off in the middle of a page', (path) => truncateSync(path, 6 * PAGE + 100)],
  ['is filled with zeros', (path) => overwritten(path, 0, Buffer.alloc(statSync(path).size))],
  ['has garbage in all pages but the first', (path) => overwritten(path, PAGE, Buffer.alloc(120 * PAGE, 7))],
];

const DOORS = [
  ['DiskCache', (cache: DiskCache) => cache],
  ['DiskCacheSync', (cache: DiskCache) => cache.sync],
] as const;

describe.for(DOORS)('%s, while it is open', ([, door]) => {
  describe.for(DAMAGES)('and cache.db %s', ([, damage]) => {
    test('reads are misses, the cache starts empty with an event, and writing goes on', async () => {
      const { cache, heard } = await opened();
      damage(databaseOf(cache));
      for (const key of KEYS) {
        const value = await door(cache).get<string>(key);
        if (value !== undefined) expect(value).toBe(`${key}|`.padEnd(800, 'x'));
      }
      expect(await door(cache).getMany(KEYS)).toEqual(KEYS.map(() => undefined));
      await someTurns();
      expect(heard).toEqual([{ reason: 'corrupt', movedTo: expect.stringContaining('cache.db.corrupt-') }]);
      expect(existsSync(heard[0]!.movedTo!)).toBe(true);
      await door(cache).set('key 1', 'new');
      await door(cache).set('file', LARGE);
      expect(await door(cache).getMany(['key 1', 'file'])).toEqual(['new', LARGE]);
      expect(await cache.check()).toMatchObject({ ok: true, entries: 2 });
      await cache.close();
      const reopened = openCache({}, cache.directory);
      expect(await reopened.get('key 1')).toBe('new');
    });

    test('a write that meets the damage is carried out once more', async () => {
      const { cache } = await opened();
      damage(databaseOf(cache));
      for (const key of KEYS) await door(cache).set(key, 'new');
      await door(cache).set('file', LARGE.replace('x', 'y'));
      expect(await door(cache).get('key 499')).toBe('new');
      expect(await door(cache).get('file')).toBe(LARGE.replace('x', 'y'));
      expect(await cache.check()).toMatchObject({ problems: [] });
    });

    test("with onCorrupt: 'throw' it is an ERR_DISKCACHE_CORRUPT, and nothing is moved", async () => {
      const { cache, heard } = await opened({ onCorrupt: 'throw' });
      cache.on('error', () => undefined);
      const before = readdirSync(cache.directory);
      damage(databaseOf(cache));
      await expect(async () => {
        for (const key of KEYS) await door(cache).get(key);
      }).rejects.toEqual(CORRUPT);
      await expect(async () => {
        for (const key of KEYS) await door(cache).set(key, 'new');
      }).rejects.toEqual(CORRUPT);
      await cache.close();
      expect(readdirSync(cache.directory).filter((name) => !/-(wal|shm)$/.test(name))).toEqual(
        before.filter((name) => !/-(wal|shm)$/.test(name)),
      );
      expect(heard).toEqual([]);
    });
  });

  test('and its log is cut off, goes on', async () => {
    const { cache } = await opened();
    await cache.setMany(KEYS.map((key) => [key, 'in the log']));
    truncateSync(`${databaseOf(cache)}-wal`, 3 * PAGE);
    const fresh = new DiskCache(cache.directory);
    onTestFinished(() => fresh.close());
    fresh.on('recreate', () => undefined);
    for (const key of KEYS) await door(fresh).get(key);
    await turnsUntil(() => {
      cache.sync.set('key', 'of the first');
      return fresh.sync.get('key') === 'of the first';
    });
    expect(await fresh.check()).toMatchObject({ ok: true });
  });

  test.for<[what: string, reason: Recreation['reason'], change: (cache: DiskCache) => void]>([
    ['cache.db is deleted', 'removed', (cache) => unlinkSync(databaseOf(cache))],
    [
      'its folder is deleted',
      'removed',
      (cache) => rmSync(cache.directory, { recursive: true, force: true }),
    ],
    ['its folder is moved', 'removed', (cache) => renameSync(cache.directory, `${cache.directory}.moved`)],
    [
      'another cache takes the place of cache.db',
      'replaced',
      (cache) => {
        const other = openCache();
        other.sync.set('of the other', 'value');
        other.sync.close();
        renameSync(databaseOf(other), databaseOf(cache));
      },
    ],
    [
      'the database of another program takes the place of cache.db',
      'foreign',
      (cache) => {
        const path = join(folderInMemory(), 'theirs.db');
        new Database(path).exec('CREATE TABLE theirs (a)').close();
        renameSync(path, databaseOf(cache));
      },
    ],
  ])(
    'and %s, it goes on with what is there, within a second where it only reads',
    async ([, reason, change]) => {
      const clock = new FakeClock();
      const { cache, heard } = await opened({ clock });
      onTestFinished(() => rmSync(`${cache.directory}.moved`, { recursive: true, force: true }));
      expect(await door(cache).get('key 1')).toBeDefined();
      change(cache);
      clock.advance(1000);
      expect(await door(cache).get('key 1')).toBeUndefined();
      await someTurns();
      expect(heard.at(0)).toMatchObject({ reason });
      await door(cache).set('key 1', 'new');
      await door(cache).set('file', LARGE);
      expect(await door(cache).getMany(['key 1', 'file'])).toEqual(['new', LARGE]);
      if (reason === 'replaced') expect(await door(cache).get('of the other')).toBe('value');
      expect(await cache.check()).toMatchObject({ problems: [] });
    },
  );

  test('and its folder is deleted, goes on with a new one by itself where it writes', async () => {
    const { cache, heard } = await opened({ clock: new FakeClock() });
    await door(cache).set('key 1', 'old');
    rmSync(cache.directory, { recursive: true });
    for (let round = 0; heard.length === 0; round++) {
      await door(cache).set(`file ${round}`, LARGE);
      await new Promise(setImmediate);
    }
    await door(cache).set('last', LARGE);
    expect(await door(cache).get('last')).toBe(LARGE);
    expect(existsSync(databaseOf(cache))).toBe(true);
    expect(await door(cache).get('key 1')).toBeUndefined();
  });

  test("with onCorrupt: 'throw' a database that was replaced is an ERR_DISKCACHE_CORRUPT for writes", async () => {
    const { cache } = await opened({ onCorrupt: 'throw' });
    cache.on('error', () => undefined);
    renameSync(databaseOf(cache), `${databaseOf(cache)}.away`);
    await expect(async () => {
      for (;;) {
        await door(cache).set('key', 'value');
        await new Promise(setImmediate);
      }
    }).rejects.toEqual(CORRUPT);
    expect(existsSync(databaseOf(cache))).toBe(false);
  });

  test('a transaction that meets the damage is taken back, and not run again', async () => {
    const { cache, heard } = await opened();
    overwritten(databaseOf(cache), PAGE, Buffer.alloc(120 * PAGE, 7));
    let runs = 0;
    const body = (tx: { set(key: string, value: unknown): void; get(key: string): unknown }) => {
      runs++;
      for (const key of KEYS) tx.set(key, `${String(tx.get(key))} new`);
    };
    await expect(async () => door(cache).transact(body)).rejects.toEqual(CORRUPT);
    expect(runs).toBe(1);
    await door(cache).transact(body);
    expect(runs).toBe(2);
    expect(await door(cache).get('key 7')).toBe('undefined new');
    await someTurns();
    expect(heard).toHaveLength(1);
  });
});

test.for([500, 5000])('a clear() of %d entries that meets the damage starts empty too', async (count) => {
  const { cache, heard } = await opened();
  await cache.setMany(Array.from({ length: count }, (_, i) => [i, 'x'.repeat(800)]));
  const connection = foreignConnection(cache.directory);
  connection.pragma('wal_checkpoint(TRUNCATE)');
  connection.close();
  const path = databaseOf(cache);
  overwritten(path, PAGE, Buffer.alloc(statSync(path).size - PAGE, 7));
  await cache.clear();
  expect(heard).toMatchObject([{ reason: 'corrupt' }]);
  await cache.set('key', 'value');
  expect(await cache.count()).toBe(1);
});

test('what a transaction’s body throws of another cache is no damage of this one', async () => {
  const { cache, heard } = await opened();
  const { cache: other } = await opened({ onCorrupt: 'throw' });
  truncateSync(databaseOf(other), PAGE);
  const body = () => KEYS.map((key) => other.sync.get(key));
  await expect(cache.transact(body)).rejects.toEqual(CORRUPT);
  expect(() => cache.sync.transact(body)).toThrow(CORRUPT);
  await someTurns();
  expect(heard).toEqual([]);
  expect(await cache.get('key 1')).toBeDefined();
});

test('writes that were called together are all carried out in the new cache', async () => {
  const { cache } = await opened();
  truncateSync(databaseOf(cache), PAGE);
  await Promise.all([
    ...KEYS.map((key) => cache.set(key, 'new')),
    cache.delete('key 3'),
    cache.set('file', LARGE),
    cache.clear(),
    cache.set('last', 1),
  ]);
  expect(await listed(cache.keys())).toEqual(['last']);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
});

test('an iteration that meets the damage ends, with what was there before', async () => {
  const { cache } = await opened();
  const seen: unknown[] = [];
  for await (const key of cache.keys()) {
    if (seen.push(key) === 10) truncateSync(databaseOf(cache), PAGE);
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(KEYS.concat('file')).toEqual(expect.arrayContaining(seen as string[]));
});

test('value files of the old database are removed by upkeep', async () => {
  const clock = new FakeClock(Date.now() + 10 * 60_000);
  const { cache } = await opened({ clock });
  expect(valueFiles(cache.directory)).toHaveLength(1);
  truncateSync(databaseOf(cache), PAGE);
  for (const key of KEYS) await cache.get(key);
  await cache.set('new file', LARGE);
  clock.advance(10_000);
  await turnsUntil(() => valueFiles(cache.directory).length === 1);
  expect(await cache.get('new file')).toBe(LARGE);
});

test('two caches of one process on one folder end up on the same new database', async () => {
  const clock = new FakeClock();
  const { cache: one } = await opened({ clock });
  const other = openCache({ clock, memoryLimit: 0 }, one.directory);
  other.on('recreate', () => undefined);
  truncateSync(databaseOf(one), PAGE);
  for (const key of KEYS) await one.get(key);
  await one.set('key', 'of one');
  clock.advance(1000);
  expect(await other.get('key')).toBe('of one');
  await other.set('key', 'of the other');
  expect(await one.get('key')).toBe('of the other');
  expect(await one.check()).toMatchObject({ ok: true, entries: 1 });
});

test.for(DOORS)('check() of %s tells of damage that it meets, and leaves it', async ([, door]) => {
  const { cache, heard } = await opened();
  overwritten(databaseOf(cache), PAGE, Buffer.alloc(120 * PAGE, 7));
  expect(await door(cache).check()).toMatchObject({ ok: false, problems: [{ kind: 'database' }] });
  await someTurns();
  expect(heard).toEqual([]);
});

test('a damaged cache can be closed', async () => {
  const { cache } = await opened();
  await cache.setMany(KEYS.map((key) => [key, LARGE.slice(0, 800)]));
  writeFileSync(databaseOf(cache), 'no database');
  await cache.close();
  mkdirSync(cache.directory, { recursive: true });
});

test('damage is noticed also where only the thread that moves the log meets it', async () => {
  const { cache, heard } = await opened();
  const raw = foreignConnection(cache.directory);
  raw.close();
  rmSync(cache.directory, { recursive: true });
  await turnsUntil(() => {
    cache.sync.setMany(KEYS.map((key) => [key, LARGE.slice(0, 800)]));
    return heard.length > 0;
  });
  await cache.set('key', 'value');
  expect(await cache.get('key')).toBe('value');
});
