import { deepStrictEqual } from 'node:assert';
import { type DiskCacheOptions, DiskCacheSync } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';

class Point {
  x = 1;
}

const cyclic: Record<string, unknown> = { name: 'cycle' };
cyclic.self = cyclic;

const ALWAYS: [string, unknown][] = [
  ['the empty string', ''],
  ['a string with NUL inside', 'a\0b\0'],
  ['a lone high surrogate', 'a\ud800'],
  ['a lone low surrogate', '\udfffb'],
  ['an emoji of several code points', '👩‍👩‍👧 ünïcödé'],
  ['a string that starts with a byte order mark', '\ufeffabc'],
  ['a string with every kind of line end', 'a\r\nb\rc\n'.repeat(100)],
  ['a string that looks like JSON', '{"a":1}'],
  ['zero', 0],
  ['minus zero', -0],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['minus Infinity', -Infinity],
  ['the largest number', Number.MAX_VALUE],
  ['the smallest number', Number.MIN_VALUE],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER],
  ['a number beyond 64 bits', 2 ** 64],
  ['true', true],
  ['false', false],
  ['null', null],
  ['an empty Buffer', Buffer.alloc(0)],
  ['a Buffer with all bytes', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  ['an empty Uint8Array', new Uint8Array(0)],
  ['a Uint8Array', new Uint8Array([1, 0, 255])],
  ['a Uint8Array with an offset', new Uint8Array([9, 1, 2, 9]).subarray(1, 3)],
  ['a Buffer with an offset', Buffer.from([9, 1, 2, 9]).subarray(1, 3)],
  ['a bigint', -(2n ** 80n)],
  ['a Date', new Date(0)],
  ['an invalid Date', new Date(NaN)],
  ['a RegExp', /a+/giu],
  ['a Map', new Map<unknown, unknown>([['a', new Map([[{ deep: 1 }, 2n]])]])],
  ['a Set', new Set([1, '1', new Set([null])])],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['a DataView', new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
  ['a Float64Array', new Float64Array([NaN, -0, Infinity])],
  ['a BigInt64Array', new BigInt64Array([-1n, 2n ** 62n])],
  ['a Uint16Array with an offset', new Uint16Array([1, 2, 3]).subarray(1)],
  ['an Error with a cause', new RangeError('out', { cause: { of: new Date(1) } })],
  ['an object', { a: 1, b: [true, null, 'c'], d: {} }],
  ['an object with undefined inside', { a: undefined, b: [undefined] }],
  ['an object with minus zero inside', { a: -0 }],
  ['an object with a key of its own named __proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ['a lone surrogate inside an object', { '\ud800': '\udc00' }],
  ['an array', [1, [2, [3]]]],
  ['a sparse array', withHole()],
  ['an array with a property of its own', Object.assign([1], { name: 'one' })],
  ['a hole beside a property of its own', Object.assign(withHole(), { name: 'three' })],
  ['a cycle', cyclic],
  ['a Buffer inside an object', { bytes: Buffer.from('abc') }],
  ['a Uint8Array inside an object', { bytes: new Uint8Array([1]) }],
  ['boxed primitives', [Object('a'), Object(1), Object(false)]],
  ['a 200 deep array', nested(200)],
  ['an object that hides a toJSON()', Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'another' })],
];

const REFUSED: [string, unknown][] = [
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a class instance', new Point()],
  ['a function inside', { a: [() => 1] }],
  ['a symbol inside', new Map([['a', Symbol('s')]])],
  ['a class instance inside', { a: new Set([new Point()]) }],
  ['a class instance as a key', new Map([[new Point(), 1]])],
  ['a subclass of Map', new (class extends Map {})()],
  ['a subclass of Array', new (class extends Array {})()],
  ['a subclass of Error', new (class extends Error {})()],
  ['a subclass of Uint8Array', new (class extends Uint8Array {})(2)],
  ['a Promise', Promise.resolve(1)],
  ['a WeakMap', new WeakMap()],
  ['a Proxy of a function', new Proxy(() => 1, {})],
  ['a property named by a symbol', { [Symbol('s')]: 1 }],
  ['a property named by a symbol in an array', Object.assign([1], { [Symbol('s')]: 1 })],
  ['a Date with a property of its own', Object.assign(new Date(0), { note: 1 })],
  ['a Map with a property of its own', Object.assign(new Map(), { note: 1 })],
  ['a Set with a property of its own', Object.assign(new Set(), { note: 1 })],
  ['a typed array with a property of its own', { a: Object.assign(new Uint8Array(2), { note: 1 }) }],
  ['a RegExp in the middle of its text', Object.assign(/a/g, { lastIndex: 3 })],
  ['an Error with a property of its own', Object.assign(new Error('e'), { note: 1 })],
  ['an Error whose cause is a class instance', new Error('e', { cause: new Point() })],
  ['an Error that renamed itself', Object.defineProperty(new Error('e'), 'name', { value: 'Own' })],
  ['an object with a SharedArrayBuffer', { a: new SharedArrayBuffer(2) }],
  ['an array a million deep', nested(1_000_000)],
  [
    'an object with a getter that throws',
    {
      get broken() {
        throw new Error('no value');
      },
    },
  ],
];

