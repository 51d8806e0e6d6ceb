import { type Serializer, type SerializerChoice } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { listed, openCache, openSync } from '../../support/caches.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { foreignConnection } from '../../support/on-disk.ts';

const reversed: Serializer = {
  id: 'reversed',
  serialize: (value) => JSON.stringify(value).split('').toReversed().join(''),
  deserialize: (data) => JSON.parse(String(data).split('').toReversed().join('')),
};

const binary: Serializer = {
  id: 'binary',
  serialize: (value) => new TextEncoder().encode(JSON.stringify(value)),
  deserialize: (data) => ({ was: Buffer.isBuffer(data), ...JSON.parse(String(data)) }),
};

test.for(['json', 'v8'] as const)("serializer '%s' gives back plain data", (serializer) => {
  const cache = openSync({ serializer });
  cache.set('key', { a: [1, 'b', null] });
  expect(cache.get('key')).toEqual({ a: [1, 'b', null] });
});

test.for([
  ['a Date', new Date(0)],
  ['undefined inside', { a: undefined }],
  ['NaN', NaN],
  ['a Map', new Map()],
  ['a bigint', 1n],
])("serializer 'json' refuses %s and names a serializer that takes it", ([, value]) => {
  const set = () => openSync({ serializer: 'json' }).set('key', value);
  expect(set).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' }));
  expect(set).toThrow(/JSON.*'auto' or 'v8'/);
});

test("serializer 'auto' writes JSON where JSON gives back an equal value, and structured clone elsewhere", () => {
  const directory = folderInMemory();
  const cache = openSync({}, directory);
  cache.set('json', { a: 1 });
  cache.set('v8', { a: new Date(0) });
  cache.set('text', 'as itself');
  const codecs = foreignConnection(directory).prepare('SELECT key, codec FROM entry ORDER BY key').all();
  expect(codecs).toEqual([
    { key: 'json', codec: 'json' },
    { key: 'text', codec: null },
    { key: 'v8', codec: 'v8' },
  ]);
});

describe('a serializer of one’s own', () => {
  test('that writes text gets a string back', () => {
    const cache = openSync({ serializer: reversed });
    cache.set('key', { a: 1 });
    expect(cache.get('key')).toEqual({ a: 1 });
  });

  test.for([1, 1_000_000])(
    'that writes bytes gets a Buffer back, fileThreshold %s',
    async (fileThreshold) => {
      const cache = openCache({ serializer: binary, fileThreshold });
      await cache.set('key', { a: 1 });
      expect(await cache.get('key')).toEqual({ was: true, a: 1 });
    },
  );

  test('is not asked for strings, numbers and bytes', () => {
    const never = () => expect.unreachable();
    const cache = openSync({ serializer: { id: 'never', serialize: never, deserialize: never } });
    for (const value of ['text', 1.5, Buffer.from('b'), new Uint8Array([1])]) {
      cache.set('key', value);
      expect(cache.get('key')).toEqual(value);
    }
  });

  test('that throws has the value refused, with its error as the cause', () => {
    const cause = new Error('no');
    const refusing: Serializer = {
      ...reversed,
      serialize: () => {
        throw cause;
      },
    };
    expect(() => openSync({ serializer: refusing }).set('key', {})).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE', cause }),
    );
  });

  test.for([
    ['nothing', undefined],
    ['a number', 5],
    ['a string with a lone surrogate', '\ud800'],
  ])('that writes %s has the value refused', ([, data]) => {
    const serializer = { ...reversed, serialize: () => data } as Serializer;
    expect(() => openSync({ serializer }).set('key', {})).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' }),
    );
  });

  test('that cannot read what it wrote is an ERR_DISKCACHE_SERIALIZER, not a miss', () => {
    const directory = folderInMemory();
    openSync({ serializer: reversed }, directory).set('key', { a: 1 });
    const broken: Serializer = { ...reversed, deserialize: (data) => JSON.parse(String(data)) };
    expect(() => openSync({ serializer: broken }, directory).get('key')).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_SERIALIZER' }),
    );
  });

  test.for(['json', 'v8', 'auto', 'bytes', 'utf16', ''])('cannot have the id %j', (id) => {
    expect(() => openSync({ serializer: { ...reversed, id } })).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }),
    );
  });
});

test('a cache with rows of several serializers reads them all back', () => {
  const directory = folderInMemory();
  for (const serializer of ['json', 'v8', 'auto', reversed] as SerializerChoice[]) {
    openSync({ serializer }, directory).set(JSON.stringify(serializer), { a: 1 });
  }
  const cache = openSync({ serializer: reversed }, directory);
  expect([...cache.entries()].map(({ value }) => value)).toEqual(Array(4).fill({ a: 1 }));
});

describe('a row whose serializer is missing', () => {
  async function openWithout() {
    const directory = folderInMemory();
    const writer = openSync({ serializer: reversed }, directory);
    writer.set('b', { b: 1 }, { tags: ['tag'] });
    const cache = openCache({}, directory);
    await cache.set('a', 'A');
    await cache.set('c', 'C');
    return cache;
  }

  test('is an ERR_DISKCACHE_SERIALIZER that names it', async () => {
    const cache = await openWithout();
    await expect(cache.get('b')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_SERIALIZER' });
    await expect(cache.entry('b')).rejects.toThrow(/'reversed'/);
  });

  test('leaves the other rows readable', async () => {
    const cache = await openWithout();
    expect([await cache.get('a'), await cache.get('c')]).toEqual(['A', 'C']);
  });

  test('is there for has() and keys()', async () => {
    const cache = await openWithout();
    expect(await cache.has('b')).toBe(true);
    expect(await listed(cache.keys())).toEqual(['a', 'b', 'c']);
  });

  test.for([
    ['deleted', 'delete'],
    ['evicted by its tag', 'evict'],
  ] as const)('can be %s', async ([, verb]) => {
    const cache = await openWithout();
    await cache[verb](verb === 'delete' ? 'b' : 'tag');
    expect(await cache.has('b')).toBe(false);
  });

  test('can be overwritten', async () => {
    const cache = await openWithout();
    await cache.set('b', 'new');
    expect(await cache.get('b')).toBe('new');
  });
});
