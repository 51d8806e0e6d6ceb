import { type IterationOptions, type Key, type SetOptions } from '@diskcache/core';
import { expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';

const WRONG: [what: string, options: unknown, code: string, message: RegExp][] = [
  ['ttl 0', { ttl: 0 }, 'TTL', /ttl must be .* above 0 .*given 0/],
  ['a negative ttl', { ttl: -5 }, 'TTL', /ttl must be .*given -5/],
  ['ttl NaN', { ttl: NaN }, 'TTL', /ttl must be .*given NaN/],
  ['ttl Infinity', { ttl: Infinity }, 'TTL', /ttl must be .*leave it out for no limit.*given Infinity/],
  [
    'a ttl beyond the last date',
    { ttl: 9e15 },
    'TTL',
    /ttl must be .*up to 8640000000000000 .*given 9000000000000000/,
  ],
  ['a string as ttl', { ttl: '1h' }, 'TTL', /ttl must be .*given "1h"/],
  ['a bigint as ttl', { ttl: 5n }, 'TTL', /ttl must be .*given 5n/],
  ['null as ttl', { ttl: null }, 'TTL', /ttl must be .*given null/],
  ['expires NaN', { expires: NaN }, 'TTL', /expires must be .*given NaN/],
  ['expires Infinity', { expires: Infinity }, 'TTL', /expires must be .*leave it out.*given Infinity/],
  ['expires -Infinity', { expires: -Infinity }, 'TTL', /expires must be .*given -Infinity/],
  ['a Date as expires', { expires: new Date() }, 'TTL', /expires must be .*given an instance of Date/],
  ['a string as expires', { expires: '2030' }, 'TTL', /expires must be .*given "2030"/],
  ['null as expires', { expires: null }, 'TTL', /expires must be .*given null/],
  ['both ttl and expires', { ttl: 1, expires: 1 }, 'TTL', /either ttl or expires/],
  ['an unknown option', { maxAge: 5 }, 'OPTION', /unknown option 'maxAge'.*ttl, expires/],
  ['a misspelt option', { TTL: 5 }, 'OPTION', /unknown option 'TTL'; did you mean 'ttl'/],
  ['a number as options', 5, 'OPTION', /options must be an object; given 5/],
  ['null as options', null, 'OPTION', /options must be an object; given null/],
  [
    'a Map as options',
    new Map([['ttl', 5]]),
    'OPTION',
    /options must be an object; given an instance of Map/,
  ],
];

const WRONG_TAGS: [what: string, tags: unknown, message: RegExp][] = [
  ['a string', 'tag', /tags must be an array of non-empty strings; given "tag"/],
  ['a Set', new Set(['tag']), /tags must be an array.*given an instance of Set/],
  ['null', null, /tags must be an array.*given null/],
  ['an array with a number', ['a', 5], /a tag must be .*string; given 5/],
  ['an array with an empty string', [''], /a tag must be .*non-empty string; given ""/],
  ['an array with a lone surrogate', ['\ud800'], /a tag must be a well-formed/],
  ['an array with undefined', [undefined], /a tag must be .*given undefined/],
];

test.for(WRONG)('%s is refused by set(), setMany(), add() and touch()', async ([, given, code, message]) => {
  const cache = openCache();
  await cache.set('key', 'value');
  const options = given as SetOptions;
  const calls = [
    () => cache.set('key', 'new', options),
    () => cache.setMany([['key', 'new']], options),
    () => cache.add('new', 'new', options),
    () => cache.touch('key', options),
    async () => cache.sync.set('key', 'new', options),
    async () => cache.sync.touch('key', options),
  ];
  for (const call of calls) {
    await expect(call()).rejects.toThrow(message);
    await expect(call()).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: `ERR_DISKCACHE_${code}`,
    });
  }
  expect(await listed(cache.entries())).toMatchObject([{ key: 'key', value: 'value', expires: undefined }]);
});

