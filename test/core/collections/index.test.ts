import { rmSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Key, Serializer } from '@diskcache/core';
import { expect, test } from 'vitest';
import { listed, openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { transactionsInLog, valueFiles } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { turnsUntil } from '../../support/turns.ts';

const LARGE = 'large '.repeat(100);

test('an index is there for other caches on the folder, and after reopening', async () => {
  const directory = folderInMemory();
  const cache = openCache({}, directory);
  await cache.index('name').update([
    ['b', 1],
    ['a', 2],
  ]);
  await openCache({}, directory).index('name').set('c', 3);
  await cache.close();
  expect(await listed(openCache({}, directory).index('name'))).toEqual([
    ['b', 1],
    ['a', 2],
    ['c', 3],
  ]);
  expect([...openSync({}, directory).index('name').keys({ reverse: true })]).toEqual(['c', 'a', 'b']);
});

test('the order is that in which keys were new: kept by an overwrite, not by what is deleted and set again', async () => {
  const index = openCache().index<string, number>('name');
  for (const key of ['c', 'a', 'b']) await index.set(key, 1);
  await index.set('c', 2);
  await index.delete('a');
  await index.set('a', 3);
  expect(await listed(index)).toEqual([
    ['c', 2],
    ['b', 1],
    ['a', 3],
  ]);
  expect([await index.first(), await index.last()]).toEqual([
    ['c', 2],
    ['a', 3],
  ]);
});

test('keys are kept apart by type, and come back with their type', async () => {
  const index = openCache().index<Key, string>('name');
  const keys = [
    '1',
    1,
    new Uint8Array([0x31]),
    '',
    new Uint8Array(),
    '\0',
    'a/b',
    '/',
    -0.5,
    '😀',
    'x'.repeat(20_000),
  ];
  for (const [place, key] of keys.entries()) await index.set(key, `value ${place}`);
  expect(await listed(index.keys())).toEqual(keys);
  for (const [place, key] of keys.entries()) expect(await index.get(key)).toBe(`value ${place}`);
  await index.set(-0, 'zero');
  expect(await index.get(0)).toBe('zero');
  for (const wrong of [{}, null, undefined, NaN, '\ud800', 5n])
    await expect(index.set(wrong as never, 'x')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_KEY' });
});

test('what it holds is not evicted and does not expire, whatever the cache is told', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, ttl: 10, maxIdle: 5, entryLimit: 300 });
  const index = cache.index('name');
  await index.update(Array.from({ length: 100 }, (_, key) => [key, key] as const));
  for (let key = 0; key < 500; key++) await cache.set(key, key);
  clock.advance(60_000);
  expect([await index.size(), await index.get(0), (await listed(index.values())).length]).toEqual([
    100, 0, 100,
  ]);
});

test('a set that there is no room for is a typed error, and leaves all as it was', async () => {
  const cache = openCache({ entryLimit: 10 });
  const index = cache.index('name');
  await index.update([
    ['a', 1],
    ['b', 2],
  ]);
  const update = index.update(Array.from({ length: 20 }, (_, key) => [key, key] as const));
  await expect(update).rejects.toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
  expect(await listed(index)).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
  expect(await index.size()).toBe(2);
});

test('an empty index leaves nothing', async () => {
  const cache = openCache({ fileThreshold: 100 });
  const index = cache.index('name');
  await index.update(Array.from({ length: 300 }, (_, key) => [key, key % 100 === 0 ? LARGE : key] as const));
  await index.push('queue', 1);
  while ((await index.popItem('first')) !== undefined);
  expect(await cache.count()).toBe(1);
  await index.update(Array.from({ length: 300 }, (_, key) => [key, key] as const));
  await index.clear();
  expect(await cache.count()).toBe(0);
  await turnsUntil(() => valueFiles(cache.directory).length === 0);
});

