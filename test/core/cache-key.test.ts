import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { cacheKey } from '@diskcache/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSync } from '../support/caches.ts';

const RUNS = Number(process.env.DISKCACHE_MODEL_RUNS ?? 150) * 40;

test.for<[string, unknown[]]>([
  ['', []],
  ['"user",1', ['user', 1]],
  ['["user",1]', [['user', 1]]],
  ['{"a":[true,false],"b":null}', [{ b: null, a: [true, false] }]],
  ['{"1":1,"a":{"b":2,"c":3},"é":0}', [{ é: 0, a: { c: 3, b: 2 }, 1: 1 }]],
  ['10n,-1.5,1e+21', [10n, -1.5, 1e21]],
  ['NaN,Infinity,-Infinity', [NaN, Infinity, -Infinity]],
  ['Date(86400000)', [new Date('1970-01-02')]],
  ['Date(NaN)', [new Date(NaN)]],
  ['bytes(AP-A)', [new Uint8Array([0, 255, 128])]],
  [
    'Map{"a":1,1:Set["b","c",1]}',
    [
      new Map<unknown, unknown>([
        [1, new Set(['c', 1, 'b'])],
        ['a', 1],
      ]),
    ],
  ],
  ['undefined,1', [undefined, 1]],
  ['[undefined]', [[undefined]]],
  ['"\\"\\\\\\u0000"', ['"\\\0']],
])('a key is %s', ([key, parts]) => {
  expect(cacheKey(...parts)).toBe(key);
});

test.for<[string, unknown, unknown]>([
  ['the order of properties', { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }],
  [
    'the order of a Map',
    new Map([
      [1, 2],
      [3, 4],
    ]),
    new Map([
      [3, 4],
      [1, 2],
    ]),
  ],
  ['the order of a Set', new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])],
  ['a property that is undefined', { a: 1, b: undefined }, { a: 1 }],
  ['whether an object has a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ['whether bytes are a Buffer', Buffer.from([1]), new Uint8Array([1])],
  ['the sign of zero', -0, 0],
  ['a hole in an array', Array(2), [undefined, undefined]],
  [
    'the realm of an object',
    runInNewContext('({ a: [new Date(1), new Map([[1, new Set([2])]])] })'),
    { a: [new Date(1), new Map([[1, new Set([2])]])] },
  ],
])('%s makes no difference', ([, a, b]) => {
  expect(cacheKey(a)).toBe(cacheKey(b));
});

test('parts at the end that are undefined make no difference', () => {
  expect(cacheKey(1, undefined, undefined)).toBe(cacheKey(1));
  expect(cacheKey(undefined)).toBe(cacheKey());
});

test.for<[string, unknown, unknown]>([
  ['1 and "1"', 1, '1'],
  ['1 and 1n', 1, 1n],
  ['null and undefined inside', [null], [undefined]],
  ['null and "null"', null, 'null'],
  ['a Date and its number', new Date(1), 1],
  ['a Date and its JSON', new Date(1), new Date(1).toJSON()],
  ['a Map and an object', new Map([['a', 1]]), { a: 1 }],
  ['a Set and an array', new Set([1]), [1]],
  ['bytes and an array', new Uint8Array([1]), [1]],
  ['a lone surrogate and its escape', '\ud800', '\\ud800'],
  ['[1] and [1, undefined]', [1], [1, undefined]],
  ['a Set with two alike objects and with one', new Set([{}, {}]), new Set([{}])],
])('%s are different', ([, a, b]) => {
  expect(cacheKey(a)).not.toBe(cacheKey(b));
});

test('where one part ends and the next begins is told', () => {
  const keys = [
    ['a,b'],
    ['a', 'b'],
    [['a', 'b']],
    ['a","b'],
    ['a'],
    ['a', null],
    [{ a: 'b' }],
    ['{"a":"b"}'],
  ];
  expect(new Set(keys.map((parts) => cacheKey(...parts))).size).toBe(keys.length);
});

class Point {
  readonly x = 1;
}
const cyclic: { self?: unknown } = {};
cyclic.self = [cyclic];
let deep: unknown = 1;
for (let depth = 0; depth < 100_000; depth++) deep = [deep];

