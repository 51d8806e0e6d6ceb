import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { listed } from '../support/caches.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import type { OpenNew, OpenVerbs } from './cache-verbs.ts';
import type { CacheVerbs } from './verbs.ts';

/** transact, stats, size, count, check, close, and what is there when a cache is opened again. */
export function wholeCacheSpec(open: OpenVerbs, openNew: OpenNew): void {
  test('transact() returns what its body returned, with the changes made', async () => {
    const cache = openNew();
    const seen = await cache.transact((tx) => {
      tx.set('a', 'A');
      return tx.get('a');
    });
    expect(seen).toBe('A');
    expect(await cache.get('a')).toBe('A');
  });

  test('stats() counts what this process did', async () => {
    const cache = openNew();
    await cache.set('a', 'A');
    await cache.set('b', 'B');
    await cache.getMany(['a', 'b', 'none']);
    await cache.has('a');
    await cache.delete('b');
    await cache.delete('none');
    expect(await cache.stats()).toMatchObject({ count: 1, hits: 2, misses: 1, sets: 2, deletes: 1 });
  });

  test('stats() says what the limits are', async () => {
    const cache = openNew({ sizeLimit: 100_000, entryLimit: 7 });
    expect(await cache.stats()).toMatchObject({ sizeLimit: 100_000, entryLimit: 7, evicted: 0, expired: 0 });
  });

  test('size() is 0 for an empty cache and again once all entries are gone', async () => {
    const cache = openNew();
    const sizes = [await cache.size()];
    await cache.set('key', randomBytes(10_000), { tags: ['tag'] });
    sizes.push(await cache.size());
    await cache.delete('key');
    sizes.push(await cache.size());
    expect(sizes).toEqual([0, expect.any(Number), 0]);
    expect(sizes[1]).toBeGreaterThan(10_000);
  });

  test('count() counts the entries', async () => {
    const cache = openNew();
    await cache.setMany([
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ]);
    expect(await cache.count()).toBe(2);
  });

  test('check() finds no problem and counts entries and files', async () => {
    const cache = openNew();
    await cache.set('a', 'A');
    await cache.set('b', 7);
    const report = await cache.check();
    expect(report).toMatchObject({ ok: true, problems: [], entries: 2 });
  });

  test('a cache that is opened again holds what it held', async () => {
    const directory = folderInMemory();
    const first = open({}, directory);
    await first.set('a', 'A', { tags: ['tag'] });
    await first.set(1, { b: 1 });
    await first.close();
    const second = open({}, directory);
    expect(await listed(second.keys())).toEqual([1, 'a']);
    expect(await second.entry('a')).toMatchObject({ value: 'A', tags: ['tag'] });
    expect(await second.get(1)).toEqual({ b: 1 });
  });

  test('close() can be called again', async () => {
    const cache = openNew();
    await cache.close();
    await expect(cache.close()).resolves.toBeUndefined();
  });

  test.for([
    ['get', (cache: CacheVerbs) => cache.get('key')],
    ['getMany', (cache) => cache.getMany(['key'])],
    ['has', (cache) => cache.has('key')],
    ['hasMany', (cache) => cache.hasMany(['key'])],
    ['entry', (cache) => cache.entry('key')],
    ['entryMany', (cache) => cache.entryMany(['key'])],
    ['set', (cache) => cache.set('key', 'value')],
    ['setMany', (cache) => cache.setMany([['key', 'value']])],
    ['add', (cache) => cache.add('key', 'value')],
    ['getOrSet', (cache) => cache.getOrSet('key', () => 'value')],
    ['touch', (cache) => cache.touch('key')],
    ['delete', (cache) => cache.delete('key')],
    ['deleteMany', (cache) => cache.deleteMany(['key'])],
    ['pop', (cache) => cache.pop('key')],
    ['incr', (cache) => cache.incr('key')],
    ['decr', (cache) => cache.decr('key')],
    ['push', (cache) => cache.push('queue', 1)],
    ['peek', (cache) => cache.peek('queue')],
    ['pull', (cache) => cache.pull('queue')],
    ['clear', (cache) => cache.clear()],
    ['evict', (cache) => cache.evict('tag')],
    ['deletePrefix', (cache) => cache.deletePrefix('k')],
    ['expire', (cache) => cache.expire()],
    ['cull', (cache) => cache.cull()],
    ['keys', (cache) => listed(cache.keys())],
    ['entries', (cache) => listed(cache.entries())],
    ['transact', (cache) => cache.transact(() => 1)],
    ['check', (cache) => cache.check()],
    ['stats', (cache) => cache.stats()],
    ['size', (cache) => cache.size()],
    ['count', (cache) => cache.count()],
  ] satisfies [string, (cache: CacheVerbs) => Promise<unknown>][])(
    '%s() after close() fails with ERR_DISKCACHE_CLOSED',
    async ([, call]) => {
      const cache = openNew();
      await cache.close();
      await expect(call(cache)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
    },
  );
}
