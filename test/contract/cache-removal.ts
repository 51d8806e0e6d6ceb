import { expect, test } from 'vitest';
import type { RemovalOptions } from '@diskcache/core';
import { listed } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { OpenNew } from './cache-verbs.ts';
import type { CacheVerbs } from './verbs.ts';

const MANY = 700;

/** The verbs that remove many entries step by step, each with all that there are to remove. */
const STEPWISE: [string, (cache: CacheVerbs, options?: RemovalOptions) => Promise<number>][] = [
  ['evict()', (cache, options) => cache.evict('tag', options)],
  ['deletePrefix()', (cache, options) => cache.deletePrefix('key', options)],
  ['expire()', (cache, options) => cache.expire(options)],
];

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

  /** As many entries as take several steps to remove, by whichever verb, and one that stays. */
  const openMany = async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.setMany(
      Array.from({ length: MANY }, (_, number) => [`key ${number}`, number] as const),
      { tags: ['tag', 'other'], ttl: 10 },
    );
    await cache.set('stays', 'value');
    return { cache, clock };
  };

  for (const [name, remove] of STEPWISE) {
    const openToRemove = async () => {
      const { cache, clock } = await openMany();
      if (name === 'expire()') clock.advance(10);
      return cache;
    };

    test(`${name} tells its progress after each step`, async () => {
      const cache = await openToRemove();
      const told: number[] = [];
      expect(await remove(cache, { onProgress: ({ removed }) => void told.push(removed) })).toBe(MANY);
      expect(told.length).toBeGreaterThan(1);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(told.at(-1)).toBe(MANY);
      expect(await listed(cache.keys())).toEqual(['stays']);
    });

    test(`${name} leaves nothing behind of what it removed`, async () => {
      const cache = await openToRemove();
      await cache.getMany(Array.from({ length: MANY }, (_, number) => `key ${number}`));
      await remove(cache);
      expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
      await cache.set('key 1', 'again');
      expect(await cache.evict('other')).toBe(0);
      expect(await cache.entry('key 1')).toMatchObject({ value: 'again', tags: [] });
    });

    test(`${name} does nothing once its signal is aborted, and rejects with the reason`, async () => {
      const cache = await openToRemove();
      const reason = { why: 'stopped' };
      await expect(remove(cache, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const left = [...(await listed(cache.keys())), await cache.stats()];
      expect(left).toHaveLength(name === 'expire()' ? 2 : MANY + 2);
      expect(await remove(cache)).toBe(MANY);
    });

    test(`${name} ends between two steps when its signal is aborted; what was removed stays removed`, async () => {
      const cache = await openToRemove();
      const controller = new AbortController();
      let removed = 0;
      const onProgress = (progress: { removed: number }) => {
        removed = progress.removed;
        controller.abort();
      };
      const stopped = remove(cache, { onProgress, signal: controller.signal });
      await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
      expect(removed).toBeGreaterThan(0);
      expect(await remove(cache)).toBe(MANY - removed);
      expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
    });

    test(`${name} rejects with what onProgress throws, and the cache goes on`, async () => {
      const cache = await openToRemove();
      const error = new Error('no more');
      const onProgress = () => {
        throw error;
      };
      await expect(remove(cache, { onProgress })).rejects.toBe(error);
      expect(await remove(cache)).toBeLessThan(MANY);
      expect(await listed(cache.keys())).toEqual(['stays']);
    });

    test(`${name} refuses options that are wrong`, async () => {
      const cache = openNew();
      const wrong = [{ onProgress: 7 }, { signal: 'stop' }, { onprogress: () => undefined }, 7];
      for (const options of wrong) {
        await expect(remove(cache, options as never)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
      }
    });
  }

  test('clear() tells its progress, and stops at a signal that is aborted', async () => {
    const { cache } = await openMany();
    await expect(cache.clear({ signal: AbortSignal.abort('why') })).rejects.toBe('why');
    expect(await cache.count()).toBe(MANY + 1);
    const told: number[] = [];
    expect(await cache.clear({ onProgress: ({ removed }) => void told.push(removed) })).toBe(MANY + 1);
    expect(told.at(-1)).toBe(MANY + 1);
  });

  test('clear() removes what has expired too, and counts only what has not', async () => {
    const { cache, clock } = await openMany();
    clock.advance(10);
    expect(await cache.clear()).toBe(1);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 0, files: 0 });
  });

  test('clear() leaves nothing behind: no tag, no order, no use', async () => {
    const { cache } = await openMany();
    await cache.getMany(Array.from({ length: MANY }, (_, number) => `key ${number}`));
    await cache.clear();
    for (const key of ['key 2', 'key 1']) await cache.set(key, 'again');
    expect(await cache.evict('tag')).toBe(0);
    expect(await listed(cache.keys())).toEqual(['key 1', 'key 2']);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 2 });
  });

  test('clear() in a transaction that is taken back removes nothing', async () => {
    const { cache } = await openMany();
    const back = cache.transact((tx) => {
      expect(tx.clear()).toBe(MANY + 1);
      expect([...tx.keys()]).toEqual([]);
      tx.set('new', 'value');
      throw new Error('back');
    });
    await expect(back).rejects.toThrow('back');
    expect(await cache.count()).toBe(MANY + 1);
    expect(await cache.get('stays')).toBe('value');
    expect(await cache.evict('tag')).toBe(MANY);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
  });

  test('clear() in a transaction is part of it', async () => {
    const { cache } = await openMany();
    await cache.transact((tx) => {
      tx.clear();
      tx.set('new', 'value');
    });
    expect(await listed(cache.keys())).toEqual(['new']);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 1 });
  });

  test('a signal that is aborted in a transaction ends the removal there, with its reason', async () => {
    const { cache } = await openMany();
    await cache.transact((tx) => {
      expect(() => tx.evict('tag', { signal: AbortSignal.abort('why') })).toThrow('why');
    });
    expect(await cache.count()).toBe(MANY + 1);
  });
}