test('a value is stored as it was when it was given, and undefined is refused', async () => {
  const index = openCache().index<string, unknown>('name');
  const value = { state: 'given' };
  const setting = [index.set('a', value), index.update([['b', value]]), index.setDefault('c', value)];
  value.state = 'changed';
  await Promise.all(setting);
  expect(await listed(index.values())).toEqual([
    { state: 'given' },
    { state: 'given' },
    { state: 'changed' },
  ]);
  await expect(index.set('d', undefined)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
  await expect(index.setDefault('d', undefined)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
  expect(await index.has('d')).toBe(false);
});

test('large values are files, and each is popped once', async () => {
  const directory = folderInMemory();
  const cache = openCache({ fileThreshold: 100 }, directory);
  const other = openCache({ fileThreshold: 100 }, directory);
  const keys = Array.from({ length: 20 }, (_, key) => key);
  await cache.index('name').update(keys.map((key) => [key, `${LARGE}${key}`] as const));
  const popped = await Promise.all([
    ...keys.map((key) => cache.index('name').pop(key)),
    ...keys.map((key) => other.index('name').pop(key)),
    ...keys.map(async () => (await other.index('name').popItem())?.[1]),
  ]);
  const values = popped.filter((value) => value !== undefined);
  expect(values).toHaveLength(keys.length);
  expect(new Set(values)).toEqual(new Set(keys.map((key) => `${LARGE}${key}`)));
  expect(await cache.check()).toMatchObject({ ok: true, entries: 0 });
});

test('setDefault() of several at once stores one value, and gives it to all', async () => {
  const directory = folderInMemory();
  const caches = [openCache({}, directory), openCache({}, directory)];
  const given = await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      (caches[number % 2] as (typeof caches)[0]).index('name').setDefault('key', number),
    ),
  );
  expect(new Set(given).size).toBe(1);
});

test('a value whose file is gone is not there, and its key can be set again or removed', async () => {
  const cache = openCache({ fileThreshold: 100 });
  cache.on('error', () => undefined);
  const index = cache.index('name');
  await index.update([
    ['a', LARGE],
    ['b', 1],
    ['c', LARGE],
  ]);
  for (const file of valueFiles(cache.directory)) rmSync(file);
  expect([await index.get('a'), await index.first(), await index.last()]).toEqual([
    undefined,
    ['b', 1],
    ['b', 1],
  ]);
  await index.set('a', 'again');
  expect(await listed(index)).toEqual([
    ['a', 'again'],
    ['b', 1],
  ]);
  expect([await index.popItem(), await index.size()]).toEqual([['b', 1], 1]);
});

test('get() and pop() give their fallback where a key is not there, not for null', async () => {
  const index = openCache().index<string, unknown>('name');
  await index.set('null', null);
  expect(
    await Promise.all([
      index.get('null', 'none'),
      index.get('x', 'none'),
      index.get('x', null),
      index.get('x'),
    ]),
  ).toEqual([null, 'none', null, undefined]);
  expect([await index.pop('null', 'none'), await index.pop('null', { a: 1 })]).toEqual([null, { a: 1 }]);
});

test('going through an index meets each key once that is there all the time, while others come and go', async () => {
  const index = openCache().index<number, number>('name');
  await index.update(Array.from({ length: 300 }, (_, key) => [key, key] as const));
  for (const reverse of [false, true]) {
    const met: number[] = [];
    for await (const [key] of index.entries({ reverse })) {
      met.push(key);
      if (met.length % 3 === 0) await index.delete(key);
      if (met.length % 5 === 0) await index.set(1000 + 10 * key + (reverse ? 1 : 0), 0);
      if (met.length > 5000) throw new Error('no end');
    }
    expect(new Set(met).size).toBe(met.length);
    const left = await listed(index.keys());
    expect(left.filter((key) => key < 1000 && !met.includes(key))).toEqual([]);
  }
});

