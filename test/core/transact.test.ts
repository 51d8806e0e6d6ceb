import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { asPromises, type CacheVerbs } from '../contract/verbs.ts';
import { openCache, openSync } from '../support/caches.ts';
import { foreignConnection, transactionsInLog, valueFiles } from '../support/on-disk.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';

const LARGE = 'large '.repeat(100);
const OPTIONS = { fileThreshold: 100 };

class OfTheBody extends Error {}

describe.for<[string, (directory: string) => CacheVerbs]>([
  ['DiskCache', (directory) => openCache(OPTIONS, directory)],
  ['DiskCacheSync', (directory) => asPromises(openSync(OPTIONS, directory))],
])('transact() of %s', ([, open]) => {
  test('commits all changes as one transaction', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    const before = transactionsInLog(directory);
    await cache.transact((tx) => {
      for (let key = 0; key < 10; key++) tx.set(key, key);
      tx.delete(3);
    });
    expect(transactionsInLog(directory) - before).toBe(1);
    expect(await cache.count()).toBe(9);
  });

  test('shows others nothing before it ends', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    const other = openSync({}, directory);
    await cache.transact((tx) => {
      tx.set('key', LARGE);
      expect(tx.get('key')).toBe(LARGE);
      expect(other.has('key')).toBe(false);
    });
    expect(other.get('key')).toBe(LARGE);
  });

  test('takes back rows, tags, totals and counts when its body throws, and throws the same error', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.set('a', 'old', { tags: ['tag'] });
    await cache.set('b', 'B');
    const [size, { sets, deletes }] = [await cache.size(), await cache.stats()];
    const error = new OfTheBody();
    const failed = cache.transact((tx) => {
      tx.set('a', 'new');
      tx.delete('b');
      tx.set('c', 'C', { tags: ['tag'] });
      tx.evict('tag');
      throw error;
    });
    await expect(failed).rejects.toBe(error);
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual(['old', 'B', undefined]);
    expect(await cache.size()).toBe(size);
    expect(await cache.stats()).toMatchObject({ sets, deletes });
    expect(await cache.evict('tag')).toBe(1);
    expect(await cache.check()).toMatchObject({ ok: true });
  });

  test('throws a system error of its body as it is', async () => {
    const cache = open(folderInMemory());
    const failed = cache.transact(() => readFileSync('/does/not/exist'));
    await expect(failed).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  });

  test('removes a replaced file after the commit', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.set('key', `${LARGE}old`);
    const [old] = valueFiles(directory);
    await cache.transact((tx) => {
      tx.set('key', `${LARGE}new`);
      expect(valueFiles(directory)).toContain(old);
    });
    await turnsUntil(() => valueFiles(directory).length === 1);
    expect(await cache.get('key')).toBe(`${LARGE}new`);
  });

  test('removes new files after a rollback and keeps the old ones', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.set('key', LARGE);
    await cache.set('other', LARGE);
    const before = valueFiles(directory);
    const failed = cache.transact((tx) => {
      tx.set('key', `${LARGE}new`);
      tx.set('key', `${LARGE}newer`);
      tx.set('added', LARGE);
      tx.delete('other');
      throw new OfTheBody();
    });
    await expect(failed).rejects.toBeInstanceOf(OfTheBody);
    await turnsUntil(() => valueFiles(directory).length === 2);
    expect(valueFiles(directory).toSorted()).toEqual(before.toSorted());
    expect(await cache.getMany(['key', 'other', 'added'])).toEqual([LARGE, LARGE, undefined]);
  });

  test('inside another takes back only its own changes', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.set('a', LARGE);
    await cache.transact((tx) => {
      tx.set('b', 'outer');
      expect(() =>
        tx.transact((inner) => {
          inner.set('a', `${LARGE}inner`);
          inner.set('b', 'inner');
          inner.set('c', LARGE);
          throw new OfTheBody();
        }),
      ).toThrow(OfTheBody);
      expect(tx.getMany(['a', 'b', 'c'])).toEqual([LARGE, 'outer', undefined]);
      tx.set('d', LARGE);
    });
    expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual([LARGE, 'outer', undefined, LARGE]);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 3, files: 2 });
    expect(valueFiles(directory)).toHaveLength(2);
  });

  test('keeps no file that it has itself replaced, removed or evicted', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.set('before', LARGE);
    await cache.transact((tx) => {
      for (let i = 0; i < 5; i++) tx.set('key', `${LARGE}${i}`);
      tx.set('other', LARGE);
      tx.delete('other');
      tx.set('before', `${LARGE}new`);
      // That of the entry from before stays, since all could still be taken back.
      expect(valueFiles(directory)).toHaveLength(3);
    });
    await turnsUntil(() => valueFiles(directory).length === 2);
    expect(await cache.getMany(['key', 'before'])).toEqual([`${LARGE}4`, `${LARGE}new`]);
    expect(await cache.check()).toMatchObject({ ok: true, files: 2 });
  });

  test('inside another that is taken back leaves the files that the outer one has written', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.transact((tx) => {
      tx.set('key', `${LARGE}outer`);
      expect(() =>
        tx.transact((inner) => {
          for (let i = 0; i < 3; i++) inner.set('key', `${LARGE}${i}`);
          throw new OfTheBody();
        }),
      ).toThrow(OfTheBody);
      expect(tx.get('key')).toBe(`${LARGE}outer`);
      tx.transact((inner) => inner.set('key', `${LARGE}inner`));
      tx.set('key', `${LARGE}last`);
      expect(valueFiles(directory)).toHaveLength(1);
    });
    expect(await cache.get('key')).toBe(`${LARGE}last`);
    expect(await cache.check()).toMatchObject({ ok: true, files: 1 });
  });

  test('inside another that throws takes back everything', async () => {
    const directory = folderInMemory();
    const cache = open(directory);
    await cache.set('a', LARGE);
    const failed = cache.transact((tx) => {
      tx.transact((inner) => inner.set('a', `${LARGE}inner`));
      throw new OfTheBody();
    });
    await expect(failed).rejects.toBeInstanceOf(OfTheBody);
    expect(await cache.get('a')).toBe(LARGE);
    await turnsUntil(() => valueFiles(directory).length === 1);
  });

  test('inside another leaves the counts of what it took back as they were', async () => {
    const cache = open(folderInMemory());
    await cache.transact((tx) => {
      tx.set('a', 1);
      expect(() =>
        tx.transact((inner) => {
          inner.set('b', 1);
          inner.delete('a');
          throw new OfTheBody();
        }),
      ).toThrow(OfTheBody);
    });
    expect(await cache.stats()).toMatchObject({ sets: 1, deletes: 0, count: 1 });
  });

  test.for<[string, () => unknown]>([
    ['a promise', async () => 1],
    ['a promise that is rejected', async () => Promise.reject(new Error('too late'))],
    ['a promise of another realm', () => runInNewContext('Promise.resolve(1)')],
    ['what can be awaited', () => runInNewContext('({ then: (resolve) => resolve(1) })')],
  ])('refuses a body that returns %s, and takes back its changes', async ([, returned]) => {
    const cache = open(folderInMemory());
    const refused = cache.transact((tx) => {
      tx.set('key', 'value');
      return returned();
    });
    await expect(refused).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_DISKCACHE_TRANSACTION',
    });
    await expect(refused).rejects.toThrow(/must be synchronous; given one that returned a promise/);
    expect(await cache.has('key')).toBe(false);
  });

  test.for([undefined, null, 5, {}])('refuses %j instead of a body with a typed error', async (body) => {
    const refused = open(folderInMemory()).transact(body as never);
    await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_DISKCACHE_/) });
  });

  test('evicts within the limits and puts back what it evicted when it throws', async () => {
    const directory = folderInMemory();
    const cache = openSync({ entryLimit: 3 }, directory);
    for (const key of ['a', 'b', 'c']) cache.set(key, key);
    expect(() =>
      cache.transact((tx) => {
        for (let key = 0; key < 10; key++) tx.set(key, key);
        expect(tx.count()).toBe(3);
        throw new OfTheBody();
      }),
    ).toThrow(OfTheBody);
    expect([...cache.keys()]).toEqual(['a', 'b', 'c']);
    expect(cache.stats()).toMatchObject({ evicted: 0, sets: 3 });
  });
});

