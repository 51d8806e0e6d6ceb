import { type DiskCacheOptions, type Serializer, type SerializerChoice } from '@diskcache/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listed, openCache, openSync } from '../../support/caches.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { foreignConnection } from '../../support/on-disk.ts';
import { someTurns } from '../../support/turns.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

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

  test.for<[string, DiskCacheOptions]>([
    ['rows', {}],
    ['files', { fileThreshold: 1 }],
    ['values that are compressed by a thread', { compression: { algorithm: 'gzip', threshold: 1 } }],
  ])('may write into the same buffer again and again: %s', async ([, options]) => {
    const shared = Buffer.alloc(500_000);
    const thrifty: Serializer = {
      id: 'thrifty',
      serialize: (value) => shared.subarray(0, shared.write(JSON.stringify(value))),
      deserialize: (data) => JSON.parse(String(data)),
    };
    const cache = openCache({ serializer: thrifty, ...options });
    const values = ['a', 'b', 'c'].map((letter) => ({ text: letter.repeat(400_000) }));
    await Promise.all(values.map((value, i) => cache.set(i, value)));
    expect(await cache.getMany([0, 1, 2])).toEqual(values);
  });

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

  test.for(['json', 'v8', 'auto', 'bytes', 'utf16', '', 'a|b', 'a\ud800'])('cannot have the id %j', (id) => {
    for (const options of [{ serializer: { ...reversed, id } }, { serializers: [{ ...reversed, id }] }]) {
      expect(() => openSync(options)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }));
    }
  });
});

