import type { Key } from '@diskcache/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listed, openCache, openSync } from '../support/caches.ts';

test("1, '1' and the byte 0x31 are three keys", () => {
  const cache = openSync();
  const keys = [1, '1', new Uint8Array([0x31])];
  for (const key of keys) cache.set(key, typeof key);
  expect(keys.map((key) => cache.get(key))).toEqual(['number', 'string', 'object']);
  expect([...cache.keys()]).toEqual(keys);
});

test('a Buffer and a Uint8Array with the same bytes are one key, given back as a Uint8Array', () => {
  const cache = openSync();
  cache.set(Buffer.from([1, 2]), 'bytes');
  expect(cache.get(new Uint8Array([0, 1, 2]).subarray(1))).toBe('bytes');
  const [key] = cache.keys();
  expect(Object.getPrototypeOf(key)).toBe(Uint8Array.prototype);
});

test('0 and -0 are one key', () => {
  const cache = openSync();
  cache.set(-0, 'zero');
  expect(cache.get(0)).toBe('zero');
});

test.for([
  '',
  'a\0b',
  'a'.repeat(10_000),
  '../../x',
  'C:\\x',
  '\ufeff',
  '👩‍👩‍👧',
  '\u{10ffff}',
  0.1,
  -1e300,
  Number.MIN_VALUE,
  2 ** 53,
  new Uint8Array(0),
  new Uint8Array([0, 0]),
])('the key %j comes back as it was given', (key) => {
  const cache = openSync();
  cache.set(key, 'value');
  expect(cache.get(key)).toBe('value');
  expect([...cache.keys()]).toEqual([key]);
});

test('a string with a NUL inside is another key than what comes before the NUL', () => {
  const cache = openSync();
  cache.set('a', 1);
  cache.set('a\0', 2);
  expect([cache.get('a'), cache.get('a\0')]).toEqual([1, 2]);
});

test('strings are not normalized', () => {
  const cache = openSync();
  cache.set('é', 'composed');
  expect(cache.has('e\u0301')).toBe(false);
});

test('the bytes of a key may be changed by the caller right after the call', async () => {
  const cache = openCache();
  const key = new Uint8Array([1]);
  const stored = cache.set(key, 'value');
  key[0] = 2;
  await stored;
  expect(await listed(cache.keys())).toEqual([new Uint8Array([1])]);
});

test.for<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['a boolean', true],
  ['a bigint', 1n],
  ['a symbol', Symbol('s')],
  ['an object', {}],
  ['an array', ['a']],
  ['a Date', new Date()],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['a Uint16Array', new Uint16Array(1)],
  ['a lone surrogate', 'a\ud800'],
])('%s as a key is refused by every verb that takes one', async ([, key]) => {
  const cache = openCache();
  const wrong = key as Key;
  const calls = [
    () => cache.get(wrong),
    () => cache.getMany(['a', wrong]),
    () => cache.has(wrong),
    () => cache.entry(wrong),
    () => cache.entryMany([wrong]),
    () => cache.set(wrong, 1),
    () => cache.setMany([[wrong, 1]]),
    () => cache.add(wrong, 1),
    () => cache.getOrSet(wrong, () => 1),
    () => cache.touch(wrong),
    () => cache.delete(wrong),
    () => cache.deleteMany([wrong]),
    async () => cache.sync.get(wrong),
    async () => cache.sync.set(wrong, 1),
    async () => cache.sync.delete(wrong),
    async () => cache.sync.getOrSet(wrong, () => 1),
  ];
  if (key !== undefined) calls.push(() => listed(cache.keys({ after: wrong })));
  for (const call of calls) {
    const error = await call().then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'ERR_DISKCACHE_KEY' });
  }
});

const PREFIXED = ['a', 'a\0', 'a_', 'a%', 'ab', 'a\u{d7ff}', 'a\u{e000}', 'a\u{ffff}', 'a\u{10000}'];
const LAST = ['a\u{10ffff}', 'a\u{10ffff}x', 'a\u{10ffff}\u{10ffff}'];

test.for([
  ['a', [...PREFIXED, ...LAST]],
  ['a_', ['a_']],
  ['a%', ['a%']],
  ['a\u{d7ff}', ['a\u{d7ff}']],
  ['a\u{e000}', ['a\u{e000}']],
  ['a\u{10ffff}', LAST],
  ['\u{10ffff}', ['\u{10ffff}', '\u{10ffff}z']],
  ['\u{10ffff}\u{10ffff}', []],
] satisfies [string, string[]][])(
  'the prefix %j matches what starts with it and nothing else',
  ([prefix, matches]) => {
    const cache = openSync();
    const others = ['', '`', 'b', '\u{10ffff}', '\u{10ffff}z', 'A', 1, new Uint8Array([0x61])];
    for (const key of [...PREFIXED, ...LAST, ...others]) cache.set(key, 'value');
    expect(new Set(cache.keys({ prefix }))).toEqual(new Set(matches));
    expect(cache.deletePrefix(prefix)).toBe(matches.length);
    expect([...cache.keys({ prefix })]).toEqual([]);
    expect(cache.count()).toBe(PREFIXED.length + LAST.length + others.length - matches.length);
  },
);

const anyKey = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.uint8Array({ maxLength: 4 }),
);

test('whatever the keys, any limit and after page through all of them, in one order, both ways', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (keys, limit) => {
      const cache = openSync();
      cache.setMany(keys.map((key) => [key, 1] as const));
      const all = [...cache.keys()];
      for (const reverse of [false, true]) {
        const paged: Key[] = [];
        for (let page = [...cache.keys({ limit, reverse })]; page.length > 0;) {
          paged.push(...page);
          page = [...cache.keys({ limit, reverse, after: page.at(-1)! })];
        }
        expect(reverse ? paged.toReversed() : paged).toEqual(all);
      }
      cache.close();
    }),
    { numRuns: 50 },
  );
});

test('whatever the strings, a prefix matches as startsWith() does', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '\0', '\u{d7ff}', '\u{e000}', '\u{10ffff}'),
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 30 }), text, (keys, prefix) => {
      const cache = openSync();
      cache.setMany(keys.map((key) => [key, 1] as const));
      const matches = keys.filter((key) => key.startsWith(prefix));
      expect(new Set(cache.keys({ prefix }))).toEqual(new Set(matches));
      cache.close();
    }),
    { numRuns: 100 },
  );
});