describe.for<[string, DiskCacheOptions]>([
  ['in a row', {}],
  ['in a file', { fileThreshold: 1, checksum: true }],
])('a value %s', ([, options]) => {
  test.for(ALWAYS)('%s comes back through DiskCacheSync as it was put', ([, value]) => {
    const cache = openSync(options);
    cache.set('key', value);
    expectSame(cache.get('key'), value);
  });

  test.for(ALWAYS)('%s comes back through DiskCache as it was put', async ([, value]) => {
    const cache = openCache(options);
    await cache.set('key', value);
    expectSame(await cache.get('key'), value);
  });
});

test.for(REFUSED)('%s is refused with ERR_DISKCACHE_VALUE', async ([, value]) => {
  const cache = openCache();
  await expect(cache.set('key', value)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
  expect(await cache.has('key')).toBe(false);
});

test.for(['auto', 'json', 'v8'] as const)(
  'what a getter throws is the cause of its refusal by serializer %s',
  async (serializer) => {
    const cause = new Error('no value');
    const value = {
      get broken() {
        throw cause;
      },
    };
    await expect(openCache({ serializer }).set('key', value)).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_VALUE',
      message: 'value cannot be stored: reading an object throws',
      cause,
    });
  },
);

test('a refused value leaves the entry there was', async () => {
  const cache = openCache();
  await cache.set('key', 'old');
  await expect(cache.set('key', () => 1)).rejects.toBeInstanceOf(TypeError);
  expect(await cache.get('key')).toBe('old');
});

test('a null-prototype object comes back with the same properties', () => {
  const cache = openSync();
  cache.set('key', Object.assign(Object.create(null), { a: 1, b: new Date(0) }));
  expect(cache.get('key')).toEqual({ a: 1, b: new Date(0) });
});

test('bytes below the file threshold may be changed by the caller right after set()', async () => {
  const cache = openCache();
  const bytes = Buffer.from('before');
  const stored = cache.set('key', bytes);
  bytes.fill(0);
  await stored;
  expect(await cache.get('key')).toEqual(Buffer.from('before'));
});

test('an object may be changed by the caller right after set()', async () => {
  const cache = openCache({ fileThreshold: 1 });
  const value = { state: 'before' };
  const stored = cache.set('key', value);
  value.state = 'after';
  await stored;
  expect(await cache.get('key')).toEqual({ state: 'before' });
});

test('the reader may change what it got without changing what is stored', async () => {
  const cache = openCache();
  await cache.set('key', Buffer.from('abc'));
  (await cache.get<Buffer>('key'))?.fill(0);
  expect(await cache.get('key')).toEqual(Buffer.from('abc'));
});

/** Deep equality, and that strings, numbers and bytes are of the same kind. */
function expectSame(given: unknown, put: unknown): void {
  deepStrictEqual(given, put);
  if (put instanceof Uint8Array) expect(Buffer.isBuffer(given)).toBe(Buffer.isBuffer(put));
}

function withHole(): unknown[] {
  return Object.assign([], { 0: 1, 2: 3 });
}

function nested(depth: number): unknown {
  let value: unknown = 'core';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

test('DiskCacheSync refuses the same values', () => {
  const cache = new DiskCacheSync(openCache().directory);
  for (const [, value] of REFUSED) {
    expect(() => cache.set('key', value)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' }));
  }
  cache.close();
});
