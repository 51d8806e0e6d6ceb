import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const warnings = () => vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

afterEach(() => vi.restoreAllMocks());

class NotFound extends Error {}

test.for([
  ['Keyv 5', Keyv5],
  ['Keyv 6', Keyv6],
] as const)('%s keeps what is read often enough for the maxIdle of the cache', async ([, Keyv]) => {
  const clock = new FakeClock(Date.now());
  vi.spyOn(Date, 'now').mockImplementation(() => clock.now());
  const cache = openCache({ clock, maxIdle: 1000 });
  const keyv = createKeyv({ cache }, { Keyv: Keyv as never as typeof Keyv5 });
  await keyv.set('key', 'value');
  for (let read = 0; read < 5; read++) {
    clock.advance(999);
    expect(await keyv.get('key')).toBe('value');
  }
  clock.advance(1000);
  expect(await keyv.get('key')).toBeUndefined();
});

describe('namespaces', () => {
  test.for([
    ['a', 'ab'],
    ['a_', 'ax'],
    ['a%', 'abc'],
    ['a:b', 'a'],
    ['a', 'a:b'],
    ['a:', 'a'],
    ['a', 'a:'],
    ['a:b', 'a%3Ab'],
    ['a%', 'a'],
    ['a', 'A'],
    ['ä', 'a'],
  ])("clear() of '%s' leaves '%s' alone", async ([one, other]) => {
    const cache = openCache();
    const keyvs = [Keyv5, Keyv6].map((Keyv) => {
      const of = (namespace: string) =>
        createKeyv({ cache, namespace }, { Keyv: Keyv as never as typeof Keyv5 });
      return { cleared: of(one!), kept: of(other!) };
    });
    for (const { cleared, kept } of keyvs) {
      await cleared.set('key', 1);
      await kept.set('key', 2);
      await cleared.clear();
      expect(await cleared.get('key')).toBeUndefined();
      expect(await kept.get('key')).toBe(2);
      await kept.clear();
    }
  });

  test('clear() without a namespace empties the cache', async () => {
    const cache = openCache();
    await cache.set('anything', 1);
    await new Keyv5({ store: new KeyvDiskStore({ cache }), namespace: '' }).clear();
    expect(await cache.has('anything')).toBe(false);
  });

  test('iterating without a namespace leaves out keys that Keyv cannot have', async () => {
    const cache = openCache();
    await cache.set(1, 'a number');
    await cache.set(new Uint8Array([1]), 'bytes');
    await cache.set('text', 'a string');
    expect(await listed(new KeyvDiskStore({ cache }).iterator())).toEqual([
      ['text', { value: 'a string', expires: undefined }],
    ]);
  });

  test('one store for two namespaces is warned of, once', async () => {
    const warned = warnings();
    const store = new KeyvDiskStore({ cache: openCache() });
    for (const namespace of ['one', 'two', 'three']) new Keyv5({ store, namespace });
    expect(warned).toHaveBeenCalledOnce();
    expect(warned.mock.calls[0]![0]).toContain("'one' and 'two'");
    expect(warned.mock.calls[0]![0]).toContain('new KeyvDiskStore({ cache })');
  });

  test.for([
    ['a Keyv 5', Keyv5],
    ['a Keyv 6', Keyv6 as never as typeof Keyv5],
  ] as const)(
    'one store for a Keyv 6 without namespace, and then for %s with one, is warned of',
    ([, Keyv]) => {
      const warned = warnings();
      const store = new KeyvDiskStore({ cache: openCache() });
      store.on('error', () => undefined);
      new Keyv6({ store });
      new Keyv({ store, namespace: 'two' });
      expect(warned).toHaveBeenCalledOnce();
      expect(warned.mock.calls[0]![0]).toContain("(none) and 'two'. All calls now work on 'two' from both");
    },
  );

  test.for([
    ['Keyv 5', Keyv5],
    ['Keyv 6', Keyv6 as never as typeof Keyv5],
  ] as const)('%s with a store of its own that has or changes its namespace is not warned of', ([, Keyv]) => {
    const warned = warnings();
    const store = new KeyvDiskStore({ cache: openCache() });
    store.on('error', () => undefined);
    const keyv = new Keyv({ store, namespace: 'one' });
    keyv.namespace = 'two';
    expect(warned).not.toHaveBeenCalled();
  });

  test('a Keyv that changes its own namespace is not warned of', async () => {
    const warned = warnings();
    const keyv = new Keyv5({ store: new KeyvDiskStore({ cache: openCache() }) });
    keyv.namespace = 'another';
    expect(warned).not.toHaveBeenCalled();
  });

  test('a hundred Keyvs share a store without a warning about listeners', async () => {
    const warned = warnings();
    const store = new KeyvDiskStore({ cache: openCache() });
    for (let i = 0; i < 100; i++) new Keyv6({ store });
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('lifetimes under Keyv 5', () => {
  test.for([NaN, Infinity, undefined, Number.MAX_SAFE_INTEGER])('a ttl of %s is no limit', async (ttl) => {
    const cache = openCache();
    await new KeyvDiskStore({ cache }).set('key', 'text', ttl);
    expect(await cache.entry('key')).toMatchObject({ expires: undefined });
  });

  test.for([0, -1, -Infinity])('a ttl of %s removes what was there', async (ttl) => {
    const cache = openCache();
    const store = new KeyvDiskStore({ cache });
    await store.set('key', 'old');
    await store.set('key', 'new', ttl);
    expect(await cache.has('key')).toBe(false);
  });

  test('has() and iterator() know nothing of an expired entry', async () => {
    const clock = new FakeClock(Date.now());
    const keyv = new Keyv5({ store: new KeyvDiskStore({ cache: openCache({ clock }) }) });
    await keyv.setMany([
      { key: 'short', value: 1, ttl: 1000 },
      { key: 'long', value: 2 },
    ]);
    clock.advance(1000);
    expect(await keyv.has('short')).toBe(false);
    expect(await keyv.has(['short', 'long'])).toEqual([false, true]);
    expect(await listed(keyv.iterator!(undefined))).toEqual([['long', 2]]);
  });

  test('has() does not read the value', async () => {
    const cache = openCache();
    const keyv = createKeyv({ cache }, { Keyv: Keyv6 });
    await keyv.set('key', 'text');
    const reads = vi.spyOn(cache, 'entry');
    expect(await keyv.has('key')).toBe(true);
    expect(reads).not.toHaveBeenCalled();
  });

  test('the ttl of createKeyv() is for what is set without one', async () => {
    const clock = new FakeClock(Date.now());
    const keyv = createKeyv({ cache: openCache({ clock }), ttl: 1000 }, { Keyv: Keyv5 });
    await keyv.set('default', 1);
    await keyv.set('own', 2, 5000);
    await keyv.set('none', 3, 0);
    clock.advance(1000);
    expect(await keyv.get(['default', 'own', 'none'])).toEqual([undefined, 2, 3]);
  });
});

describe('opening and closing', () => {
  test('a store with a directory opens the cache and disconnect() closes it', async () => {
    const directory = temporaryFolder();
    const keyv = createKeyv({ directory }, { Keyv: Keyv5 });
    await keyv.set('key', 'kept');
    await keyv.disconnect();
    await keyv.disconnect();
    const again = createKeyv({ directory }, { Keyv: Keyv5 });
    expect(await again.get('key')).toBe('kept');
    await again.disconnect();
  });

  test('disconnect() of a store with a cache leaves it open', async () => {
    const cache = openCache();
    const keyv = createKeyv({ cache }, { Keyv: Keyv5 });
    await keyv.disconnect();
    await cache.set('key', 1);
    expect(await cache.get('key')).toBe(1);
  });

  test.for([
    [{ directory: 5 }, "option 'directory' must be the path of a folder"],
    [{}, "option 'directory' must be the path of a folder, or 'cache' an open DiskCache; given undefined"],
    [undefined, "options must be an object, such as { directory: './cache' }; given undefined"],
    ['./cache', "options must be an object, such as { directory: './cache' }; given './cache'"],
    [{ dir: './x' }, "unknown option 'dir'; did you mean 'directory'?"],
    [{ directory: './x', tag: ['a'] }, "unknown option 'tag'; did you mean 'tags'?"],
    [{ directory: './x', max: 100 }, "unknown option 'max'; did you mean 'entryLimit'?"],
    [{ directory: './x', maxSize: 100 }, "unknown option 'maxSize'; did you mean 'sizeLimit'?"],
    [{ path: './x' }, "unknown option 'path'; did you mean 'directory'?"],
    [{ directory: './x', foo: 1 }, "unknown option 'foo'; known are directory, cache, namespace, tags"],
    [{ directory: './x', namespace: 5 }, "option 'namespace' must be a string"],
    [{ directory: './x', sizeLimt: 5 }, "unknown option 'sizeLimt'"],
    [{ cache: {} }, "option 'cache' must be an open DiskCache"],
    [{ directory: './x', contract: 4 }, "option 'contract' must be 'auto', 5 or 6"],
  ])('%o is refused with a sentence that names the option', ([options, sentence]) => {
    expect(() => new KeyvDiskStore(options as never)).toThrow(sentence as string);
  });

  test.for([
    [{ ttl: '5m' }, "option 'ttl' must be a number of milliseconds from 0 up; given '5m'"],
    [{ ttl: -5 }, "option 'ttl' must be a number of milliseconds from 0 up; given the number -5"],
    [{ namespace: 5 }, "option 'namespace' must be a string; given the number 5"],
    [{ serialize: JSON.stringify }, "unknown option 'serialize'; did you mean 'serializer'?"],
    [{ contract: 5 }, "unknown option 'contract'"],
  ])('createKeyv() refuses %o by name', ([options, sentence]) => {
    expect(() => createKeyv({ cache: openCache(), ...(options as object) })).toThrow(sentence as string);
  });

  test('an unknown option is answered by the known ones, each once', () => {
    const wrong = () => createKeyv({ directory: './x', foo: 1 } as never);
    expect(wrong).toThrow(/known are directory, cache, namespace, ttl, tags, pinned, (?:(?!\bttl\b).)*$/);
  });

  test('a Keyv with a namespace that is no string is refused', () => {
    const store = new KeyvDiskStore({ cache: openCache() });
    expect(() => new Keyv5({ store, namespace: 5 as never })).toThrow("option 'namespace' must be a string");
  });

  test.for(['directory', 'sizeLimit'])('an open cache together with %s is refused', (option) => {
    const options = { cache: openCache(), [option]: 5000 };
    expect(() => new KeyvDiskStore(options as never)).toThrow(
      `option '${option}' opens a cache, and 'cache' is one that is open: give one or the other`,
    );
  });

  test('createKeyv() without options says what it needs', () => {
    expect(() => createKeyv(undefined as never)).toThrow(
      "options must be an object, such as { directory: './cache' }; given undefined",
    );
  });

  test('a directory that cannot be made is refused', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(() => new KeyvDiskStore({ directory: join(file, 'cache') })).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_STORAGE' }),
    );
  });
});

describe('what goes wrong', () => {
  const closed = expect.objectContaining({ code: 'ERR_DISKCACHE_CLOSED' });
  const unstorable = expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' });

  async function closedKeyv<Keyv>(Keyv: new (...options: never[]) => Keyv): Promise<Keyv> {
    const cache = openCache();
    const keyv = createKeyv({ cache }, { Keyv });
    await cache.close();
    return keyv;
  }

  test('a closed cache: Keyv 5 emits each failure, of get() too, and get() is a miss', async () => {
    const keyv = await closedKeyv(Keyv5);
    const errors: unknown[] = [];
    keyv.on('error', (error: unknown) => errors.push(error));
    expect(await keyv.get('key')).toBeUndefined();
    expect(await keyv.set('key', 1)).toBe(false);
    expect(await keyv.delete('key')).toBe(false);
    expect(errors).toEqual([closed, closed, closed]);
    await expect(keyv.has('key')).rejects.toEqual(closed);
    await expect(keyv.get(['key'])).rejects.toEqual(closed);
  });

  test('a closed cache: Keyv 6 rejects when nobody listens, and else emits once', async () => {
    const keyv = await closedKeyv(Keyv6);
    await expect(keyv.get('key')).rejects.toEqual(closed);
    const errors: unknown[] = [];
    keyv.on('error', (error: unknown) => errors.push(error));
    expect(await keyv.get('key')).toBeUndefined();
    expect(await keyv.set('key', 1)).toBe(false);
    expect(errors).toEqual([closed, closed]);
  });

  test('a store that works for a Keyv 5 refuses a Keyv 6', () => {
    const store = new KeyvDiskStore({ cache: openCache() });
    new Keyv5({ store });
    expect(() => new Keyv6({ store })).toThrow('give each Keyv a store of its own');
  });

  test('a store that works for a Keyv 6 refuses the ttl of a Keyv 5', async () => {
    const store = new KeyvDiskStore({ cache: openCache() });
    new Keyv6({ store });
    const keyv5 = new Keyv5({ store, throwOnErrors: true });
    await expect(keyv5.set('key', 1, 5000)).rejects.toThrow('give each Keyv a store of its own');
  });

  test('what a store refuses from another consumer changes nothing for the Keyv that has it', async () => {
    const store = new KeyvDiskStore({ cache: openCache() });
    const keyv = new Keyv6({ store });
    await keyv.set('key', 'value');
    const stored = await store.get('key');
    await expect(store.set('other', { no: 'envelope' }, 5000)).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_TTL',
    });
    expect(await store.get('key')).toBe(stored);
    expect(typeof stored).toBe('string');
  });

  test('a store for Keyv 5 only refuses a Keyv 6', () => {
    const store = new KeyvDiskStore({ cache: openCache(), contract: 5 });
    expect(() => new Keyv6({ store })).toThrow('give each Keyv a store of its own');
  });

  test('a key that is no string is refused by name', async () => {
    const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv6 });
    await expect(keyv.get(5 as never)).rejects.toThrow('a key must be a string; given the number 5');
  });

  test.for([() => 1, { run: () => 1 }, [Symbol('s')], Promise.resolve(1), new NotFound('no')])(
    'a value that cannot be stored (%o) is refused, not dropped',
    async (value) => {
      const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv6 });
      await expect(keyv.set('key', value)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
    },
  );

  test.for([() => 1, { run: () => 1 }, [Symbol('s')], new Set([Promise.resolve(1)])])(
    'Keyv 5 emits that a value cannot be stored (%o), and the older one stays',
    async (value) => {
      const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv5 });
      const errors: unknown[] = [];
      keyv.on('error', (error: unknown) => errors.push(error));
      await keyv.set('key', 'old');
      expect(await keyv.set('key', value)).toBe(false);
      expect(
        await keyv.setMany([
          { key: 'key', value },
          { key: 'other', value: 1 },
        ]),
      ).toEqual([false, false]);
      expect(errors).toEqual([unstorable, unstorable]);
      expect(await keyv.get(['key', 'other'])).toEqual(['old', undefined]);
    },
  );

  test('a raw value that cannot be cloned is refused by an error of its kind', async () => {
    const keyv = createKeyv({ cache: openCache() }, { Keyv: Keyv6 });
    await expect(
      keyv.setRaw('key', { value: () => 1, note: 'a property of its own' } as never),
    ).rejects.toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' }) as Error);
  });

  test('tags that cannot be told, or are none, are an error, and nothing is stored', async () => {
    const failing = () => {
      throw new Error('no tags');
    };
    for (const [tags, sentence] of [
      [failing, 'no tags'],
      [() => 'users', 'tags must be an array of non-empty strings; given "users"'],
    ] as const) {
      const keyv = createKeyv({ cache: openCache(), tags: tags as never }, { Keyv: Keyv6 });
      await expect(keyv.set('key', 1)).rejects.toThrow(sentence);
      expect(await keyv.has('key')).toBe(false);
    }
  });

  test.for([
    [Keyv6, "option 'Keyv' must be the class Keyv, as in createKeyv(options, { Keyv }); given [class Keyv"],
    [
      { Keyv: Map },
      "option 'Keyv' must be the class Keyv, as in createKeyv(options, { Keyv }); given [Function: Map]",
    ],
    [
      { Keyv: 'keyv' },
      "option 'Keyv' must be the class Keyv, as in createKeyv(options, { Keyv }); given 'keyv'",
    ],
  ] as const)('createKeyv() refuses what is not the class in an object', ([use, sentence]) => {
    expect(() => createKeyv({ cache: openCache() }, use as never)).toThrow(sentence);
  });

  test('what fails in the background reaches the listeners of the store', async () => {
    const { store, lost } = await storeWithLostFile();
    const errors: unknown[] = [];
    store.on('error', (error) => errors.push(error));
    expect(await store.get('key')).toBeUndefined();
    await store.disconnect();
    expect(errors).toEqual([lost]);
  });

  test('what fails in the background is a warning when nobody listens to a Keyv 6', async () => {
    const warned = warnings();
    const { store, lost } = await storeWithLostFile();
    new Keyv6({ store });
    expect(await store.get('key')).toBeUndefined();
    await store.disconnect();
    expect(warned).toHaveBeenCalledExactlyOnceWith(lost);
  });
});

/** Somebody removed the file of its only entry. */
async function storeWithLostFile() {
  const directory = temporaryFolder();
  const store = new KeyvDiskStore({ directory, fileThreshold: 10 });
  await store.set('key', 'a value that is in a file');
  for (const file of readdirSync(join(directory, 'values'), { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.val')) rmSync(join(directory, 'values', file));
  }
  return { store, lost: expect.objectContaining({ message: expect.stringContaining('is gone') as string }) };
}
