import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createDiskStore, DiskStore, type DiskStoreOptions } from '@diskcache/cache-manager';
import { createCache } from 'cache-manager';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { transactionsInLog } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

afterEach(() => vi.restoreAllMocks());

const warnings = () => vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

function open(options: Pick<DiskStoreOptions, 'throwOnErrors' | 'tags'> = {}) {
  const disk = openCache({ sizeLimit: 100_000 });
  const store = createDiskStore({ cache: disk, ...options });
  const errors: unknown[] = [];
  return { disk, store, errors, cache: createCache({ stores: [store] }) };
}

const code = (name: string) => expect.objectContaining({ code: `ERR_DISKCACHE_${name}` }) as unknown;

describe('a write that fails', () => {
  test("is told by 'error' and does not reject", async () => {
    const { disk, store, cache, errors } = open();
    store.on('error', (error: unknown) => errors.push(error));
    await disk.close();
    expect(await cache.wrap('key', () => 'computed all the same')).toBe('computed all the same');
    await cache.del('key');
    await cache.clear();
    // wrap() reads, then sets.
    expect(errors).toEqual([code('CLOSED'), code('CLOSED'), code('CLOSED'), code('CLOSED')]);
  });

  test.for([[() => 1], ['x'.repeat(200_000)]])(
    'because of its value leaves a newer value to be found, which came while it failed',
    async ([value]) => {
      warnings();
      const { store } = open();
      const both = [store.set('key', value), store.set('key', 'new')];
      expect(await Promise.all(both)).toEqual([false, true]);
      expect(await store.get('key')).toBe('new');
      const several = [value, 'newer', 'newest', value].map((one, at) => ({
        key: at < 3 ? 'a' : 'b',
        value: one,
      }));
      expect(await store.setMany(several)).toEqual([false, true, true, false]);
      expect(await store.getMany(['a', 'b'])).toEqual(['newest', undefined]);
    },
  );

  test('is a process warning when nobody listens, once a kind', async () => {
    const warned = warnings();
    const { cache } = open();
    for (let i = 0; i < 3; i++) await cache.set('key', () => 'a function');
    await cache.set('key', 'x'.repeat(200_000));
    expect(warned.mock.calls).toEqual([[code('VALUE')], [code('TOO_LARGE')]]);
  });

  test('because of its value tells the key, and because of the disk none', async () => {
    const { cache, disk, store, errors } = open();
    store.on('error', (error: unknown) => errors.push(error));
    await cache.set('user:1', () => 1);
    await cache.set('user:2', 'x'.repeat(200_000));
    await disk.close();
    await cache.set('user:3', 1);
    expect(errors.map((error) => (error as { detail?: string }).detail)).toEqual([
      "in set() of the key 'user:1'",
      "in set() of the key 'user:2'",
      undefined,
    ]);
  });

  test('is a process warning of its own where another has failed with its code', async () => {
    const warned = warnings();
    const { cache } = open();
    for (const value of [{ run: () => 1 }, { stop: () => 1 }, { run: () => 1 }])
      await cache.set('key', value);
    const naming = (part: string) => ({ message: expect.stringContaining(part) as string });
    expect(warned.mock.calls).toMatchObject([[naming('value.run')], [naming('value.stop')]]);
  });

  test('is no further warning after a hundred different ones, and the last one says so', async () => {
    const warned = warnings();
    const { cache } = open();
    for (let n = 0; n < 120; n++) await cache.set('key', { [`part${n}`]: () => n });
    expect(warned).toHaveBeenCalledTimes(101);
    expect(warned).toHaveBeenNthCalledWith(100, code('VALUE'));
    expect(warned).toHaveBeenLastCalledWith(expect.stringContaining("listen to 'error' of its store"));
  });

  test('by what is no Error is a warning that shows it', async () => {
    const warned = warnings();
    const thrown: unknown = { odd: true };
    const { cache, store } = open({
      tags: () => {
        throw thrown;
      },
    });
    await cache.set('key', 1);
    expect(await store.has('key')).toBe(false);
    expect(warned.mock.calls).toEqual([[new Error('{ odd: true } was thrown')]]);
  });

  test('rejects with throwOnErrors', async () => {
    const { cache, disk } = open({ throwOnErrors: true });
    await expect(cache.set('key', () => 1)).rejects.toEqual(code('VALUE'));
    await disk.close();
    await expect(cache.set('key', 1)).rejects.toEqual(code('CLOSED'));
    await expect(cache.del('key')).rejects.toEqual(code('CLOSED'));
    await expect(cache.clear()).rejects.toEqual(code('CLOSED'));
  });

  test.for([[() => 1], ['x'.repeat(200_000)], [Promise.resolve(1)]])(
    'because of its value does not leave the older value to be found',
    async ([value]) => {
      warnings();
      const { cache } = open();
      await cache.set('key', 'old');
      await cache.set('key', value);
      expect(await cache.get('key')).toBeUndefined();
    },
  );

  const failing = () => {
    throw new Error('cannot be told');
  };
  test.for<[string, unknown, object]>([
    ['its toJSON()', { toJSON: failing }, {}],
    ['a getter', Object.defineProperty({}, 'part', { get: failing, enumerable: true }), {}],
    ['its ttl', 'new', { ttl: '5' }],
    ['an option', 'new', { tag: ['a'] }],
  ])('because of %s does not leave the older value to be found', async ([, value, options]) => {
    warnings();
    const { store } = open();
    await store.set('key', 'old');
    expect(await store.set('key', value, options)).toBe(false);
    expect(await store.get('key')).toBeUndefined();
  });

  test('because its tags cannot be told does not leave the older value to be found', async () => {
    warnings();
    const { store } = open({ tags: (_key, value) => (value === 'new' ? failing() : []) });
    await store.set('key', 'old');
    expect(await store.set('key', 'new')).toBe(false);
    expect(await store.get('key')).toBeUndefined();
  });

  test('because of its key is told once', async () => {
    const { store, errors } = open();
    store.on('error', (error: unknown) => errors.push(error));
    expect(await store.set('\ud800', 1)).toBe(false);
    expect(errors).toEqual([code('KEY')]);
  });

  test('because of a wrong option is told by name', async () => {
    const { store, errors } = open();
    store.on('error', (error: unknown) => errors.push(error));
    expect(await store.set('key', 1, { tag: ['a'] } as never)).toBe(false);
    expect(await store.set('key', 1, { ttl: '5' } as never)).toBe(false);
    expect(await store.set('key', 1, { tags: [''] })).toBe(false);
    expect(errors).toEqual([code('OPTION'), code('TTL'), code('TAG')]);
  });

  test('because its tags cannot be told is told', async () => {
    const { store, errors } = open({
      tags: () => {
        throw new Error('no tags');
      },
    });
    store.on('error', (error: unknown) => errors.push(error));
    expect(await store.set('key', 1)).toBe(false);
    expect(errors).toEqual([new Error('no tags')]);
  });
});

