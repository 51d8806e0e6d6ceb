import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openCache, openSync } from '../support/caches.ts';
import { valueFiles } from '../support/on-disk.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';

const LARGE = 'large '.repeat(100);

class OfTheBody extends Error {}

test('snapshot() sees nothing that others write while its body runs', () => {
  const directory = folderInMemory();
  const cache = openSync({}, directory);
  const other = openSync({}, directory);
  cache.set('a', 1);
  cache.set('b', 1);
  const seen = cache.snapshot((view) => {
    const a = view.get('a');
    other.transact((tx) => ['a', 'b'].map((key) => tx.set(key, 2)));
    return [a, view.get('b'), view.getMany(['a', 'b']), [...view.values()]];
  });
  expect(seen).toEqual([1, 1, [1, 1], [1, 1]]);
  expect(cache.snapshot((view) => view.getMany(['a', 'b']))).toEqual([2, 2]);
});

test('snapshot() is called again when the file of an entry was replaced that it reads', () => {
  const directory = folderInMemory();
  const cache = openSync({ fileThreshold: 100 }, directory);
  const other = openSync({ fileThreshold: 100 }, directory);
  cache.set('a', `${LARGE}1`);
  let calls = 0;
  const seen = cache.snapshot((view) => {
    view.has('a');
    if (++calls === 1) other.set('a', `${LARGE}2`);
    return view.get('a');
  });
  expect([seen, calls]).toEqual([`${LARGE}2`, 2]);
});

test('snapshot() takes an entry whose file is gone for none, and leaves it', async () => {
  const directory = folderInMemory();
  const cache = openCache({ fileThreshold: 100 }, directory);
  const errors: Error[] = [];
  cache.on('error', (error) => errors.push(error));
  await cache.set('a', LARGE);
  for (const file of valueFiles(directory)) rmSync(file);
  expect(await cache.snapshot((view) => [view.get('a'), view.has('a')])).toEqual([undefined, true]);
  await turnsUntil(() => errors.length > 0);
  expect(errors[0]?.message).toMatch(/is gone; its entry stays/);
});

test('snapshot() of DiskCache sees what was called before it', async () => {
  const cache = openCache({ fileThreshold: 100 });
  void cache.set('a', LARGE);
  void cache.set('b', 1);
  expect(await cache.snapshot((view) => view.getMany(['a', 'b']))).toEqual([LARGE, 1]);
});

test('snapshot() with keys waits for earlier calls on these alone', async () => {
  const cache = openCache({ fileThreshold: 100 });
  let isSet = false;
  const setting = cache.set('other', LARGE.repeat(10_000)).then(() => (isSet = true));
  void cache.set('key', 1);
  expect(await cache.snapshot((view) => view.get('key'), { keys: ['key'] })).toBe(1);
  expect(isSet).toBe(false);
  await setting;
});

test('snapshot() refuses bodies that write, return a promise, or are none', async () => {
  const cache = openCache();
  const refused = { name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_TRANSACTION' };
  const writing = [
    () => cache.sync.set('a', 1),
    () => cache.sync.delete('a'),
    () => cache.sync.transact(() => undefined),
    () => cache.sync.clear(),
  ];
  for (const body of writing) await expect(cache.snapshot(body)).rejects.toMatchObject(refused);
  await expect(cache.snapshot(async () => 1)).rejects.toMatchObject(refused);
  await expect(cache.snapshot(undefined as never)).rejects.toMatchObject(refused);
  expect(await cache.count()).toBe(0);
  await cache.set('a', 1);
});

test('snapshot() throws what its body throws, and leaves nothing open', async () => {
  const cache = openCache();
  const failed = cache.snapshot(() => {
    throw new OfTheBody();
  });
  await expect(failed).rejects.toBeInstanceOf(OfTheBody);
  await cache.set('a', 1);
  expect(await cache.get('a')).toBe(1);
});

test('what snapshot() counts is right, then and later', async () => {
  const directory = folderInMemory();
  const cache = openCache({}, directory);
  await cache.set('a', 1);
  expect(await cache.snapshot((view) => view.count())).toBe(1);
  openSync({}, directory).set('b', 1);
  expect(await cache.snapshot((view) => [view.count(), view.stats().count])).toEqual([2, 2]);
  await cache.set('c', 1);
  expect(await cache.count()).toBe(3);
  expect(await cache.check()).toMatchObject({ ok: true });
});

test('reads in a snapshot are from memory only where that is what there is', () => {
  const directory = folderInMemory();
  const cache = openSync({}, directory);
  const other = openSync({}, directory);
  cache.set('a', 1);
  for (let read = 0; read < 3; read++) cache.get('a');
  other.set('a', 2);
  expect(cache.snapshot((view) => view.get('a'))).toBe(2);
});
