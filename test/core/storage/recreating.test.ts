import {
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DiskCache, DiskCacheSync, type Recreation } from '@diskcache/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection, overwritten } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns } from '../../support/turns.ts';

/** A closed cache with something in it. */
async function filled(): Promise<string> {
  const cache = openCache();
  await cache.setMany(Array.from({ length: 500 }, (_, i) => [`key ${i}`, 'x'.repeat(200)]));
  await cache.close();
  return cache.directory;
}

function namesIn(directory: string): string[] {
  return readdirSync(directory).toSorted();
}

/** Process warnings, from now until the end of the test. */
function warnings(): Error[] {
  const heard: Error[] = [];
  const hear = (warning: Error) => void heard.push(warning);
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  return heard;
}

const PAGE = 4096;

const DAMAGED: [what: string, reason: Recreation['reason'], code: string, damage: (path: string) => void][] =
  [
    ['is cut off within its header', 'corrupt', 'CORRUPT', (path) => truncateSync(path, 50)],
    ['is cut off within a page', 'corrupt', 'CORRUPT', (path) => truncateSync(path, 5 * PAGE + 100)],
    ['has another page size', 'corrupt', 'CORRUPT', (path) => overwritten(path, 16, Buffer.from([0x20]))],
    ['has no list of tables', 'corrupt', 'CORRUPT', (path) => overwritten(path, 100, Buffer.alloc(3996, 7))],
    ['has no header', 'foreign', 'FORMAT', (path) => overwritten(path, 0, Buffer.alloc(100, 7))],
    ['is all zeros', 'foreign', 'FORMAT', (path) => writeFileSync(path, Buffer.alloc(100_000))],
    ['is a text', 'foreign', 'FORMAT', (path) => writeFileSync(path, 'something else\n'.repeat(1000))],
    [
      'lacks a table',
      'corrupt',
      'CORRUPT',
      (path) => void new Database(path).exec('DROP TABLE entry').close(),
    ],
    [
      'is the database of another program',
      'foreign',
      'FORMAT',
      (path) => {
        unlinkSync(path);
        new Database(path).exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES ('precious')").close();
      },
    ],
  ];

describe.for(DAMAGED)('where cache.db %s', ([, reason, code, damage]) => {
  test('it is moved aside as it is, and the cache starts empty with an event', async () => {
    const directory = await filled();
    const path = join(directory, 'cache.db');
    damage(path);
    const content = readFileSync(path);
    const cache = openCache({}, directory);
    const heard: Recreation[] = [];
    cache.on('recreate', (recreation) => heard.push(recreation));
    expect(await cache.count()).toBe(0);
    await cache.set('key', 'value');
    await someTurns();
    expect(heard).toEqual([{ reason, movedTo: expect.any(String) }]);
    const [{ movedTo = '' }] = heard as [Recreation];
    expect(movedTo.startsWith(`${path}.${reason}-`)).toBe(true);
    expect(readFileSync(movedTo).equals(content)).toBe(true);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
    await cache.close();
    expect(openSync({}, directory).get('key')).toBe('value');
  });

  test("opening with onCorrupt: 'throw' is a typed error and leaves it in its place", async () => {
    const directory = await filled();
    damage(join(directory, 'cache.db'));
    const before = namesIn(directory);
    const content = readFileSync(join(directory, 'cache.db'));
    for (const Cache of [DiskCache, DiskCacheSync]) {
      expect(() => new Cache(directory, { onCorrupt: 'throw' })).toThrow(
        expect.objectContaining({ name: 'DiskCacheError', code: `ERR_DISKCACHE_${code}` }),
      );
    }
    expect(namesIn(directory)).toEqual(before);
    expect(readFileSync(join(directory, 'cache.db')).equals(content)).toBe(true);
  });
});

test('without a listener a new start is a process warning that names the old database', async () => {
  const directory = await filled();
  truncateSync(join(directory, 'cache.db'), 5000);
  const heard = warnings();
  openSync({}, directory);
  await someTurns();
  expect(heard).toMatchObject([
    {
      code: 'DISKCACHE_RECREATED',
      message: expect.stringMatching(/database was corrupt.*cache\.db\.corrupt-/),
    },
  ]);
});

test('with a listener it is none', async () => {
  const directory = await filled();
  truncateSync(join(directory, 'cache.db'), 5000);
  const heard = warnings();
  openCache({}, directory).on('recreate', () => undefined);
  await someTurns();
  expect(heard).toEqual([]);
});

test('the log of a damaged database goes with it, and is not taken for the new one’s', async () => {
  const crashed = await filled();
  foreignConnection(crashed).prepare("UPDATE entry SET value = 'from the log'").run();
  const directory = folderInMemory();
  for (const name of ['cache.db', 'cache.db-wal']) copyFileSync(join(crashed, name), join(directory, name));
  const log = readFileSync(join(directory, 'cache.db-wal'));
  expect(log.length).toBeGreaterThan(PAGE);
  overwritten(join(directory, 'cache.db'), 100, Buffer.alloc(3996, 7));
  const cache = openSync({}, directory);
  expect(cache.count()).toBe(0);
  cache.set('key', 'value');
  expect(cache.check()).toMatchObject({ ok: true, entries: 1 });
  const [aside = ''] = namesIn(directory).filter((name) => /\.corrupt-.*-wal$/.test(name));
  expect(readFileSync(join(directory, aside)).equals(log)).toBe(true);
});

test('a log whose database was deleted is moved aside too', async () => {
  const directory = await filled();
  const path = join(directory, 'cache.db');
  const log = Buffer.from('of a database that is gone');
  writeFileSync(`${path}-wal`, log);
  writeFileSync(`${path}-journal`, log);
  unlinkSync(path);
  const cache = openSync({}, directory);
  cache.set('key', 'value');
  expect(cache.check()).toMatchObject({ ok: true, entries: 1 });
  const aside = namesIn(directory).filter((name) => /\.removed-.*-(wal|journal)$/.test(name));
  expect(aside.map((name) => readFileSync(join(directory, name)))).toEqual([log, log]);
});

test('each damaged database gets a name of its own, whatever time and random numbers are given', async () => {
  const directory = folderInMemory();
  const options = { random: () => 0.5, clock: new FakeClock() };
  for (let round = 0; round < 3; round++) {
    const cache = openSync(options, directory);
    cache.set('key', 'value');
    cache.close();
    writeFileSync(join(directory, 'cache.db'), `damage ${round}`);
  }
  const cache = openSync(options, directory);
  expect(cache.count()).toBe(0);
  expect(namesIn(directory).filter((name) => name.startsWith('cache.db.foreign-'))).toHaveLength(3);
});

test('a locked database is not taken for a damaged one', async () => {
  const directory = folderInMemory();
  const other = new Database(join(directory, 'cache.db'));
  onTestFinished(() => void other.close());
  other.exec('CREATE TABLE theirs (a); BEGIN EXCLUSIVE');
  expect(() => openSync({ timeout: 20 }, directory)).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_TIMEOUT' }),
  );
  expect(namesIn(directory).filter((name) => name !== 'cache.db' && name !== 'cache.db.lock')).toEqual([]);
});

test.skipIf(process.platform === 'win32')('what is made for a new start is private too', async () => {
  const directory = await filled();
  truncateSync(join(directory, 'cache.db'), 5000);
  openSync({}, directory);
  const modes = namesIn(directory).map((name) => [name, statSync(join(directory, name)).mode & 0o777]);
  expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
});
