import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, test } from 'vitest';
import { openCache } from '../support/caches.ts';
import { folderInMemory } from '../support/temporary-folder.ts';

class Money {
  #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  toJSON() {
    return { euros: this.#cents / 100 };
  }
}

class Point {
  static readonly origin = new Point(0, 0);
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  length() {
    return Math.hypot(this.x, this.y);
  }
}

const cycle: { self?: unknown; when: Date } = { when: new Date(1) };
cycle.self = cycle;

/** As models of databases are: each makes new plain data of itself, which leads to the other. */
class Model {
  other?: Model;
  name: string;
  constructor(name: string) {
    this.name = name;
  }
  toJSON() {
    const { name, other } = this;
    return { name, other };
  }
}
const author = new Model('author');
author.other = new Model('book');
author.other.other = author;

const authorBack = { name: 'author', other: { name: 'book', other: {} } };
authorBack.other.other = authorBack;

class OwnJson {
  x = 1;
  toJSON() {
    return this;
  }
}

const prototypeName = JSON.parse('{"__proto__":{"a":1}}') as object;

/** What is put, and what comes back where it is not the same. */
const values: Record<string, [put: unknown, back?: unknown]> = {
  'an empty string': [''],
  'a string that looks serialized': ['{"value":1,"expires":5}'],
  'a string that starts with ":"': [':base64:QQ=='],
  'a string with a lone surrogate': ['\ud83d'],
  zero: [0],
  'minus zero': [-0],
  NaN: [NaN],
  false: [false],
  null: [null],
  undefined: [undefined],
  'a bigint': [123456789012345678901234567890n],
  'a Date': [new Date(86_400_000)],
  'a Map with a Set': [new Map<unknown, unknown>([[new Date(0), new Set([1, 'x'])]])],
  'a RegExp': [/a+/gi],
  'a typed array': [new Float64Array([0.5, Infinity])],
  'a Buffer': [Buffer.from([0xff, 0, 1])],
  'an empty Buffer': [Buffer.alloc(0)],
  'a Uint8Array, as a Buffer': [new Uint8Array([0xff, 15, 95]), Buffer.from([0xff, 15, 95])],
  'a Uint8Array inside an object': [{ bytes: new Uint8Array([1]) }],
  'an object that looks like an envelope': [{ value: 'v', expires: 1 }],
  'an object with undefined inside': [{ a: undefined, b: [undefined] }],
  'an object in a cycle': [cycle],
  'an object with a property __proto__': [prototypeName],
  'a class instance, as plain data': [new Point(3, 4), { x: 3, y: 4 }],
  'a class instance with toJSON(), as that says': [new Money(250), { euros: 2.5 }],
  'a class instance whose toJSON() returns itself': [new OwnJson(), { x: 1 }],
  'class instances with toJSON() in a cycle': [author, authorBack],
  'class instances deep inside': [
    { at: new Date(5), list: [new Point(1, 2)], map: new Map([['m', new Money(100)]]) },
    { at: new Date(5), list: [{ x: 1, y: 2 }], map: new Map([['m', { euros: 1 }]]) },
  ],
  'a class instance with a property __proto__': [
    Object.defineProperty(new Point(1, 2), '__proto__', { value: 3, enumerable: true }),
    JSON.parse('{"x":1,"y":2,"__proto__":3}'),
  ],
  'a URL, as its text': [{ link: new URL('https://example.com/a') }, { link: 'https://example.com/a' }],
};

describe.for([
  ['Keyv 5', Keyv5],
  ['Keyv 6', Keyv6],
] as const)('createKeyv() with %s gives back', ([, Keyv]) => {
  test.for(Object.entries(values))('%s', async ([, given]) => {
    const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv as never as typeof Keyv5 });
    const put = given[0];
    const back = given.length === 2 ? given[1] : put;
    expect(await keyv.set('key', put)).toBe(true);
    expect(await keyv.get('key')).toStrictEqual(back);
    expect(await keyv.get(['key', 'none'])).toStrictEqual([back, undefined]);
    expect(await keyv.has('key')).toBe(true);
    for await (const entry of keyv.iterator!(undefined)) expect(entry).toStrictEqual(['key', back]);
  });
});

test('the v8 serializer gives the same back', async () => {
  const keyv = createKeyv({ cache: openCache({ serializer: 'v8' }) }, { Keyv: Keyv5 });
  for (const [name, given] of Object.entries(values)) {
    await keyv.set('key', given[0]);
    expect(await keyv.get('key'), name).toStrictEqual(given.length === 2 ? given[1] : given[0]);
  }
});

test('calls on one key keep their order, whatever the values', async () => {
  const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv5 });
  await Promise.all([keyv.set('key', new Point(1, 1)), keyv.set('key', 'last')]);
  expect(await keyv.get('key')).toBe('last');
});

test('the value in the cache is the value itself', async () => {
  const cache = openCache();
  const keyv = createKeyv({ cache }, { Keyv: Keyv5 });
  await keyv.set('text', 'as it is');
  await keyv.set('bytes', new Uint8Array([1, 2]));
  expect(await cache.get('keyv:text')).toBe('as it is');
  expect(await cache.get('keyv:bytes')).toEqual(Buffer.from([1, 2]));
});

test('rows of a Keyv without a serializer can be read through one that has it', async () => {
  for (const Keyv of [Keyv5, Keyv6 as never as typeof Keyv5]) {
    const cache = openCache();
    const off = createKeyv({ cache }, { Keyv });
    const on = new Keyv({ store: new KeyvDiskStore({ cache }), namespace: 'keyv' });
    await off.set('off', { a: 1 });
    expect(await on.get('off')).toEqual({ a: 1 });
  }
});

test('a large value is a file and comes back byte by byte', async () => {
  const cache = openCache({ fileThreshold: 1000 });
  const keyv = createKeyv({ cache }, { Keyv: Keyv6 });
  const large = Buffer.alloc(300_000, 'ab\r\n');
  await keyv.set('key', large);
  expect(await cache.path('keyv:key')).toMatch(/\.val$/);
  expect(large.equals((await keyv.get<Buffer>('key'))!)).toBe(true);
});

test.for([
  ['Keyv 5', Keyv5],
  ['Keyv 6', Keyv6],
] as const)('%s gets back what a cache compressed, with its serializer off and on', async ([, Keyv]) => {
  const options = { directory: folderInMemory(), compression: { algorithm: 'gzip', threshold: 1 } } as const;
  const keyv = createKeyv(options, { Keyv: Keyv as never as typeof Keyv5 });
  const { cache } = keyv.store as KeyvDiskStore;
  const serializing = new Keyv5({ store: new KeyvDiskStore({ cache }), namespace: 'on' });
  const text = 'text '.repeat(1000);
  const large = { text, bytes: Buffer.from(text), list: [text, { text }], date: { at: new Date(0), text } };
  for (const [key, value] of Object.entries(large)) await keyv.set(key, value);
  for (const [key, value] of Object.entries(large)) expect(await keyv.get(key)).toStrictEqual(value);
  await serializing.set('key', large.list);
  expect(await serializing.get('key')).toStrictEqual(large.list);
  for await (const { size } of cache.entries()) expect(size).toBeLessThan(500);
  await keyv.disconnect();
});

test('what a store gets from other hands than Keyv comes back too', async () => {
  const store = new KeyvDiskStore({ cache: openCache() });
  for (const given of ['', 'text', '\ufeffwith a mark', 5, null, [1], { a: 1 }, Buffer.from([255]), true]) {
    await store.set('key', given);
    expect(await store.get('key')).toStrictEqual(given);
  }
});
