import { expect, test } from 'vitest';
import { openCache } from '../support/caches.ts';
import { transactionsInLog, valueFiles } from '../support/on-disk.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';

const LARGE = 'large '.repeat(100);

class OfTheBody extends Error {}

test('transact() with keys shares its transaction with calls that are made together', async () => {
  const directory = folderInMemory();
  const cache = openCache({}, directory);
  await cache.set('first', 0);
  const before = transactionsInLog(directory);
  await Promise.all([
    cache.set('a', 1),
    cache.transact((tx) => tx.set('b', 1), { keys: ['b'] }),
    cache.transact((tx) => tx.set('c', 1), { keys: ['c'] }),
  ]);
  // One, unless the machine is so busy that a few ms are over before.
  expect(transactionsInLog(directory) - before).toBeLessThan(3);
  expect(await cache.getMany(['a', 'b', 'c'])).toEqual([1, 1, 1]);
});

test('transact() with keys keeps the order of calls on them that are not awaited', async () => {
  const cache = openCache({ fileThreshold: 100 });
  const calls = [
    cache.set('key', LARGE),
    cache.transact((tx) => tx.set('seen', tx.get('key')), { keys: ['key', 'seen'] }),
    cache.set('key', 'after'),
    cache.get('seen'),
  ];
  expect((await Promise.all(calls)).at(-1)).toBe(LARGE);
  expect(await cache.get('key')).toBe('after');
});

test('transact() with keys does not wait for calls on others', async () => {
  const cache = openCache({ fileThreshold: 100 });
  let isSet = false;
  const setting = cache.set('other', LARGE.repeat(10_000)).then(() => (isSet = true));
  await cache.transact((tx) => tx.set('key', 1), { keys: ['key'] });
  expect(isSet).toBe(false);
  await setting;
});

test('a body with keys that throws takes back its own changes, and those of no call beside it', async () => {
  const cache = openCache();
  const error = new OfTheBody();
  const calls = await Promise.allSettled([
    cache.set('a', 1),
    cache.transact(
      (tx) => {
        tx.set('b', 1);
        throw error;
      },
      { keys: ['b'] },
    ),
    cache.set('c', 1),
  ]);
  expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(calls[1]).toMatchObject({ reason: error });
  expect(await cache.getMany(['a', 'b', 'c'])).toEqual([1, undefined, 1]);
});

test('transact() hands values that it has written to their files already to its body', async () => {
  const directory = folderInMemory();
  const cache = openCache({ fileThreshold: 100 }, directory);
  let filesAtBegin = -1;
  await cache.transact(
    (tx, values) => {
      filesAtBegin = valueFiles(directory).length;
      for (const [number, value] of values.entries()) tx.set(number, value, { tags: ['tag'] });
    },
    { values: ['small', LARGE, { deep: [1n] }, Buffer.alloc(1000, 1)] },
  );
  expect(filesAtBegin).toBe(2);
  expect(await cache.getMany([0, 1, 2, 3])).toEqual(['small', LARGE, { deep: [1n] }, Buffer.alloc(1000, 1)]);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 4, files: 2 });
});

test('values are stored as they were when transact() was called', async () => {
  const cache = openCache();
  const value = { state: 'called' };
  const call = cache.transact((tx, [staged]) => tx.set('key', staged), { values: [value] });
  value.state = 'changed';
  await call;
  expect(await cache.get('key')).toEqual({ state: 'called' });
});

test('of values that the body does not store nothing is left', async () => {
  const directory = folderInMemory();
  const cache = openCache({ fileThreshold: 100 }, directory);
  await cache.set('taken', 1);
  const size = await cache.size();
  await cache.transact((tx, [staged]) => tx.add('taken', staged), { values: [LARGE, LARGE] });
  await turnsUntil(() => valueFiles(directory).length === 0);
  expect(await cache.size()).toBe(size);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 1, files: 0 });
});

test('of values that a body stored which then threw nothing is left', async () => {
  const directory = folderInMemory();
  const cache = openCache({ fileThreshold: 100 }, directory);
  const failed = cache.transact(
    (tx, [staged]) => {
      tx.set('key', staged);
      throw new OfTheBody();
    },
    { values: [LARGE] },
  );
  await expect(failed).rejects.toBeInstanceOf(OfTheBody);
  await turnsUntil(() => valueFiles(directory).length === 0);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 0, files: 0 });
});

test('values are stored also when the transaction was taken back for a call beside it', async () => {
  const cache = openCache({ fileThreshold: 100 });
  let calls = 0;
  const both = await Promise.allSettled([
    cache.transact(
      (tx, [staged]) => {
        calls++;
        tx.set('key', staged);
      },
      { keys: ['key'], values: [LARGE] },
    ),
    cache.transact(
      (tx, [staged]) => {
        tx.set('other', staged);
        throw new OfTheBody();
      },
      { keys: ['other'], values: [LARGE] },
    ),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(calls).toBeGreaterThan(0);
  expect(await cache.get('key')).toBe(LARGE);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 1, files: 1 });
});

test('a staged value can be stored once, by its own transaction', async () => {
  const cache = openCache({ fileThreshold: 100 });
  const refused = { name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_VALUE' };
  const twice = cache.transact(
    (tx, [staged]) => {
      tx.set('a', staged);
      tx.set('b', staged);
    },
    { values: [LARGE] },
  );
  await expect(twice).rejects.toMatchObject(refused);
  const kept = await cache.transact((_, [staged]) => staged, { values: [LARGE] });
  expect(() => cache.sync.set('a', kept)).toThrow(expect.objectContaining(refused));
  await expect(cache.set('a', kept)).rejects.toMatchObject(refused);
  expect(await cache.count()).toBe(0);
});

test.for([
  ['keys that are none', { keys: 5 }, 'ERR_DISKCACHE_OPTION'],
  ['a key that is none', { keys: [{}] }, 'ERR_DISKCACHE_KEY'],
  ['no keys', { keys: [] }, 'ERR_DISKCACHE_OPTION'],
  ['values that are none', { values: 5 }, 'ERR_DISKCACHE_OPTION'],
  ['undefined among the values', { values: [undefined] }, 'ERR_DISKCACHE_VALUE'],
  ['an unknown option', { key: 'a' }, 'ERR_DISKCACHE_OPTION'],
] as const)('transact() refuses %s', async ([, options, code]) => {
  let calls = 0;
  await expect(openCache().transact(() => calls++, options as never)).rejects.toMatchObject({ code });
  expect(calls).toBe(0);
});