test('equals() compares keys, values and their order, with indexes, Maps and pairs', async () => {
  const cache = openCache();
  const one = cache.index<string, unknown>('one');
  await one.update(
    new Map<string, unknown>([
      ['a', 1],
      ['b', { c: [2n] }],
    ]),
  );
  await cache.index('other').update(one);
  expect(await one.equals(one)).toBe(true);
  expect(await one.equals(cache.index<string, unknown>('other'))).toBe(true);
  expect(
    await one.equals(
      new Map<string, unknown>([
        ['a', 1],
        ['b', { c: [2n] }],
      ]),
    ),
  ).toBe(true);
  expect(
    await one.equals(
      new Map<string, unknown>([
        ['b', { c: [2n] }],
        ['a', 1],
      ]),
    ),
  ).toBe(false);
  expect(await one.equals([['a', 1]])).toBe(false);
  expect(await cache.index('empty').equals([])).toBe(true);
  await expect(one.equals({ a: 1 } as never)).rejects.toThrow(/other must be an array or another iterable/);
  expect(cache.sync.index('one').equals(cache.sync.index('other'))).toBe(true);
});

test('memoize() computes once for all callers, keeps the result for good, and not that of a failure', async () => {
  const clock = new FakeClock();
  const directory = folderInMemory();
  const caches = [openCache({ clock, ttl: 10 }, directory), openCache({ clock, ttl: 10 }, directory)];
  let computed = 0;
  const square = async (n: number) => {
    computed++;
    await setImmediate();
    if (n < 0) throw new Error('negative');
    return n === 0 ? null : n * n;
  };
  const memoized = caches.map((cache) => cache.index('squares').memoize(square));
  const call = async (place: number, n: number) => memoized[place]?.(n);
  const results = await Promise.all(Array.from({ length: 20 }, (_, number) => call(number % 2, 3)));
  expect([new Set(results), computed]).toEqual([new Set([9]), 1]);
  clock.advance(60_000);
  expect([await memoized[0]?.(3), await memoized[0]?.(0), await memoized[0]?.(0), computed]).toEqual([
    9,
    null,
    null,
    2,
  ]);
  await expect(memoized[0]?.(-1)).rejects.toThrow('negative');
  expect(await listed(caches[0]?.index('squares').keys() as AsyncIterable<Key>)).toEqual([
    'square:3',
    'square:0',
  ]);
  expect(await memoized[1]?.delete(3)).toBe(true);
  await memoized[1]?.(3);
  expect(computed).toBe(4);
  expect(await caches[0]?.count()).toBe(5);
  expect(() => caches[0]?.index('x').memoize(() => 1, { ttl: 5 } as never)).toThrow(/unknown option 'ttl'/);
});

test('queues of an index are its own, keep their items for good, and go with clear()', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock, ttl: 10 });
  const index = cache.index('name');
  await index.push('jobs', 'a');
  await index.push('jobs', 'b', { side: 'front' });
  await index.push('jobs', 'short', { ttl: 5 });
  await cache.index('other').push('jobs', 'of other');
  clock.advance(1000);
  expect((await index.peek('jobs'))?.value).toBe('b');
  const leased = await index.pull('jobs', { lease: 100 });
  expect([leased?.value, (await index.pull('jobs'))?.value, await index.pull('jobs')]).toEqual([
    'b',
    'a',
    undefined,
  ]);
  expect(await index.size()).toBe(0);
  await index.clear();
  expect(await leased?.ack()).toBe(false);
  expect((await cache.index('other').pull('jobs'))?.value).toBe('of other');
});

test('its calls keep their order although they are not awaited, and share their transactions', async () => {
  const directory = folderInMemory();
  const cache = openCache({ fileThreshold: 100 }, directory);
  const index = cache.index('name');
  await index.set('first', 1);
  const before = transactionsInLog(directory);
  await Promise.all([index.set('a', 1), index.delete('first'), index.set('a', 2), cache.set('key', 1)]);
  // One, unless the machine is so busy that a few ms are over before.
  expect(transactionsInLog(directory) - before).toBeLessThan(4);
  const calls = [index.set('a', LARGE), index.get('a'), index.delete('a'), index.get('a'), index.set('a', 3)];
  const more = [index.popItem(), index.get('a'), index.size()];
  expect(await Promise.all([...calls, ...more])).toEqual([
    undefined,
    LARGE,
    true,
    undefined,
    undefined,
    ['a', 3],
    undefined,
    0,
  ]);
});