test.for(WRONG_TAGS)('%s as tags is refused with ERR_DISKCACHE_TAG', async ([, given, message]) => {
  const cache = openCache();
  const tags = given as string[];
  for (const call of [() => cache.set('key', 1, { tags }), () => cache.add('key', 1, { tags })]) {
    await expect(call()).rejects.toThrow(message);
    await expect(call()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TAG' });
  }
  expect(await cache.count()).toBe(0);
});

test('touch() takes no tags', async () => {
  const touched = openCache().touch('key', { tags: ['a'] } as SetOptions);
  await expect(touched).rejects.toThrow(/unknown option 'tags'/);
});

test.for([undefined, null, 5, '', '\udc00', ['tag']])('evict() refuses %j as a tag', async (tag) => {
  const cache = openCache();
  for (const call of [() => cache.evict(tag as string), async () => cache.sync.evict(tag as string)]) {
    await expect(call()).rejects.toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_TAG' });
    await expect(call()).rejects.toThrow(/a tag must be/);
  }
});

test.for([undefined, null, 5, new Uint8Array(1), '\ud800'])('deletePrefix() refuses %s', async (prefix) => {
  const cache = openCache();
  await cache.set('key', 'value');
  await expect(cache.deletePrefix(prefix as string)).rejects.toThrow(
    /prefix must be a well-formed string; given/,
  );
  await expect(cache.deletePrefix(prefix as string)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_KEY' });
  expect(await cache.count()).toBe(1);
});

test.for<[what: string, options: unknown, code: string, message: RegExp]>([
  ['prefix 5', { prefix: 5 }, 'KEY', /prefix must be a well-formed string; given 5/],
  ['prefix null', { prefix: null }, 'KEY', /prefix must be .*given null/],
  ['after null', { after: null }, 'KEY', /key must be .*given null/],
  ['after NaN', { after: NaN }, 'KEY', /key must be .*given NaN/],
  ['limit -1', { limit: -1 }, 'OPTION', /limit must be a whole number from 0 up; given -1/],
  ['limit 1.5', { limit: 1.5 }, 'OPTION', /limit must be .*given 1.5/],
  ['limit NaN', { limit: NaN }, 'OPTION', /limit must be .*given NaN/],
  ["limit '5'", { limit: '5' }, 'OPTION', /limit must be .*given "5"/],
  ['limit null', { limit: null }, 'OPTION', /limit must be .*given null/],
  ["reverse 'yes'", { reverse: 'yes' }, 'OPTION', /reverse.* must be .*given "yes"/],
  ['reverse 1', { reverse: 1 }, 'OPTION', /reverse.* must be .*given 1/],
  [
    'an unknown option',
    { tags: 'a' },
    'OPTION',
    /unknown option 'tags'; known are prefix, tag, after, order, limit, reverse/,
  ],
  ['an empty tag', { tag: '' }, 'TAG', /a tag must be .*given ""/],
  ['a tag that is a number', { tag: 7 }, 'TAG', /a tag must be .*given 7/],
  ["order 'age'", { order: 'age' }, 'OPTION', /order must be 'key' or 'insertion'; given "age"/],
  ['order null', { order: null }, 'OPTION', /order must be .*given null/],
  ['a string as options', 'prefix', 'OPTION', /options must be an object; given "prefix"/],
])('%s is refused by keys(), values() and entries()', async ([, given, code, message]) => {
  const cache = openCache();
  const options = given as IterationOptions;
  const calls = [
    () => listed(cache.keys(options)),
    () => listed(cache.entries(options)),
    () => listed(cache.values(options)),
    async () => [...cache.sync.keys(options)],
    async () => [...cache.sync.values(options)],
    async () => [...cache.sync.entries(options)],
  ];
  for (const call of calls) {
    await expect(call()).rejects.toThrow(message);
    await expect(call()).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: `ERR_DISKCACHE_${code}`,
    });
  }
});

test.for<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a number', 5],
  ['an object', { key: 'value' }],
  ['a string', 'key'],
  ['bytes', new Uint8Array([1, 2])],
])('%s instead of keys or entries is refused by the verbs of many', async ([, given]) => {
  const cache = openCache();
  const calls = [
    () => cache.getMany(given as Key[]),
    () => cache.entryMany(given as Key[]),
    () => cache.deleteMany(given as Key[]),
    () => cache.setMany(given as []),
    async () => cache.sync.getMany(given as Key[]),
    async () => cache.sync.entryMany(given as Key[]),
    async () => cache.sync.deleteMany(given as Key[]),
    async () => cache.sync.setMany(given as []),
  ];
  for (const call of calls) {
    await expect(call()).rejects.toThrow(/(keys|entries) must be an array or another iterable; given/);
    await expect(call()).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_DISKCACHE_OPTION',
    });
  }
});

test.for<[string, unknown, RegExp]>([
  ['null', null, /given null/],
  ['an object', { key: 'a', value: 1 }, /given an object/],
  ['a string', 'ab', /given "ab"/],
  ['a key alone', ['a'], /given an array of 1/],
  ['one thing too many', ['a', 1, { ttl: 5 }, 2], /given an array of 4/],
])('setMany() refuses %s among its entries, and stores none', async ([, entry, message]) => {
  const cache = openCache();
  const entries = [['first', 1], entry] as [Key, unknown][];
  for (const call of [() => cache.setMany(entries), async () => cache.sync.setMany(entries)]) {
    await expect(call()).rejects.toThrow(
      /each of entries must be \[key, value\] or \[key, value, options\]; given/,
    );
    await expect(call()).rejects.toThrow(message);
    await expect(call()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
  }
  expect(await cache.count()).toBe(0);
});

test('a wrong lease of pull() is refused with what it means to leave it out', async () => {
  const cache = openCache();
  await expect(cache.pull('jobs', { lease: 0 })).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_TTL',
    message: expect.stringMatching(/^lease must be .*leave it out to take the item for good.*given 0$/),
  });
});

test('a deadline with a fraction is not earlier than asked for', async () => {
  const cache = openCache();
  await cache.set('key', 'value', { expires: Date.UTC(2100, 0) + 0.25 });
  expect(await cache.entry('key')).toMatchObject({ expires: Date.UTC(2100, 0) + 1 });
});

test.for<[string, unknown, unknown, RegExp]>([
  ['an edge that is none', 'middle', undefined, /edge must be 'first' or 'last'; given "middle"/],
  ['no edge', undefined, undefined, /edge must be .*given undefined/],
  ['a limit', 'first', { limit: 1 }, /unknown option 'limit'; known are prefix, tag, after, order/],
  ['a wrong order', 'last', { order: 'age' }, /order must be .*given "age"/],
])('%s is refused by peekEntry()', async ([, edge, options, message]) => {
  const cache = openCache();
  await expect(cache.peekEntry(edge as 'first', options as object)).rejects.toThrow(message);
  expect(() => cache.sync.peekEntry(edge as 'first', options as object)).toThrow(message);
});
