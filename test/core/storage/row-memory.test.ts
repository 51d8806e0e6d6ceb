import { DiskCache } from '@diskcache/core';
import { expect, onTestFinished, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns } from '../../support/turns.ts';

/** What is read a second time is kept; the third read is the first that can come from memory. */
function readThrice(cache: { sync: { get(key: string): unknown } }, key: string): unknown {
  cache.sync.get(key);
  cache.sync.get(key);
  return cache.sync.get(key);
}

/** Changes a value behind the back of every cache, without SQLite being told that a row has changed. */
function changedOnDisk(directory: string, key: string, value: string): void {
  foreignConnection(directory).prepare('UPDATE entry SET value = ? WHERE key = ?').run(value, key);
}

test.for(['DiskCache', 'a raw connection'])('what %s wrote is seen in the next turn', async (writer) => {
  const cache = openCache();
  await cache.set('key', 'old');
  const other = new DiskCache(cache.directory);
  onTestFinished(() => other.close());
  for (let round = 0; round < 50; round++) {
    expect(readThrice(cache, 'key')).toBe(round === 0 ? 'old' : `new ${round - 1}`);
    if (writer === 'DiskCache') await other.set('key', `new ${round}`);
    else changedOnDisk(cache.directory, 'key', `new ${round}`);
    await someTurns();
    expect(await cache.get('key')).toBe(`new ${round}`);
    expect((await cache.entry('key'))?.value).toBe(`new ${round}`);
  }
});

test('what this process wrote is seen at once, through either door', async () => {
  const cache = openCache();
  await cache.set('key', 'old');
  readThrice(cache, 'key');
  await cache.set('key', 'new');
  expect(cache.sync.get('key')).toBe('new');
  readThrice(cache, 'key');
  cache.sync.set('key', 'newer');
  expect(await cache.get('key')).toBe('newer');
  readThrice(cache, 'key');
  await cache.delete('key');
  expect(cache.sync.get('key')).toBeUndefined();
});

test.for<[string, (cache: DiskCache) => Promise<unknown>]>([
  ['evict', (cache) => cache.evict('tag')],
  ['deletePrefix', (cache) => cache.deletePrefix('k')],
  ['clear', (cache) => cache.clear()],
])('what %s() removed is not remembered', async ([, remove]) => {
  const cache = openCache();
  await cache.set('key', 'value', { tags: ['tag'] });
  readThrice(cache, 'key');
  await remove(cache);
  expect(await cache.get('key')).toBeUndefined();
});

test('a deadline that touch() gave is the one of the remembered entry too', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('key', 'value', { ttl: 1000 });
  readThrice(cache, 'key');
  await cache.touch('key', { ttl: 10 });
  readThrice(cache, 'key');
  clock.advance(10);
  expect(await cache.get('key')).toBeUndefined();
});

test('an entry that was put into the place of an evicted one is not taken for it', async () => {
  const cache = openCache({ entryLimit: 1 });
  await cache.set('first', 'one');
  readThrice(cache, 'first');
  await cache.set('second', 'two');
  expect(readThrice(cache, 'first')).toBeUndefined();
  expect(readThrice(cache, 'second')).toBe('two');
});

test('what a transaction read of its own changes is forgotten when it is taken back', () => {
  const cache = openSync();
  cache.set('key', 'old');
  const reading = () => [cache.get('key'), cache.get('key'), cache.get('key')];
  reading();
  expect(() =>
    cache.transact((tx) => {
      tx.set('key', 'new');
      expect(reading()).toEqual(['new', 'new', 'new']);
      throw new Error('taken back');
    }),
  ).toThrow('taken back');
  expect(reading()).toEqual(['old', 'old', 'old']);
});

test('objects are new ones at each read', async () => {
  const cache = openCache();
  await cache.set('key', { list: [1] });
  const [, , third] = [
    await cache.get('key'),
    await cache.get('key'),
    await cache.get<{ list: number[] }>('key'),
  ];
  third?.list.push(2);
  expect(await cache.get('key')).toEqual({ list: [1] });
});

test('with a memoryLimit of 0 all that is read comes from the database', async () => {
  const directory = folderInMemory();
  const cache = openCache({ memoryLimit: 0 }, directory);
  await cache.set('key', 'old');
  readThrice(cache, 'key');
  changedOnDisk(directory, 'key', 'new');
  expect(cache.sync.get('key')).toBe('new');
});

test('a key of bytes and a key of text are never taken for each other', async () => {
  const cache = openCache();
  const bytes = new Uint8Array([0x61]);
  const texts = ['\0a', '\0ba', '\0sa', 'a'];
  await cache.set(bytes, 'bytes');
  for (const text of texts) await cache.set(text, text);
  for (let round = 0; round < 4; round++) {
    expect(await cache.get(bytes)).toBe('bytes');
    for (const text of texts) expect(await cache.get(text)).toBe(text);
  }
});

test('what another cache of this process wrote is seen at once', () => {
  const directory = folderInMemory();
  const [one, other] = [openSync({}, directory), openSync({}, directory)];
  for (let round = 0; round < 50; round++) {
    one.set('key', 'old');
    for (let read = 0; read < 3; read++) expect(one.get('key')).toBe('old');
    other.set('key', 'new');
    expect(one.get('key')).toBe('new');
    other.delete('key');
    expect(one.get('key')).toBeUndefined();
  }
});

test('a read after a write sees the write, also when another connection had removed the row', () => {
  const directory = folderInMemory();
  const cache = openSync({}, directory);
  const raw = foreignConnection(directory);
  for (let round = 0; round < 50; round++) {
    cache.set('key', 'old');
    for (let read = 0; read < 3; read++) cache.get('key');
    raw.exec('DELETE FROM entry');
    cache.set('key', 'new');
    expect(cache.get('key')).toBe('new');
    for (let read = 0; read < 3; read++) cache.get('key');
    raw.exec('DELETE FROM entry');
    cache.delete('key');
    expect(cache.get('key')).toBeUndefined();
  }
});

test('a serializer that writes while getMany() reads leaves the totals right', async () => {
  const cache: DiskCache = openCache({
    serializer: {
      id: 'writing',
      serialize: (value) => JSON.stringify(value),
      deserialize: (text) => {
        cache.sync.set('seen', 1);
        return JSON.parse(String(text));
      },
    },
  });
  await cache.set('key', { n: 1 });
  expect(await cache.getMany(['key', 'key'])).toEqual([{ n: 1 }, { n: 1 }]);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 2 });
});