describe('a read that fails', () => {
  test("rejects, and is told by 'error' since cache-manager takes it for a miss", async () => {
    const { disk, store, cache, errors } = open();
    store.on('error', (error: unknown) => errors.push(error));
    await disk.close();
    expect(await cache.get('key')).toBeUndefined();
    await expect(store.get('key')).rejects.toEqual(code('CLOSED'));
    expect(errors).toEqual([code('CLOSED'), code('CLOSED')]);
  });

  test('because its file is gone is a miss and told', async () => {
    const directory = temporaryFolder();
    const store = createDiskStore({ directory, fileThreshold: 10 });
    const errors: unknown[] = [];
    store.on('error', (error: unknown) => errors.push(error));
    await store.set('key', 'a value that is in a file');
    for (const file of readdirSync(join(directory, 'values'), { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.val')) rmSync(join(directory, 'values', file));
    }
    expect(await store.get('key')).toBeUndefined();
    await store.disconnect();
    expect(errors).toEqual([code('STORAGE')]);
  });
});

describe('a DiskStore', () => {
  test('stores several in one transaction, and deletes them in one', async () => {
    const { disk, cache, store } = open();
    // As when it takes no time.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    const keys = Array.from({ length: 100 }, (_, n) => `key ${n}`);
    const before = transactionsInLog(disk.directory);
    await cache.mset(keys.map((key, value) => ({ key, value })));
    expect(transactionsInLog(disk.directory) - before).toBe(1);
    await cache.mdel(keys.slice(50));
    expect(transactionsInLog(disk.directory) - before).toBe(2);
    expect(await store.deleteMany(keys.slice(0, 50))).toBe(true);
    expect(transactionsInLog(disk.directory) - before).toBe(3);
    expect(await disk.count()).toBe(0);
  });

  test('stores the others of several of which one cannot be stored, and tells of each', async () => {
    const warned = warnings();
    const { store } = open();
    await store.set('b', 'old');
    const entries = ['a', () => 'b', 'c', 'a again'].map((value, at) => ({ key: 'abca'[at]!, value }));
    expect(await store.setMany(entries)).toEqual([true, false, true, true]);
    expect(await store.getMany(['a', 'b', 'c'])).toEqual(['a again', undefined, 'c']);
    expect(warned).toHaveBeenCalledOnce();
  });

  test.for(['get', 'set', 'delete', 'has'] as const)(
    'refuses a key that is no string in %s()',
    async (verb) => {
      warnings();
      const call = open().store[verb].bind(open().store) as (...given: unknown[]) => Promise<unknown>;
      await expect(call(5, 1)).rejects.toThrow('a key must be a string; given the number 5');
    },
  );

  test('gives raw values and several at once, as a Keyv 5 does', async () => {
    const { store } = open();
    await store.set('a', 1);
    await store.set('b', { value: 2 });
    const raw = [{ value: 1, expires: undefined }, undefined, { value: { value: 2 }, expires: undefined }];
    expect(await store.get('a', { raw: true })).toEqual(raw[0]);
    expect(await store.get(['a', 'none', 'b'])).toEqual([1, undefined, { value: 2 }]);
    expect(await store.get(['a', 'none', 'b'], { raw: true })).toEqual(raw);
    expect(await store.getMany(['a', 'none', 'b'], { raw: true })).toEqual(raw);
    expect(await store.getManyRaw(['a', 'none', 'b'])).toEqual(raw);
    expect(await store.has(['a', 'none'])).toEqual([true, false]);
    expect(await store.delete(['a', 'none'])).toBe(false);
    expect(await store.delete(['b'])).toBe(true);
  });

  test('keeps class instances as plain data, bytes as they are, dates as dates', async () => {
    class User {
      readonly name = 'Ada';
      readonly born = new Date(0);
      greet() {
        return this.name;
      }
    }
    const { cache } = open();
    await cache.set('user', [new User()]);
    await cache.set('bytes', Buffer.from([255, 0]));
    expect(await cache.get('user')).toStrictEqual([{ name: 'Ada', born: new Date(0) }]);
    expect(await cache.get('bytes')).toStrictEqual(Buffer.from([255, 0]));
  });

  test('disconnect() closes the cache that it opened, and only that', async () => {
    const { disk, cache } = open();
    await cache.disconnect();
    expect(await disk.count()).toBe(0);
    const own = new DiskStore({ directory: temporaryFolder() });
    await own.disconnect();
    await own.disconnect();
    own.on('error', () => undefined);
    await expect(own.get('key')).rejects.toEqual(code('CLOSED'));
  });

  test.for([
    [{ tag: 1 }, "unknown option 'tag'; did you mean 'tags'?"],
    [{ tags: 'a' }, "option 'tags' must be a list of strings, or a function that makes one of key and value"],
    [{ ttl: '5' }, "option 'ttl' must be a number of milliseconds from 0 up; given '5'"],
    [{ namespace: 5 }, "option 'namespace' must be a string"],
    [{ throwOnErrors: 1 }, "option 'throwOnErrors' must be true or false"],
    [
      { directory: undefined },
      "option 'directory' must be the path of a folder, or 'cache' an open DiskCache",
    ],
  ])('refuses %o with a sentence that names the option', ([wrong, sentence]) => {
    const options = { directory: temporaryFolder(), ...(wrong as object) };
    expect(() => new DiskStore(options as never)).toThrow(sentence as string);
  });
});
