import type { Key } from '@diskcache/core';
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
    // One after the other: sets that are called together are in the order in which they were committed.
    for (const key of KEYS.toReversed()) await cache.set(key, 'value');
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

  test('keys() in the order of insertion gives them as they were first stored, whatever was overwritten', async () => {
    const cache = await openFilled();
    await cache.set('b', 'again');
    await cache.touch('a', { ttl: 1000 });
    expect(await listed(cache.keys({ order: 'insertion' }))).toEqual(KEYS.toReversed());
    expect(await listed(cache.keys({ order: 'insertion', reverse: true }))).toEqual(KEYS);
  });

  test('a key that was absent comes last in the order of insertion', async () => {
    const cache = await openFilled();
    await cache.delete('b');
    await cache.set('b', 'back');
    const expected = [...KEYS.toReversed().filter((key) => key !== 'b'), 'b'];
    expect(await listed(cache.keys({ order: 'insertion' }))).toEqual(expected);
  });

  test('an entry keeps its place in the order of insertion when it is pinned, and when it no longer is', async () => {
    const cache = openNew();
    for (const key of ['c', 'b', 'a']) await cache.set(key, 1);
    for (const pinned of [true, true, false, false]) {
      await cache.set('b', 2, { pinned, tags: ['tag'] });
      expect(await listed(cache.keys({ order: 'insertion' }))).toEqual(['c', 'b', 'a']);
      expect(await listed(cache.keys({ order: 'insertion', tag: 'tag' }))).toEqual(['b']);
    }
    expect(await cache.check()).toMatchObject({ ok: true });
  });

  test('keys() after each key in the order of insertion gives the rest', async () => {
    const cache = await openFilled();
    const order = 'insertion';
    const keys = KEYS.toReversed();
    for (const [place, after] of keys.entries()) {
      expect(await listed(cache.keys({ order, after }))).toEqual(keys.slice(place + 1));
      const before = keys.slice(0, place).toReversed();
      expect(await listed(cache.keys({ order, after, reverse: true }))).toEqual(before);
      expect(await listed(cache.keys({ order, after, limit: 2 }))).toEqual(keys.slice(place + 1, place + 3));
    }
  });

  test('keys() after an absent key in the order of insertion is an error, since its place is not known', async () => {
    const cache = await openFilled();
    for (const reverse of [false, true]) {
      const gone = listed(cache.keys({ order: 'insertion', after: 'gone', reverse }));
      await expect(gone).rejects.toMatchObject({ code: 'ERR_DISKCACHE_ABSENT' });
      await expect(gone).rejects.toThrow(/"gone".* not in the cache/);
    }
  });

  test('pages in the order of insertion, each after the last key of the one before, give all keys once', async () => {
    const cache = await openFilled();
    for (const limit of [1, 2, 3, 5]) {
      const all = [];
      const order = 'insertion';
      for (let page = await listed(cache.keys({ order, limit })); page.length > 0;) {
        all.push(...page);
        page = await listed(cache.keys({ order, limit, after: page.at(-1)! }));
      }
      expect(all).toEqual(KEYS.toReversed());
    }
  });

  test('keys() in the order of insertion goes through more keys than fit on a page, gone ones left out', async () => {
    const cache = openNew();
    const keys = Array.from({ length: 1500 }, (_, number) => (number * 7) % 1500);
    await cache.setMany(keys.map((key) => [key, key] as const));
    await cache.deleteMany(keys.slice(100, 1300));
    const left = [...keys.slice(0, 100), ...keys.slice(1300)];
    expect(await listed(cache.keys({ order: 'insertion' }))).toEqual(left);
    expect(await listed(cache.keys({ order: 'insertion', reverse: true }))).toEqual(left.toReversed());
    expect(await listed(cache.keys({ order: 'insertion', limit: 120 }))).toEqual(left.slice(0, 120));
  });

  test('keys() in the order of insertion ends although each key is taken out and put back meanwhile', async () => {
    const cache = openNew();
    const keys = Array.from({ length: 600 }, (_, key) => key);
    await cache.setMany(keys.map((key) => [key, key] as const));
    const seen = [];
    for await (const key of cache.keys({ order: 'insertion' })) {
      seen.push(key);
      await cache.delete(key);
      await cache.set(key, 'back');
    }
    expect(seen).toEqual(keys);
  });

  test('keys() gives what is there all the time once, whatever else comes and goes', async () => {
    const cache = openNew();
    const tags = ['tag'];
    const stay = Array.from({ length: 700 }, (_, key) => key * 2);
    await cache.setMany(
      stay.map((key) => [key, key] as const),
      { tags },
    );
    for (const options of [
      {},
      { order: 'insertion' },
      { tag: 'tag' },
      { tag: 'tag', order: 'insertion' },
    ] as const) {
      for (const reverse of [false, true]) {
        const seen: Key[] = [];
        for await (const key of cache.keys({ ...options, reverse })) {
          seen.push(key);
          if (seen.length % 50 !== 0) continue;
          const others = Array.from({ length: 100 }, (_, number) => seen.length + number * 2 + 1);
          await cache.setMany(
            others.map((other) => [other, other] as const),
            { tags },
          );
          if (seen.length % 100 === 0) await cache.deleteMany(others);
        }
        const stayed = seen.filter((key) => (key as number) % 2 === 0);
        expect(stayed.toSorted((a, b) => Number(a) - Number(b))).toEqual(stay);
        expect(new Set(seen).size).toBe(seen.length);
      }
    }
  });

  test('keys() with a tag gives the keys that have it, in their order', async () => {
    const cache = openNew();
    const tagged: Key[] = ['b', 1, 'ab', bytes(1), 'a', -1];
    for (const key of tagged) await cache.set(key, key, { tags: ['red', 'blue'] });
    for (const key of ['aa', 0]) await cache.set(key, key, { tags: ['Red', 'redder', 'blue'] });
    await cache.set('none', 'value');
    expect(await listed(cache.keys({ tag: 'red' }))).toEqual([-1, 1, 'a', 'ab', 'b', bytes(1)]);
    expect(await listed(cache.keys({ tag: 'red', order: 'insertion' }))).toEqual(tagged);
    expect(await listed(cache.keys({ tag: 'unknown' }))).toEqual([]);
    expect(await listed(cache.keys({ tag: 'unknown', order: 'insertion' }))).toEqual([]);
  });

  test('keys() with a tag leaves out what lost it, and what has expired', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    for (const key of ['a', 'b', 'c', 'd']) await cache.set(key, key, { tags: ['tag'] });
    await cache.set('a', 'without');
    await cache.delete('b');
    await cache.set('c', 'short', { tags: ['tag'], ttl: 5 });
    clock.advance(5);
    for (const order of ['key', 'insertion'] as const) {
      expect(await listed(cache.keys({ tag: 'tag', order }))).toEqual(['d']);
    }
  });

  test('keys() with a tag goes through more keys than are looked up at a time', async () => {
    const cache = openNew();
    const keys = Array.from({ length: 2500 }, (_, number) => (number * 7) % 2500);
    for (const parity of [0, 1]) {
      const some = keys.filter((key) => key % 2 === parity);
      await cache.setMany(
        some.map((key) => [key, key] as const),
        { tags: [`parity ${parity}`] },
      );
    }
    const odd = keys.filter((key) => key % 2 === 1);
    const inOrder = odd.toSorted((a, b) => a - b);
    const tag = 'parity 1';
    expect(await listed(cache.keys({ tag }))).toEqual(inOrder);
    expect(await listed(cache.keys({ tag, reverse: true, limit: 700 }))).toEqual(
      inOrder.toReversed().slice(0, 700),
    );
    expect(await listed(cache.keys({ tag, order: 'insertion' }))).toEqual(odd);
    expect(await listed(cache.keys({ tag, order: 'insertion', reverse: true }))).toEqual(odd.toReversed());
  });

  test('all options together give what each asks for', async () => {
    const cache = openNew();
    const stored = KEYS.toReversed();
    for (const [place, key] of stored.entries()) {
      await cache.set(key, 'value', { tags: place % 3 === 0 ? ['other'] : ['tag'] });
    }
    const hasTag = (key: Key) => stored.indexOf(key as never) % 3 !== 0;
    for (const order of ['key', 'insertion'] as const) {
      for (const tag of [undefined, 'tag']) {
        for (const prefix of [undefined, '', '1']) {
          for (const reverse of [false, true]) {
            for (const after of [undefined, ...KEYS]) {
              const all = (order === 'key' ? KEYS : stored) as readonly Key[];
              const inDirection = reverse ? all.toReversed() : all;
              const rest =
                after === undefined ? inDirection : inDirection.slice(inDirection.indexOf(after) + 1);
              const expected = rest.filter(
                (key) =>
                  (tag === undefined || hasTag(key)) &&
                  (prefix === undefined || (typeof key === 'string' && key.startsWith(prefix))),
              );
              const options = { order, tag, prefix, reverse, after };
              expect(await listed(cache.keys(options)), JSON.stringify(options)).toEqual(expected);
              expect(await listed(cache.keys({ ...options, limit: 2 }))).toEqual(expected.slice(0, 2));
            }
          }
        }
      }
    }
  });

  test('values() gives the values of what entries() gives', async () => {
    const cache = openNew();
    for (const key of ['b', 'a', 'c']) await cache.set(key, { key });
    expect(await listed(cache.values())).toEqual([{ key: 'a' }, { key: 'b' }, { key: 'c' }]);
    const options = { order: 'insertion', reverse: true, limit: 2 } as const;
    expect(await listed(cache.values(options))).toEqual([{ key: 'c' }, { key: 'a' }]);
  });

  test('values() is no hit and no miss', async () => {
    const cache = await openFilled();
    await listed(cache.values());
    await cache.peekEntry('first');
    expect(await cache.stats()).toMatchObject({ hits: 0, misses: 0 });
  });

  test('peekEntry() gives the first and the last entry, by key or by insertion', async () => {
    const cache = openNew();
    for (const key of ['b', 'a', 'd', 'c']) await cache.set(key, key.toUpperCase(), { tags: [key] });
    expect(await cache.peekEntry('first')).toMatchObject({ key: 'a', value: 'A', tags: ['a'] });
    expect(await cache.peekEntry('last')).toMatchObject({ key: 'd' });
    expect(await cache.peekEntry('first', { order: 'insertion' })).toMatchObject({ key: 'b' });
    expect(await cache.peekEntry('last', { order: 'insertion' })).toMatchObject({ key: 'c', value: 'C' });
    expect(await cache.peekEntry('last', { tag: 'b' })).toMatchObject({ key: 'b' });
  });

  test('peekEntry() after a key gives the first and the last of what follows it', async () => {
    const cache = openNew();
    for (const key of ['b', 'a', 'd', 'c']) await cache.set(key, key);
    expect(await cache.peekEntry('first', { after: 'b' })).toMatchObject({ key: 'c' });
    expect(await cache.peekEntry('last', { after: 'b' })).toMatchObject({ key: 'd' });
    const order = 'insertion';
    expect(await cache.peekEntry('first', { order, after: 'b' })).toMatchObject({ key: 'a' });
    expect(await cache.peekEntry('last', { order, after: 'a' })).toMatchObject({ key: 'c' });
    expect(await cache.peekEntry('last', { order, after: 'c' })).toBeUndefined();
  });

  test('peekEntry() gives undefined where there is no live entry', async () => {
    const clock = new FakeClock();
    const cache = openNew({ clock });
    expect(await cache.peekEntry('first')).toBeUndefined();
    await cache.set('short', 'value', { ttl: 5, tags: ['tag'] });
    await cache.set('stays', 'value');
    clock.advance(5);
    for (const order of ['key', 'insertion'] as const) {
      expect(await cache.peekEntry('first', { order })).toMatchObject({ key: 'stays' });
      expect(await cache.peekEntry('first', { order, tag: 'tag' })).toBeUndefined();
      expect(await cache.peekEntry('last', { order, prefix: 'sh' })).toBeUndefined();
    }
  });

  test('in a transaction keys() sees what it stored and removed, in every order', async () => {
    const cache = openNew();
    for (const key of ['c', 'b']) await cache.set(key, key, { tags: ['tag'] });
    const seen = await cache.transact((tx) => {
      tx.delete('c');
      tx.set('a', 'a', { tags: ['tag'] });
      const orders = [
        {},
        { order: 'insertion' },
        { tag: 'tag' },
        { tag: 'tag', order: 'insertion' },
      ] as const;
      return orders.map((options) => [...tx.keys(options)]);
    });
    expect(seen).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
      ['b', 'a'],
    ]);
  });
}
