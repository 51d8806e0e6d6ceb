import { runInNewContext } from 'node:vm';
import { type DiskCache, type GetOrSetOptions } from '@diskcache/core';
import { expect, expectTypeOf, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';

const ms = 'a number of milliseconds';

const WRONG: [name: string, options: unknown, code: string, message: string][] = [
  ['ttl 0', { ttl: 0 }, 'TTL', 'ttl must be'],
  ['ttl and expires', { ttl: 1, expires: 1 }, 'TTL', 'either ttl or expires'],
  ['a ttl function and expires', { ttl: () => 1, expires: 1 }, 'TTL', 'either ttl or expires'],
  ['expires NaN', { expires: NaN }, 'TTL', 'expires must be'],
  ['a string as tags', { tags: 'tag' }, 'TAG', 'tags must be an array'],
  [
    'a hole in tags',
    { tags: Array(1) },
    'TAG',
    'a tag must be a well-formed, non-empty string; given undefined',
  ],
  ['staleIfError -1', { staleIfError: -1 }, 'OPTION', `staleIfError must be ${ms} from 0 up`],
  ['staleIfError null', { staleIfError: null }, 'OPTION', 'given null'],
  ['errorTtl NaN', { errorTtl: NaN }, 'OPTION', `errorTtl must be ${ms} from 0 up, or Infinity; given NaN`],
  ['beta -1', { beta: -1 }, 'OPTION', 'beta must be a number from 0 up; given -1'],
  ['beta Infinity', { beta: Infinity }, 'OPTION', 'beta must be a number from 0 up; given Infinity'],
  ['beta true', { beta: true }, 'OPTION', 'beta must be a number from 0 up; given true'],
  ['shouldCache true', { shouldCache: true }, 'OPTION', 'shouldCache must be a function; given true'],
  ['lease 0', { lease: 0 }, 'OPTION', `lease must be ${ms} above 0, at most 600000; given 0`],
  ['lease 600001', { lease: 600_001 }, 'OPTION', `lease must be ${ms} above 0, at most 600000`],
  ['a misspelt option', { Beta: 1 }, 'OPTION', "unknown option 'Beta'; did you mean 'beta'?"],
  ['an option of set()', { pinned: true }, 'OPTION', "unknown option 'pinned'"],
  ['an array', [], 'OPTION', 'options must be an object; given an array'],
  ['null', null, 'OPTION', 'options must be an object; given null'],
];

const WRONG_FOR_DISK_CACHE: typeof WRONG = [
  ['staleWhileRevalidate', { staleWhileRevalidate: '1h' }, 'OPTION', `staleWhileRevalidate must be ${ms}`],
  ['timeout -1', { timeout: -1 }, 'OPTION', `timeout must be ${ms} from 0 to 2147483647; given -1`],
  [
    'timeout Infinity',
    { timeout: Infinity },
    'OPTION',
    `timeout must be ${ms} from 0 to 2147483647; given Infinity`,
  ],
  ['a controller as signal', { signal: new AbortController() }, 'OPTION', 'signal must be an AbortSignal'],
  ['null as signal', { signal: null }, 'OPTION', 'signal must be an AbortSignal; given null'],
];

async function refusal(cache: DiskCache, options: unknown): Promise<unknown> {
  return cache.getOrSet('key', () => 1, options as object).then(undefined, (error: unknown) => error);
}

test.for([...WRONG, ...WRONG_FOR_DISK_CACHE])(
  'getOrSet() refuses %s, whether the entry is there or not',
  async ([, options, code, message]) => {
    const cache = openCache();
    const refusals = [await refusal(cache, options)];
    expect(await cache.count()).toBe(0);
    await cache.set('key', 1);
    refusals.push(await refusal(cache, options));
    for (const error of refusals) {
      expect(error).toMatchObject({ name: 'InvalidArgumentError', code: `ERR_DISKCACHE_${code}` });
      expect((error as Error).message).toContain(message);
    }
  },
);

test.for(WRONG)('DiskCacheSync.getOrSet() refuses %s', ([, options, code, message]) => {
  const cache = openSync();
  const call = () => cache.getOrSet('key', () => 1, options as object);
  expect(call).toThrow(message);
  expect(call).toThrow(expect.objectContaining({ code: `ERR_DISKCACHE_${code}` }));
});

test.for(['staleWhileRevalidate', 'timeout', 'signal'])(
  'DiskCacheSync.getOrSet() does not know %s',
  (name) => {
    expect(() => openSync().getOrSet('key', () => 1, { [name]: 1 })).toThrow(`unknown option '${name}'`);
  },
);

test.for([undefined, 'value', {}])('getOrSet() refuses %s in the place of a function', async (compute) => {
  const cache = openCache();
  await cache.set('there', 1);
  for (const key of ['there', 'key']) {
    for (const call of [
      () => cache.getOrSet(key, compute as never),
      async () => cache.sync.getOrSet(key, compute as never),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
      await expect(call()).rejects.toThrow('compute must be a function');
    }
  }
});

test('DiskCacheSync.getOrSet() refuses a function that returns a promise, and the next call computes', () => {
  const cache = openSync();
  const rejected = () => Promise.reject(new Error('heard by nobody'));
  const ofAnotherRealm = () => runInNewContext('Promise.resolve(1)') as unknown;
  const query = () => runInNewContext('({ then: (resolve) => resolve(1) })') as unknown;
  for (const compute of [rejected, ofAnotherRealm, query])
    expect(() => cache.getOrSet<unknown>('key', compute)).toThrow(/compute must be synchronous here/);
  expect(cache.getOrSet('key', () => 'value')).toBe('value');
});

test('Options that are undefined are as left out', async () => {
  const options: GetOrSetOptions<number> = {
    ttl: undefined,
    expires: undefined,
    tags: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
    beta: undefined,
    timeout: undefined,
    signal: undefined,
    shouldCache: undefined,
    lease: undefined,
    errorTtl: undefined,
  };
  expect(await openCache().getOrSet('key', () => 1, options)).toBe(1);
});

test('getOrSet() has the type that the function gives', () => {
  const cache = openCache();
  const ofPromise = () => cache.getOrSet('key', async () => ({ n: 1 }), { ttl: ({ n }) => n });
  expectTypeOf(ofPromise).returns.toEqualTypeOf<Promise<{ n: number }>>();
  const ofValue = () =>
    cache.getOrSet('key', ({ signal }) => signal.aborted, { tags: (value) => [String(value)] });
  expectTypeOf(ofValue).returns.toEqualTypeOf<Promise<boolean>>();
  const sync = () => cache.sync.getOrSet('key', ({ key }) => [key]);
  expectTypeOf(sync).returns.toEqualTypeOf<(string | number | Uint8Array)[]>();
});