describe('serializers', () => {
  test('reads what each of them wrote, and writes by none of them', () => {
    const directory = folderInMemory();
    const other: Serializer = { ...reversed, id: 'other' };
    openSync({ serializer: reversed }, directory).set('a', { a: 1 });
    openSync({ serializer: other }, directory).set('b', { b: 1 });
    const cache = openSync({ serializers: [other, reversed] }, directory);
    expect(cache.getMany(['a', 'b'])).toEqual([{ a: 1 }, { b: 1 }]);
    cache.set('c', { c: 1 });
    expect(openSync({}, directory).get('c')).toEqual({ c: 1 });
  });

  test('lets a cache move from one serializer to another', () => {
    const directory = folderInMemory();
    const next: Serializer = { ...reversed, id: 'next' };
    openSync({ serializer: reversed }, directory).set('old', { a: 1 });
    const moved = { serializer: next, serializers: [reversed] };
    openSync(moved, directory).set('new', { b: 1 });
    expect(openSync(moved, directory).getMany(['old', 'new'])).toEqual([{ a: 1 }, { b: 1 }]);
  });

  test.for<[string, DiskCacheOptions]>([
    ['twice in it', { serializers: [reversed, { ...reversed }] }],
    ['in it and as the serializer', { serializer: reversed, serializers: [reversed] }],
  ])('refuses an id that is %s', ([, options]) => {
    const open = () => openSync(options);
    expect(open).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_OPTION' }));
    expect(open).toThrow(/'reversed' is taken/);
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
    const writer = openSync({ serializer: reversed, fileThreshold: 50 }, directory);
    writer.set('b', { b: 1 }, { tags: ['tag'] });
    writer.set('d', { d: 'in a file '.repeat(10) });
    const cache = openCache({}, directory);
    await cache.set('a', 'A');
    await cache.set('c', { c: 1 });
    const errors: unknown[] = [];
    cache.on('error', (error) => errors.push(error));
    return { cache, errors };
  }

  const failure = (key: unknown) =>
    expect.objectContaining({ code: 'ERR_DISKCACHE_SERIALIZER', serializer: 'reversed', key }) as unknown;

  test.for(['b', 'd'])('is an ERR_DISKCACHE_SERIALIZER that names it and the key: %s', async (key) => {
    const { cache, errors } = await openWithout();
    for (const read of [cache.get<unknown>(key), cache.entry(key)]) {
      await expect(read).rejects.toEqual(failure(key));
      await expect(read).rejects.toThrow(new RegExp(`"${key}".*'reversed'`));
    }
    for (const read of [() => cache.sync.get(key), () => cache.sync.entry(key)]) {
      expect(read).toThrow(expect.objectContaining({ serializer: 'reversed', key }));
    }
    await someTurns();
    expect(errors).toEqual([]);
  });

  test('is named by a key of bytes too', async () => {
    const directory = folderInMemory();
    const key = new Uint8Array([1, 0xab]);
    openSync({ serializer: reversed }, directory).set(key, {});
    const cache = openCache({}, directory);
    await expect(cache.get(key)).rejects.toThrow(/entry <01ab> was written/);
    await expect(cache.get(key)).rejects.toEqual(failure(key));
  });

  test.for(['DiskCache', 'DiskCacheSync'])(
    "is a miss for getMany() and entryMany() of %s, and an 'error' event",
    async (door) => {
      const { cache, errors } = await openWithout();
      const verbs = door === 'DiskCache' ? cache : cache.sync;
      expect(await verbs.getMany(['a', 'b', 'c', 'd'])).toEqual(['A', undefined, { c: 1 }, undefined]);
      await someTurns();
      expect(errors).toEqual([failure('b'), failure('d')]);
      const entries = await verbs.entryMany(['d', 'c']);
      expect(entries.map((entry) => entry?.value)).toEqual([undefined, { c: 1 }]);
      await someTurns();
      expect(errors.slice(2)).toEqual([failure('d')]);
      expect(await verbs.stats()).toMatchObject({ hits: 3, misses: 3 });
    },
  );

  test.for(['DiskCache', 'DiskCacheSync'])(
    "is left out by entries() of %s, and an 'error' event",
    async (door) => {
      const { cache, errors } = await openWithout();
      const entries = door === 'DiskCache' ? await listed(cache.entries()) : [...cache.sync.entries()];
      expect(entries.map(({ key, value }) => [key, value])).toEqual([
        ['a', 'A'],
        ['c', { c: 1 }],
      ]);
      await someTurns();
      expect(errors).toEqual([failure('b'), failure('d')]);
    },
  );

  test('is a process warning when nobody listens, once for all its rows', async () => {
    const directory = folderInMemory();
    const writer = openSync({ serializer: reversed }, directory);
    for (let key = 0; key < 5; key++) writer.set(key, {});
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const cache = openCache({}, directory);
    expect(await listed(cache.entries())).toEqual([]);
    await cache.getMany([1, 2]);
    expect(warned.mock.calls).toEqual([[failure(0)]]);
  });

  test('leaves the other rows readable', async () => {
    const { cache } = await openWithout();
    expect([await cache.get('a'), await cache.get('c')]).toEqual(['A', { c: 1 }]);
  });

  test('is there for has(), keys() and count()', async () => {
    const { cache } = await openWithout();
    expect(await cache.has('b')).toBe(true);
    expect(await listed(cache.keys())).toEqual(['a', 'b', 'c', 'd']);
    expect(await cache.count()).toBe(4);
  });

  test('can be touched', async () => {
    const { cache } = await openWithout();
    expect(await cache.touch('b', { ttl: 1000 })).toBe(true);
  });

  test.for([
    ['deleted', 'delete'],
    ['evicted by its tag', 'evict'],
  ] as const)('can be %s', async ([, verb]) => {
    const { cache } = await openWithout();
    await cache[verb](verb === 'delete' ? 'b' : 'tag');
    expect(await cache.has('b')).toBe(false);
  });

  test('is no reason for add() to store another', async () => {
    const { cache } = await openWithout();
    expect(await cache.add('b', 'new')).toBe(false);
  });

  test('can be overwritten', async () => {
    const { cache } = await openWithout();
    await cache.set('b', 'new');
    expect(await cache.get('b')).toBe('new');
  });

  test('fails a transaction only where its body reads it', async () => {
    const { cache } = await openWithout();
    const reading = cache.transact((tx) => {
      tx.set('new', 1);
      return tx.get('b');
    });
    await expect(reading).rejects.toEqual(failure('b'));
    expect(await cache.has('new')).toBe(false);
    await cache.transact((tx) => tx.set('b', tx.getMany(['a', 'b'])[0]));
    expect(await cache.get('b')).toBe('A');
  });
});

test('a row whose serializer fails is left out by getMany() as one whose serializer is missing', async () => {
  const directory = folderInMemory();
  const broken: Serializer = { ...reversed, deserialize: () => expect.unreachable('it fails') };
  const cache = openCache({ serializer: broken }, directory);
  const errors: unknown[] = [];
  cache.on('error', (error) => errors.push(error));
  await cache.set('key', {});
  await cache.set('text', 'text');
  expect(await cache.getMany(['key', 'text'])).toEqual([undefined, 'text']);
  await someTurns();
  expect(errors).toMatchObject([{ serializer: 'reversed', key: 'key', cause: { message: /it fails/ } }]);
});