test('setMany() of DiskCacheSync stores all or nothing', () => {
  const cache = openSync({ eviction: 'none', entryLimit: 3, fileThreshold: 100 });
  cache.set('a', 'old');
  const entries = ['a', 'b', 'c', 'd'].map((key) => [key, LARGE] as const);
  expect(() => cache.setMany(entries)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_FULL' }));
  expect([...cache.entries()].map(({ value }) => value)).toEqual(['old']);
  expect(cache.check()).toMatchObject({ ok: true });
});

test('a lock held by another for longer than timeout is an ERR_DISKCACHE_TIMEOUT, and changes no statistics but those of waiting', async () => {
  const cache = openCache({ timeout: 30 });
  await cache.set('key', 'value');
  await cache.get('key');
  const before = await cache.stats();
  const other = foreignConnection(cache.directory);
  other.exec('BEGIN IMMEDIATE');
  const late = { name: 'TimeoutError', code: 'ERR_DISKCACHE_TIMEOUT' };
  await expect(cache.set('key', 'new')).rejects.toMatchObject(late);
  await expect(cache.transact((tx) => tx.set('key', 'new'))).rejects.toMatchObject(late);
  expect(() => cache.sync.set('key', 'new')).toThrow(expect.objectContaining(late));
  expect(() => cache.sync.delete('key')).toThrow(/for longer than the timeout of 30 ms/);
  const { lockWaits, ...others } = await cache.stats();
  expect({ ...before, ...others }).toEqual(before);
  expect(lockWaits).toMatchObject({ count: 4 });
  expect(await cache.get('key')).toBe('value');
  other.exec('ROLLBACK');
  await cache.set('key', 'new');
  expect(await cache.get('key')).toBe('new');
});
