import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import type { DiskCache } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { foreignConnection, valueFiles } from '../../support/on-disk.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { turnsUntil } from '../../support/turns.ts';
import { someTurns } from '../../support/turns.ts';

const LARGE = Buffer.from('\0\r\n\xff large '.repeat(20), 'latin1');
const open = () => openCache({ fileThreshold: 100 });

const DOORS = [
  ['DiskCache', (cache: DiskCache) => cache],
  ['DiskCacheSync', (cache: DiskCache) => cache.sync],
] as const;

describe.for(DOORS)('a file written by %s', ([, door]) => {
  test('holds the bytes of the value and nothing else', async () => {
    const cache = open();
    await door(cache).set('key', LARGE);
    expect(valueFiles(cache.directory).map((file) => readFileSync(file))).toEqual([LARGE]);
  });

  test('holds text as UTF-8, line ends untouched', async () => {
    const cache = open();
    const text = 'ä\r\nb\rc\n'.repeat(50);
    await door(cache).set('key', text);
    expect(valueFiles(cache.directory).map((file) => readFileSync(file, 'utf8'))).toEqual([text]);
  });

  test('is for values of fileThreshold bytes and more, in their stored form', async () => {
    const cache = open();
    await door(cache).set('below', 'x'.repeat(99));
    await door(cache).set('below in UTF-8', 'ä'.repeat(49));
    expect(valueFiles(cache.directory)).toHaveLength(0);
    await door(cache).set('at', 'x'.repeat(100));
    await door(cache).set('at in UTF-8', 'ä'.repeat(50));
    await door(cache).set('object', { text: 'x'.repeat(100) });
    expect(valueFiles(cache.directory)).toHaveLength(3);
  });

  test.for<[string, (cache: DiskCache) => unknown]>([
    ['delete()', (cache) => door(cache).delete('key')],
    ['an overwrite in a row', (cache) => door(cache).set('key', 'small')],
    ['an expired overwrite', (cache) => door(cache).set('key', LARGE, { expires: 0 })],
    ['clear()', (cache) => door(cache).clear()],
    ['evict()', (cache) => door(cache).evict('tag')],
    ['deletePrefix()', (cache) => door(cache).deletePrefix('k')],
  ])('is removed by %s', async ([, remove]) => {
    const cache = open();
    await door(cache).set('key', LARGE, { tags: ['tag'] });
    await remove(cache);
    await turnsUntil(() => valueFiles(cache.directory).length === 0);
    expect(await cache.check()).toMatchObject({ ok: true, files: 0 });
  });

  test('is removed when another one takes its place', async () => {
    const cache = open();
    for (const fill of [1, 2, 3]) await door(cache).set('key', Buffer.alloc(200, fill));
    await turnsUntil(() => valueFiles(cache.directory).length === 1);
    expect(await door(cache).get('key')).toEqual(Buffer.alloc(200, 3));
  });

  test('is removed when its entry is evicted', async () => {
    const cache = openCache({ fileThreshold: 100, entryLimit: 2 });
    for (let key = 0; key < 10; key++) await door(cache).set(key, LARGE);
    await turnsUntil(() => valueFiles(cache.directory).length === 2);
  });

  test('is not written for an add() that finds an entry', async () => {
    const cache = open();
    await door(cache).set('key', 'small');
    expect(await door(cache).add('key', LARGE)).toBe(false);
    expect(valueFiles(cache.directory)).toEqual([]);
  });

  test.for<[string, (file: string) => void]>([
    ['is missing', (file) => unlinkSync(file)],
    ['is a byte short', (file) => truncateSync(file, LARGE.length - 1)],
    ['is empty', (file) => truncateSync(file, 0)],
    ['is a byte long', (file) => appendFileSync(file, 'x')],
  ])('that %s is a miss, removes its entry and is told as an error event', async ([, damage]) => {
    const cache = open();
    await door(cache).set('key', LARGE);
    await door(cache).set('other', 'value');
    for (const file of valueFiles(cache.directory)) damage(file);
    const heard: Error[] = [];
    cache.on('error', (error) => heard.push(error));
    expect(await door(cache).get('key', 'miss')).toBe('miss');
    await someTurns();
    expect(heard).toMatchObject([
      { code: 'ERR_DISKCACHE_STORAGE', message: expect.stringMatching(/value file .*removed/) },
    ]);
    expect(await cache.has('key')).toBe(false);
    expect(await cache.get('other')).toBe('value');
    await turnsUntil(() => valueFiles(cache.directory).length === 0);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
  });

  test('that is missing is left out by entries(), and for getMany() only itself is a miss', async () => {
    const cache = open();
    cache.on('error', () => undefined);
    await door(cache).set('a', LARGE);
    unlinkSync(valueFiles(cache.directory)[0]!);
    await door(cache).set('b', LARGE);
    expect(await door(cache).getMany(['a', 'b'])).toEqual([undefined, LARGE]);
    const seen = [];
    for await (const entry of door(cache).entries()) seen.push(entry.key);
    expect(seen).toEqual(['b']);
  });

  test('that was changed in place is a miss where checksums are asked for', async () => {
    const cache = openCache({ fileThreshold: 100, checksum: true });
    cache.on('error', () => undefined);
    await door(cache).set('key', LARGE);
    const [file] = valueFiles(cache.directory);
    const bytes = readFileSync(file!);
    bytes[50]! ^= 1;
    writeFileSync(file!, bytes);
    expect(await door(cache).get('key', 'miss')).toBe('miss');
    expect(await cache.has('key')).toBe(false);
  });

  test('without a checksum is read where checksums are asked for now', async () => {
    const cache = open();
    await door(cache).set('key', LARGE);
    const checking = openCache({ checksum: true }, cache.directory);
    expect(await door(checking).get('key')).toEqual(LARGE);
  });
});