test('an index whose entries were cleared in parts begins anew, with none of what was left over', async () => {
  const cache = openCache();
  const index = cache.index<number, number>('name');
  await index.update(Array.from({ length: 200 }, (_, key) => [key, key] as const));
  await cache.delete('@index/name');
  expect([await index.size(), await listed(index), await index.first()]).toEqual([0, [], undefined]);
  await index.update([
    [5, 50],
    [500, 500],
  ]);
  expect([await index.size(), await listed(index)]).toEqual([
    2,
    [
      [5, 50],
      [500, 500],
    ],
  ]);
  await index.clear();
  expect(await index.size()).toBe(0);
});

test('works with a serializer that is not for what it keeps itself', async () => {
  const serializer: Serializer = {
    id: 'list',
    serialize: (value) => (value as string[]).join(),
    deserialize: (data) => String(data).split(','),
  };
  const index = openCache({ serializer, fileThreshold: 1 }).index('name');
  await index.update([
    ['a', ['1', '2']],
    ['b', ['3']],
  ]);
  expect(await index.popItem('first')).toEqual(['a', ['1', '2']]);
  expect(await listed(index)).toEqual([['b', ['3']]]);
});

test.for([5, 'ab', ['a'], ['a', 1, {}], undefined])(
  'update() with %j among its entries is refused',
  async (pair) => {
    const cache = openCache();
    const entries = [['a', 1], pair] as [string, number][];
    const refused = {
      code: 'ERR_DISKCACHE_OPTION',
      message: expect.stringContaining('must be [key, value]; given'),
    };
    await expect(cache.index('name').update(entries)).rejects.toMatchObject(refused);
    expect(() => cache.sync.index('name').update(entries)).toThrow(expect.objectContaining(refused));
    expect(await cache.count()).toBe(0);
  },
);

test.for(['delete', 'pop', 'popItem', 'clear', 'delete of the function', 'sync clear'])(
  'a memoized result that is being computed when its key goes by %s is not stored',
  async (how) => {
    const cache = openCache();
    const index = cache.index<string, string>('name');
    let finish: (value: string) => void = () => {};
    const f = index.memoize(() => new Promise<string>((resolve) => (finish = resolve)), { name: 'f' });
    const key = f.key() as string;
    const calling = f();
    await turnsUntil(async () => (await cache.count()) > 0);
    // The end of an index is one only when there is something.
    if (how === 'popItem') await index.set(key, 'of others');
    if (how === 'delete') await index.delete(key);
    else if (how === 'pop') await index.pop(key);
    else if (how === 'popItem') await index.popItem();
    else if (how === 'clear') await index.clear();
    else if (how === 'sync clear') cache.sync.index('name').clear();
    else await f.delete();
    finish('out of date');
    expect(await calling).toBe('out of date');
    expect([await index.get(key), await index.size(), await cache.count()]).toEqual([undefined, 0, 0]);
  },
);

test('a memoized result does not replace what was set while it was being computed', async () => {
  const cache = openCache();
  const index = cache.index<string, string>('name');
  let finish: (value: string) => void = () => {};
  const f = index.memoize(() => new Promise<string>((resolve) => (finish = resolve)), { name: 'f' });
  const calling = f();
  await turnsUntil(async () => (await cache.count()) > 0);
  await index.set(f.key() as string, 'set');
  finish('computed');
  await calling;
  expect(await f()).toBe('set');
});

test.for(['delete', 'delete of the function', 'clear'])(
  '%s ends a failure that errorTtl keeps',
  async (how) => {
    const index = openCache().index<string, string>('name');
    let calls = 0;
    const failing = () => Promise.reject(new Error(`${++calls}`));
    const f = index.memoize(failing, { name: 'f', errorTtl: 60_000 });
    await expect(f()).rejects.toThrow('1');
    await expect(f()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_KEPT_FAILURE' });
    if (how === 'delete') await index.delete(f.key() as string);
    else if (how === 'clear') await index.clear();
    else await f.delete();
    await expect(f()).rejects.toThrow('2');
  },
);
