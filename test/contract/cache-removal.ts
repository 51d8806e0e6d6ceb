import { expect, test } from 'vitest';
import { listed } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { OpenNew } from './cache-verbs.ts';

/** delete, deleteMany, clear, evict, deletePrefix, expire, cull: what goes, what stays, and what is counted. */
export function cacheRemovalSpec(openNew: OpenNew): void {
  test('delete() removes an entry and tells whether there was one', async () => {
    const cache = openNew();
    await cache.set('key', 'value');
    expect([await cache.delete('key'), await cache.delete('key')]).toEqual([true, false]);
    expect(await cache.get('key')).toBeUndefined();
  });

  test('delete() returns false for an entry that has expired', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('key', 'value', { ttl: 1 });
    clock.advance(1);
    expect(await cache.delete('key')).toBe(false);
  });

  test('deleteMany() removes entries and counts those there were', async () => {
    const cache = openNew();
    for (const key of ['a', 'b', 'c']) await cache.set(key, key);
    expect(await cache.deleteMany(['a', 'none', 'c', 'a'])).toBe(2);
    expect(await listed(cache.keys())).toEqual(['b']);
  });

  test('clear() removes all entries, whatever their keys, and counts them', async () => {
    const cache = openNew();
    for (const key of ['a', 1, new Uint8Array([1])]) await cache.set(key, 'value', { tags: ['tag'] });
    expect(await cache.clear()).toBe(3);
    expect(await listed(cache.keys())).toEqual([]);
    expect(await cache.size()).toBe(0);
  });

  test('clear() removes more entries than fit into one slice', async () => {
    const cache = openNew();
    await cache.setMany(Array.from({ length: 600 }, (_, key) => [key, key] as const));
    expect(await cache.clear()).toBe(600);
    expect(await cache.count()).toBe(0);
  });

  test('a cleared cache takes new entries', async () => {
    const cache = openNew();
    await cache.set('key', 'old');
    await cache.clear();
    await cache.set('key', 'new');
    expect(await cache.get('key')).toBe('new');
  });

  test('evict() removes the entries that have the tag and no others', async () => {
    const cache = openNew();
    await cache.set('a', 'A', { tags: ['red', 'blue'] });
    await cache.set('b', 'B', { tags: ['blue'] });
    await cache.set('c', 'C', { tags: ['Red', 'redder'] });
    await cache.set('d', 'D');
    expect(await cache.evict('red')).toBe(1);
    expect(await listed(cache.keys())).toEqual(['b', 'c', 'd']);
  });

  test('evict() removes more entries than fit into one slice', async () => {
    const cache = openNew();
    await cache.setMany(
      Array.from({ length: 600 }, (_, key) => [key, key] as const),
      { tags: ['tag'] },
    );
    await cache.set('other', 'stays');
    expect(await cache.evict('tag')).toBe(600);
    expect(await listed(cache.keys())).toEqual(['other']);
  });

  test('evict() leaves entries that lost the tag', async () => {
    const cache = openNew();
    await cache.set('deleted', 'value', { tags: ['tag'] });
    await cache.delete('deleted');
    await cache.set('deleted', 'again');
    expect(await cache.evict('tag')).toBe(0);
    expect(await cache.get('deleted')).toBe('again');
  });

  test('evict() does not count entries that have expired', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('a', 'A', { ttl: 1, tags: ['tag'] });
    await cache.set('b', 'B', { tags: ['tag'] });
    clock.advance(1);
    expect(await cache.evict('tag')).toBe(1);
  });

  test('deletePrefix() removes the string keys that start with the prefix', async () => {
    const cache = openNew();
    const keys = ['a', 'ab', 'abc', 'abd', 'ac', 'Ab', 'b', 1, new Uint8Array([97, 98])];
    for (const key of keys) await cache.set(key, 'value');
    expect(await cache.deletePrefix('ab')).toBe(3);
    expect(await listed(cache.keys())).toEqual([1, 'Ab', 'a', 'ac', 'b', new Uint8Array([97, 98])]);
  });

  test("deletePrefix('') removes all string keys and no others", async () => {
    const cache = openNew();
    for (const key of ['', 'a', '\u{10ffff}', 1, new Uint8Array([1])]) await cache.set(key, 'value');
    expect(await cache.deletePrefix('')).toBe(3);
    expect(await listed(cache.keys())).toEqual([1, new Uint8Array([1])]);
  });

  test('expire() removes the entries that have expired and counts them', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    for (const ttl of [5, 10, 15]) await cache.set(ttl, 'value', { ttl });
    await cache.set('forever', 'value');
    clock.advance(10);
    expect(await cache.expire()).toBe(2);
    expect(await listed(cache.keys())).toEqual([15, 'forever']);
    expect((await cache.stats()).expired).toBe(2);
  });

  test('cull() removes nothing from a cache within its limits', async () => {
    const cache = openNew();
    await cache.set('key', 'value');
    expect(await cache.cull()).toBe(0);
    expect(await cache.has('key')).toBe(true);
  });
}