test('no key becomes a path', async () => {
  const cache = open();
  for (const key of ['../../x', '/etc/passwd', '..\\x', 'a/b', '.', 'nul', 'x\0y'])
    await cache.set(key, LARGE);
  const files = valueFiles(cache.directory).map((file) =>
    relative(cache.directory, file).replaceAll('\\', '/'),
  );
  expect(files).toHaveLength(7);
  for (const file of files) expect(file).toMatch(/^values\/[0-9a-f]{2}\/[0-9a-f]{30}\.val$/);
});

test('no name is used twice, though each process is given the same random numbers', async () => {
  const directory = folderInMemory();
  const values = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200));
  for (const value of values) {
    const cache = openCache({ fileThreshold: 100, random: seededRandom() }, directory);
    await cache.set(value[0]!, value);
    await cache.close();
  }
  const cache = openCache({ fileThreshold: 100, random: () => 0.5 }, directory);
  await cache.setMany(values.map((value) => [value, value] as const));
  expect(await cache.getMany([...values, 'a', 'b', 'c', 'd'])).toEqual([...values, ...values]);
});

test('names are stored with slashes, whatever the system', async () => {
  const cache = open();
  await cache.set('key', LARGE);
  const file = foreignConnection(cache.directory).prepare('SELECT file FROM entry').pluck().get();
  expect(file).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{30}\.val$/);
});

test('nothing on disk is in base64', async () => {
  const cache = open();
  await cache.set('row', LARGE.subarray(0, 90));
  await cache.set('file', LARGE);
  const db = foreignConnection(cache.directory);
  expect(db.prepare("SELECT value FROM entry WHERE key = 'row'").pluck().get()).toEqual(
    LARGE.subarray(0, 90),
  );
  const size = statSync(valueFiles(cache.directory)[0]!).size;
  expect(size).toBe(LARGE.length);
});

test.skipIf(process.platform === 'win32')('directories are 0700 and files 0600', async () => {
  const cache = open();
  const fresh = openCache({ fileThreshold: 100 }, join(cache.directory, 'made', 'by', 'the', 'cache'));
  await fresh.set('key', LARGE);
  const mode = (...path: string[]) => (statSync(join(fresh.directory, ...path)).mode & 0o777).toString(8);
  const file = relative(fresh.directory, valueFiles(fresh.directory)[0]!);
  expect([mode(), mode('values'), mode(file, '..')]).toEqual(['700', '700', '700']);
  const files = ['cache.db', 'cache.db-wal', 'cache.db-shm', 'CACHEDIR.TAG', file];
  expect(files.map((name) => mode(name))).toEqual(files.map(() => '600'));
});

test('the folder is marked as a cache for backup programs', () => {
  const tag = readFileSync(join(openCache().directory, 'CACHEDIR.TAG'), 'utf8');
  expect(tag).toMatch(/^Signature: 8a477f597d28d172789f06886806bc55/);
});

test('a failed file write fails that set() alone, and the cache can be closed', async () => {
  const cache = open();
  writeFileSync(join(cache.directory, 'values'), 'in the way of the folder');
  const [large, small] = await Promise.allSettled([cache.set('large', LARGE), cache.set('small', 'value')]);
  expect(large).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISKCACHE_STORAGE' } });
  expect(small.status).toBe('fulfilled');
  expect(() => cache.sync.set('large', LARGE)).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_STORAGE' }),
  );
  await cache.close();
});

test('a value file that cannot be opened is an error, not a miss, and its entry stays', async () => {
  const cache = open();
  await cache.set('key', LARGE);
  const [file] = valueFiles(cache.directory);
  unlinkSync(file!);
  mkdirSync(file!);
  await expect(cache.get('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
  expect(() => cache.sync.get('key')).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_STORAGE' }));
  expect(await cache.has('key')).toBe(true);
});