test.for<[string, unknown, string]>([
  ['a function', () => 1, 'a function'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['an instance of a class', { point: new Point() }, 'an instance of Point'],
  ['an instance of a class of arrays', new (class Arrays extends Array {})(), 'an array'],
  ['an instance of a class of Maps', new (class Maps extends Map {})(), 'an instance of Maps'],
  ['an Error', new Error('e'), 'an instance of Error'],
  ['a RegExp', /a/, 'an instance of RegExp'],
  ['a URL', new URL('file:///'), 'an instance of URL'],
  ['a Float64Array', new Float64Array(1), 'an instance of Float64Array'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'an instance of ArrayBuffer'],
  ['a boxed number', Object(1), 'an instance of Number'],
  ['a Promise', Promise.resolve(), 'an instance of Promise'],
  ['what contains itself', cyclic, 'what contains itself'],
  ['what is nested too deep', deep, 'what is nested too deep'],
  ['a property named by a symbol', { [Symbol('s')]: 1 }, 'an object with a property named by a symbol'],
  ['an array with a property', Object.assign([1], { more: 1 }), 'an array with properties of its own'],
  ['an array with a property like an index', Object.assign([1, 2], { '1.5': 1 }), 'an array with properties'],
  ['a Map with a property', Object.assign(new Map(), { more: 1 }), 'an instance of Map'],
])('%s is refused, wherever it is', ([, given, told]) => {
  for (const parts of [
    ['a', given],
    ['a', [{ b: new Map([[1, given]]) }]],
    ['a', new Map([[given, 1]])],
  ]) {
    const key = () => cacheKey(...parts);
    expect(key).toThrow(expect.objectContaining({ name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_KEY' }));
    expect(key).toThrow(
      new RegExp(`^part 1 of a key must be made of .*; given ${told.replace(/[()]/g, '\\$&')}`),
    );
  }
});

test('an object may be there twice when it does not contain itself', () => {
  const shared = { a: 1 };
  expect(cacheKey([shared, shared], shared)).toBe('[{"a":1},{"a":1}],{"a":1}');
});

test('a key of more than 1,024 characters is its first 256 and a hash of all', () => {
  const start = 'x'.repeat(1021);
  expect(cacheKey(`${start}x`)).toBe(`"${start}x"`);
  const [a, b] = [cacheKey(`${start}xa`), cacheKey(`${start}xb`)];
  expect(a).toMatch(/^"x{255}#sha256:[\w-]{43}$/);
  expect(a).not.toBe(b);
  expect(cacheKey('😀'.repeat(600)).isWellFormed()).toBe(true);
  expect(cacheKey('a' + '😀'.repeat(600)).isWellFormed()).toBe(true);
});

test('a text that looks like a cut key is another key', () => {
  const cut = cacheKey('x'.repeat(2000));
  expect(cacheKey(cut)).not.toBe(cut);
  expect(cacheKey(cut.slice(1))).not.toBe(cut);
});

const NULL = Symbol('null');
const UNDEFINED = Symbol('undefined');

/** A value without what makes no difference, and without what isDeepStrictEqual() of Node.js fails at in some Sets. */
function plain(value: unknown): unknown {
  if (value === 0) return 0;
  if (value === null) return NULL;
  if (value === undefined) return UNDEFINED;
  if (Array.isArray(value)) return Array.from(value, plain);
  if (value instanceof Map) return new Map(Array.from(value, ([key, part]) => [plain(key), plain(part)]));
  if (value instanceof Set) return new Set(Array.from(value, plain));
  if (typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array) return value;
  const properties = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(properties.map(([name, part]) => [name, plain(part)]));
}

const someValue = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  maxDepth: 3,
  // Few names and values, so that two are often nearly the same.
  key: fc.constantFrom('a', 'b', '1', '__proto__', '"', ','),
  values: [
    fc.constantFrom<unknown>(
      0,
      -0,
      1,
      '1',
      '',
      'a',
      '"',
      ',',
      null,
      undefined,
      true,
      'true',
      1n,
      NaN,
      '\ud800',
      'a":1',
    ),
    fc.uint8Array({ maxLength: 2 }),
    fc.integer(),
    fc.string(),
  ],
});

test('keys are equal for equal parts and for no others', { timeout: 600_000 }, () => {
  const db = openSync();
  fc.assert(
    fc.property(fc.array(someValue, { maxLength: 3 }), fc.array(someValue, { maxLength: 3 }), (a, b) => {
      while (a.length > 0 && a.at(-1) === undefined) a.pop();
      while (b.length > 0 && b.at(-1) === undefined) b.pop();
      expect(cacheKey(...a) === cacheKey(...b)).toBe(isDeepStrictEqual(plain(a), plain(b)));
      expect(cacheKey(...a)).toBe(cacheKey(...structuredClone(a)));
      expect(db.has(cacheKey(...a))).toBe(false);
    }),
    { numRuns: RUNS },
  );
});
