import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Recreation } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns } from '../../support/turns.ts';

const FORMAT = expect.objectContaining({ name: 'DiskCacheError', code: 'ERR_DISKCACHE_FORMAT' });

/** All files of a folder with their content and the time of their last change. */
function everything(directory: string): unknown[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => join(directory, name))
    .map((path) => [path, statSync(path).mtimeMs, statSync(path).isFile() && readFileSync(path, 'latin1')]);
}

describe('opening an existing cache', () => {
  async function existing(): Promise<string> {
    const cache = openCache({ fileThreshold: 100 });
    await cache.set('row', 'value');
    await cache.set('file', 'x'.repeat(200));
    await cache.close();
    return cache.directory;
  }

  test('and closing it leaves every file as it was', async () => {
    const directory = await existing();
    const before = everything(directory);
    await openCache({ sizeLimit: 5000, eviction: 'lfu', ttl: 5 }, directory).close();
    openSync({}, directory).close();
    expect(everything(directory)).toEqual(before);
  });

  test('and reading it writes nothing to the log', async () => {
    const directory = await existing();
    const before = everything(directory);
    const cache = openCache({}, directory);
    expect(await cache.getMany(['row', 'file', 'none'])).toEqual(['value', 'x'.repeat(200), undefined]);
    expect(statSync(join(directory, 'cache.db-wal')).size).toBe(0);
    const unchanged = everything(directory).filter((one) => !/-(wal|shm)/.test(String((one as string[])[0])));
    expect(unchanged).toEqual(before);
  });

  test('works while another process holds the write lock', async () => {
    const directory = await existing();
    const other = foreignConnection(directory);
    other.exec('BEGIN IMMEDIATE');
    expect(openSync({}, directory).get('row')).toBe('value');
    other.exec('ROLLBACK');
  });
});

/** The steps of SQLite at which a process that makes a cache may be killed: what is there then. */
const UNFINISHED: [what: string, make: (path: string) => void][] = [
  ['a database without any content', (path) => writeFileSync(path, '')],
  [
    'a database without any content whose first page is only in a journal',
    (path) => {
      writeFileSync(path, '');
      writeFileSync(`${path}-journal`, '');
    },
  ],
  [
    'a database without any content with a journal that has its header',
    (path) => {
      writeFileSync(path, '');
      const journal = Buffer.alloc(512);
      Buffer.from(
        'd9d505f920a163d7000000000a1b2c3d0000000000000200000010 00'.replaceAll(' ', ''),
        'hex',
      ).copy(journal);
      writeFileSync(`${path}-journal`, journal);
    },
  ],
  [
    'a database with a log, but without tables',
    (path) => {
      const db = new Database(path);
      db.pragma('journal_mode = WAL');
      db.pragma('user_version');
      db.close();
    },
  ],
];

test.for(UNFINISHED)(
  '%s, as a process killed at its first steps leaves it, becomes a cache and is not set aside',
  async ([, make]) => {
    const directory = folderInMemory();
    make(join(directory, 'cache.db'));
    writeFileSync(join(directory, 'cache.db.lock'), '');
    const heard: Recreation[] = [];
    const cache = openCache({}, directory);
    cache.on('recreate', (recreation) => heard.push(recreation));
    await cache.set('key', 'value');
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
    await someTurns();
    expect(heard).toEqual([]);
    expect(readdirSync(directory).filter((name) => /corrupt|foreign|removed/.test(name))).toEqual([]);
  },
);

describe.for<[string, (path: string) => void, RegExp]>([
  [
    'the database of another program',
    (path) => {
      const db = new Database(path);
      db.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES ('precious')");
      db.close();
    },
    /cache\.db is the database of another program/,
  ],
  [
    'another program’s database in WAL mode',
    (path) => {
      const db = new Database(path);
      db.pragma('journal_mode = WAL');
      db.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES ('precious')");
      db.close();
    },
    /cache\.db is the database of another program/,
  ],
  [
    'an empty database that another program has marked as its own',
    (path) => {
      const db = new Database(path);
      db.pragma('application_id = 77');
      db.close();
    },
    /cache\.db is the database of another program/,
  ],
  ['a short text', (path) => writeFileSync(path, 'not a database'), /not a database/],
  ['a long text', (path) => writeFileSync(path, 'not a database\n'.repeat(1000)), /not a database/],
])('where cache.db is %s', ([, make, message]) => {
  test("opening with onCorrupt: 'throw' fails with ERR_DISKCACHE_FORMAT and touches nothing", () => {
    const directory = folderInMemory();
    make(join(directory, 'cache.db'));
    writeFileSync(join(directory, 'cache.db.lock'), '');
    const before = everything(directory);
    for (const open of [openCache, openSync]) {
      expect(() => open({ onCorrupt: 'throw' }, directory)).toThrow(FORMAT);
      expect(() => open({ onCorrupt: 'throw' }, directory)).toThrow(message);
    }
    expect(everything(directory)).toEqual(before);
  });
});

test('a cache of a newer version is an ERR_DISKCACHE_FORMAT that names both versions, and stays as it is', () => {
  const directory = folderInMemory();
  openSync({}, directory).close();
  const db = foreignConnection(directory);
  db.pragma('user_version = 99');
  db.close();
  const before = everything(directory);
  expect(() => openSync({}, directory)).toThrow(FORMAT);
  expect(() => openSync({}, directory)).toThrow(/format version 99; this DiskCache reads version 1/);
  expect(everything(directory)).toEqual(before);
});

test('a path whose folder cannot be made is an ERR_DISKCACHE_STORAGE with the system’s error as its cause', () => {
  const file = join(folderInMemory(), 'file');
  writeFileSync(file, '');
  expect(() => openSync({}, join(file, 'cache'))).toThrow(
    expect.objectContaining({
      code: 'ERR_DISKCACHE_STORAGE',
      cause: expect.objectContaining({ code: 'ENOTDIR' }),
    }),
  );
});

test.skipIf(process.platform !== 'linux')(
  'a path in /proc, where nothing can be made, is refused at once',
  () => {
    for (const path of ['/proc/cache', '/proc/no/cache'])
      expect(() => openSync({}, path)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_STORAGE' }));
  },
);

test('a wrong option is refused before anything is made', () => {
  const directory = join(folderInMemory(), 'cache');
  expect(() => openCache({ sizeLimit: 1 }, directory)).toThrow(TypeError);
  expect(() => openCache({ serializer: 'yaml' as never }, directory)).toThrow(TypeError);
  expect(existsSync(directory)).toBe(false);
});

test('the directory is known as an absolute path', () => {
  const directory = folderInMemory();
  expect(openCache({}, join(directory, 'a', '..', 'b')).directory).toBe(join(directory, 'b'));
});
