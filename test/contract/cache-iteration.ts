import { expect, test } from 'vitest';
import { listed } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { OpenNew } from './cache-verbs.ts';

const bytes = (...of: number[]) => new Uint8Array(of);

/** In their order. */
const KEYS = [-1.5, 0, 2, 10, '', '1', '10', '2', 'a', 'b', bytes(), bytes(0), bytes(0, 1), bytes(1)];

/** keys() and entries(): order, ranges, and what happens meanwhile. */
export function cacheIterationSpec(openNew: OpenNew): void {
  const openFilled = async () => {
    const cache = openNew();
    await cache.setMany(KEYS.toReversed().map((key) => [key, 'value'] as const));
    return cache;
  };

  test('keys() gives numbers, then strings, then bytes, each in their order', async () => {
    expect(await listed((await openFilled()).keys())).toEqual(KEYS);
  });

  test('keys() gives nothing for an empty cache', async () => {
    expect(await listed(openNew().keys())).toEqual([]);
  });

  test('keys() in reverse gives the opposite order', async () => {
    expect(await listed((await openFilled()).keys({ reverse: true }))).toEqual(KEYS.toReversed());
  });

  test('keys() after each key gives the rest', async () => {
    const cache = await openFilled();
    for (const [place, after] of KEYS.entries()) {
      expect(await listed(cache.keys({ after }))).toEqual(KEYS.slice(place + 1));
    }
  });

  test('keys() in reverse after each key gives what comes before it', async () => {
    const cache = await openFilled();
    for (const [place, after] of KEYS.entries()) {
      expect(await listed(cache.keys({ after, reverse: true }))).toEqual(KEYS.slice(0, place).toReversed());
    }
  });

  test('keys() takes an after that is no key of the cache', async () => {
    const cache = await openFilled();
    expect(await listed(cache.keys({ after: 3 }))).toEqual(KEYS.slice(3));
    expect(await listed(cache.keys({ after: '\u{10ffff}' }))).toEqual(KEYS.slice(10));
  });

  test('keys() stops at the limit', async () => {
    const cache = await openFilled();
    expect(await listed(cache.keys({ limit: 3 }))).toEqual(KEYS.slice(0, 3));
    expect(await listed(cache.keys({ limit: 0 }))).toEqual([]);
    expect(await listed(cache.keys({ limit: 3, reverse: true }))).toEqual(KEYS.toReversed().slice(0, 3));
  });

  test('pages of every size, each after the last key of the one before, give all keys once', async () => {
    const cache = await openFilled();
    for (const limit of [1, 2, 3, 5]) {
      const all = [];
      for (let page = await listed(cache.keys({ limit })); page.length > 0;) {
        all.push(...page);
        page = await listed(cache.keys({ limit, after: page.at(-1)! }));
      }
      expect(all).toEqual(KEYS);
    }
  });

  test('keys() with a prefix gives only the strings that start with it', async () => {
    const cache = await openFilled();
    expect(await listed(cache.keys({ prefix: '1' }))).toEqual(['1', '10']);
    expect(await listed(cache.keys({ prefix: '' }))).toEqual(KEYS.slice(4, 10));
    expect(await listed(cache.keys({ prefix: '1', reverse: true }))).toEqual(['10', '1']);
  });

  test('keys() with a prefix is not widened by an after outside of it', async () => {
    const cache = await openFilled();
    expect(await listed(cache.keys({ prefix: '1', after: 0 }))).toEqual(['1', '10']);
    expect(await listed(cache.keys({ prefix: '1', after: '1' }))).toEqual(['10']);
    expect(await listed(cache.keys({ prefix: '1', after: 'z' }))).toEqual([]);
    expect(await listed(cache.keys({ prefix: '1', after: bytes(1), reverse: true }))).toEqual(['10', '1']);
    expect(await listed(cache.keys({ prefix: '1', after: -9, reverse: true }))).toEqual([]);
  });

  test('keys() goes through more keys than fit on a page', async () => {
    const cache = openNew();
    const keys = Array.from({ length: 700 }, (_, key) => key);
    await cache.setMany(keys.map((key) => [key, key] as const));
    expect(await listed(cache.keys())).toEqual(keys);
    expect(await listed(cache.keys({ reverse: true, limit: 600 }))).toEqual(keys.toReversed().slice(0, 600));
  });

  test('keys() leaves out what was removed ahead of it and gives what was added there', async () => {
    const cache = openNew();
    await cache.setMany(Array.from({ length: 600 }, (_, key) => [key, key] as const));
    const seen = [];
    for await (const key of cache.keys()) {
      if (key === 0) {
        await cache.delete(599);
        await cache.set(1000, 1000);
      }
      seen.push(key);
    }
    expect(seen).toEqual([...Array.from({ length: 599 }, (_, key) => key), 1000]);
  });

  test('entries can be removed while keys() goes through them', async () => {
    const cache = openNew();
    await cache.setMany(Array.from({ length: 600 }, (_, key) => [key, key] as const));
    let removed = 0;
    for await (const key of cache.keys()) if (await cache.delete(key)) removed++;
    expect([removed, await cache.count()]).toEqual([600, 0]);
  });

  test('entries() gives the entries in the order of their keys', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    await cache.set('b', { b: 1 });
    await cache.set('a', 'A', { ttl: 5, tags: ['tag'] });
    const recorded = { size: expect.any(Number), storedAt: clock.now() };
    expect(await listed(cache.entries())).toEqual([
      { key: 'a', value: 'A', expires: clock.now() + 5, tags: ['tag'], ...recorded },
      { key: 'b', value: { b: 1 }, expires: undefined, tags: [], ...recorded },
    ]);
  });

  test('entries() takes the same options as keys()', async () => {
    const cache = await openFilled();
    const options = { prefix: '1', limit: 1, reverse: true, after: '2' };
    expect((await listed(cache.entries(options))).map(({ key }) => key)).toEqual(['10']);
  });

  test('entries() is no hit and no miss', async () => {
    const cache = await openFilled();
    await listed(cache.entries());
    expect(await cache.stats()).toMatchObject({ hits: 0, misses: 0 });
  });
}
