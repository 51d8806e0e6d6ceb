import { createKeyv, storeOf } from '@diskcache/keyv';
import Keyv4 from 'keyv4';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { transactionsInLog } from '../support/on-disk.ts';

afterEach(() => vi.restoreAllMocks());

const entries = [
  { key: 'a', value: 1 },
  { key: 'b', value: { c: new Date(2) }, ttl: 60_000 },
];

describe.for([
  ['Keyv 5', Keyv5],
  ['Keyv 6', Keyv6 as never as typeof Keyv5],
] as const)('several at once with %s', ([, Keyv]) => {
  function open() {
    const cache = openCache();
    return { cache, keyv: createKeyv({ cache }, { Keyv }) };
  }

  test('are set with one call of the cache, each with its own ttl', async () => {
    const { cache, keyv } = open();
    const calls = vi.spyOn(cache, 'setMany');
    expect(await keyv.setMany(entries)).toEqual([true, true]);
    expect(calls).toHaveBeenCalledOnce();
    expect((await cache.entry('keyv:a'))?.expires).toBeUndefined();
    expect((await cache.entry('keyv:b'))?.expires).toBeGreaterThan(Date.now());
  });

  test('are read with one call of the cache, in order, with misses and repetitions', async () => {
    const { cache, keyv } = open();
    await keyv.setMany(entries);
    const calls = vi.spyOn(cache, 'entryMany');
    expect(await keyv.getMany(['b', 'none', 'a', 'b'])).toEqual([
      { c: new Date(2) },
      undefined,
      1,
      { c: new Date(2) },
    ]);
    expect(calls).toHaveBeenCalledOnce();
  });

  test('are looked for with one call of the cache, without their values', async () => {
    const { cache, keyv } = open();
    await keyv.setMany(entries);
    const [calls, reads] = [vi.spyOn(cache, 'hasMany'), vi.spyOn(cache, 'entryMany')];
    expect(await keyv.hasMany(['b', 'none', 'a', 'b'])).toEqual([true, false, true, true]);
    expect(calls).toHaveBeenCalledOnce();
    expect(reads).not.toHaveBeenCalled();
  });

  test('are read raw, with their deadlines', async () => {
    const { keyv } = open();
    await keyv.setMany(entries);
    const b = { value: { c: new Date(2) }, expires: expect.any(Number) as number };
    expect(await keyv.getRaw('b')).toEqual(b);
    expect(await keyv.getManyRaw(['b', 'none', 'a'])).toEqual([
      b,
      undefined,
      { value: 1, expires: undefined },
    ]);
    expect(await keyv.get('b', { raw: true })).toEqual(b);
    expect(await keyv.get(['b', 'none'], { raw: true })).toEqual([b, undefined]);
    expect(await keyv.getMany(['b'], { raw: true })).toEqual([b]);
  });

  test('are set in one transaction, and deleted in one', async () => {
    const { cache, keyv } = open();
    // As when it takes no time.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    const keys = Array.from({ length: 100 }, (_, n) => `key ${n}`);
    const before = transactionsInLog(cache.directory);
    await keyv.setMany(keys.map((key, value) => ({ key, value })));
    expect(transactionsInLog(cache.directory) - before).toBe(1);
    await keyv.delete(keys);
    expect(transactionsInLog(cache.directory) - before).toBe(2);
    expect(await cache.count()).toBe(0);
  });

  test('of nothing are nothing', async () => {
    const { keyv } = open();
    expect(await keyv.setMany([])).toEqual([]);
    expect(await keyv.getMany([])).toEqual([]);
    expect(await keyv.hasMany([])).toEqual([]);
  });
});

test('Keyv 4 and 5 are told whether all that they delete were there, Keyv 6 of each', async () => {
  for (const [Keyv, expected] of [
    [Keyv4 as never as typeof Keyv5, [false, true]],
    [Keyv5, [false, true]],
    [Keyv6 as never as typeof Keyv5, [[true, false], [true]]],
  ] as const) {
    const keyv = createKeyv({ cache: openCache() }, { Keyv });
    for (const key of ['a', 'b', 'c']) await keyv.set(key, 1);
    expect([await keyv.delete(['a', 'none']), await keyv.delete(['b'])]).toEqual(expected);
    expect(await keyv.has('c')).toBe(true);
  }
});

test('thousands are set, read, looked for and deleted', async () => {
  const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv5 });
  const keys = Array.from({ length: 3000 }, (_, n) => `key ${n}`);
  await keyv.setMany(keys.map((key, value) => ({ key, value })));
  expect(await keyv.getMany(keys)).toEqual(keys.map((_, value) => value));
  expect((await keyv.hasMany(keys)).every(Boolean)).toBe(true);
  expect(await keyv.deleteMany(keys)).toBe(true);
  expect(await storeOf(keyv).stats()).toMatchObject({ count: 0 });
});
