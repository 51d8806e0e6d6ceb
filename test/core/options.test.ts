import { type DiskCacheOptions, InvalidArgumentError } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache, openSync } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';

const bytes = 'a whole number of bytes';
const entries = 'a whole number of entries';

/** A wrong option: its name, what is given, how the message shows that, and what it says is allowed. */
const WRONG: [name: keyof DiskCacheOptions, given: unknown, shown: string, allowed: string][] = [
  ['sizeLimit', 4095, '4095', `${bytes} from 4096 up`],
  ['sizeLimit', 0, '0', bytes],
  ['sizeLimit', -1, '-1', bytes],
  ['sizeLimit', 4096.5, '4096.5', bytes],
  ['sizeLimit', NaN, 'NaN', bytes],
  ['sizeLimit', '1GB', '"1GB"', bytes],
  ['sizeLimit', 10_000n, '10000n', bytes],
  ['sizeLimit', null, 'null', bytes],
  ['sizeLimit', Symbol('1 GB'), 'Symbol(1 GB)', bytes],
  ['entryLimit', 0, '0', `${entries} from 1 up`],
  ['entryLimit', 1.5, '1.5', entries],
  ['entryLimit', '10', '"10"', entries],
  ['entryLimit', null, 'null', entries],
  ['eviction', 'mru', '"mru"', "'lru', 'lfu', 'fifo', 's3-fifo', 'none'"],
  ['eviction', 'LRU', '"LRU"', "'lru', 'lfu', 'fifo', 's3-fifo', 'none'"],
  ['eviction', null, 'null', "'lru', 'lfu', 'fifo', 's3-fifo', 'none'"],
  ['fileThreshold', 0, '0', `${bytes} from 1 up`],
  ['fileThreshold', 1.5, '1.5', bytes],
  ['fileThreshold', '64K', '"64K"', bytes],
  ['fileThreshold', null, 'null', bytes],
  ['serializer', 'yaml', '"yaml"', "'auto', 'json', 'v8' or { id, serialize, deserialize }"],
  ['serializer', null, 'null', "'auto', 'json', 'v8'"],
  ['serializer', {}, 'an object', "'auto', 'json', 'v8'"],
  ['serializer', { id: 'mine', serialize: String }, 'an object', '{ id, serialize, deserialize }'],
  ['serializer', { id: 5, serialize: String, deserialize: String }, 'an object', '{ id,'],
  ['serializers', null, 'null', 'an array of { id, serialize, deserialize }'],
  ['serializers', { id: 'mine' }, 'an object', 'an array of { id, serialize, deserialize }'],
  ['serializers', ['json'], '"json"', '{ id, serialize, deserialize }'],
  ['serializers', [{ id: 'mine', serialize: String }], 'an object', '{ id, serialize, deserialize }'],
  ['compression', 'lz4', '"lz4"', "'zstd', 'brotli', 'gzip' or { algorithm, level, threshold }"],
  ['compression', 'toString', '"toString"', "'zstd', 'brotli', 'gzip'"],
  ['compression', null, 'null', "'zstd', 'brotli', 'gzip'"],
  ['compression', true, 'true', "'zstd', 'brotli', 'gzip'"],
  ['compression', {}, 'an object with algorithm undefined', "'zstd', 'brotli', 'gzip'"],
  ['compression', { algorithm: 'lz4' }, 'an object with algorithm "lz4"', "'zstd', 'brotli', 'gzip'"],
  ['compression', { algorithm: 'zstd', level: 0 }, '0', "from 1 to 22 for 'zstd'"],
  ['compression', { algorithm: 'brotli', level: 12 }, '12', "from 0 to 11 for 'brotli'"],
  ['compression', { algorithm: 'gzip', level: 1.5 }, '1.5', "from 1 to 9 for 'gzip'"],
  ['compression', { algorithm: 'gzip', level: '5' }, '"5"', "from 1 to 9 for 'gzip'"],
  ['compression', { algorithm: 'gzip', threshold: -1 }, '-1', `${bytes} from 0 up`],
  ['compression', { algorithm: 'gzip', threshold: 1.5 }, '1.5', `${bytes} from 0 up`],
  ['compression', { algorithm: 'gzip', threshold: '1K' }, '"1K"', bytes],
  ['compression', { algorithm: 'gzip', threshold: Symbol('1K') }, 'Symbol(1K)', bytes],
  ['checksum', 1, '1', 'true or false'],
  ['checksum', 'yes', '"yes"', 'true or false'],
  ['checksum', null, 'null', 'true or false'],
  ['durability', 'FULL', '"FULL"', "one of 'normal', 'full'"],
  ['durability', true, 'true', "'normal', 'full'"],
  ['durability', null, 'null', "'normal', 'full'"],
  ['timeout', -1, '-1', 'a number of milliseconds from 0 to 2147483647'],
  ['timeout', NaN, 'NaN', 'milliseconds'],
  ['timeout', Infinity, 'Infinity', 'from 0 to 2147483647'],
  ['timeout', 3e9, '3000000000', 'from 0 to 2147483647'],
  ['timeout', '5s', '"5s"', 'milliseconds'],
  ['timeout', null, 'null', 'milliseconds'],
  ['readOnly', 1, '1', 'true or false'],
  ['readOnly', null, 'null', 'true or false'],
  ['onCorrupt', 'delete', '"delete"', "one of 'recreate', 'throw'"],
  ['onCorrupt', true, 'true', "'recreate', 'throw'"],
  ['onCorrupt', null, 'null', "'recreate', 'throw'"],
  ['allowNetworkFileSystem', 'yes', '"yes"', 'true or false'],
  ['allowNetworkFileSystem', null, 'null', 'true or false'],
  ['clock', Date, 'a function', 'an object with now() and every()'],
  ['clock', { now: Date.now }, 'an object', 'an object with now() and every()'],
  ['clock', null, 'null', 'now() and every()'],
  ['random', 0.5, '0.5', 'a function'],
  ['random', null, 'null', 'a function'],
];

const WRONG_TTL: [given: unknown, shown: string][] = [
  [0, '0'],
  [-1, '-1'],
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  [9e15, '9000000000000000'],
  ['60', '"60"'],
  ['1h', '"1h"'],
  [5n, '5n'],
  [null, 'null'],
  [new Date(0), 'an instance of Date'],
  [{}, 'an object'],
];

test.for(WRONG)(
  'option %s: %s is refused, naming the option, what was given and what is allowed',
  (wrong) => {
    const [name, given, shown, allowed] = wrong;
    for (const open of [openCache, openSync]) {
      const error = refusal(() => open({ [name]: given }));
      expect(error).toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
      expect(error.message).toContain(name);
      expect(error.message).toContain(`given ${shown}`);
      expect(error.message).toContain(allowed);
    }
  },
);

test.for(WRONG_TTL)('option ttl: %s is refused with ERR_DISKCACHE_TTL', ([given, shown]) => {
  const error = refusal(() => openCache({ ttl: given as number }));
  expect(error).toMatchObject({ code: 'ERR_DISKCACHE_TTL' });
  expect(error.message).toMatch(/ttl must be a number of milliseconds above 0 and up to 8640000000000000/);
  expect(error.message).toContain(`given ${shown}`);
});

test.for<[string, string]>([
  ['sizelimit', "did you mean 'sizeLimit'?"],
  ['maxSize', 'known are sizeLimit, entryLimit, eviction'],
])('the unknown option %s is refused, with what it could be', ([name, hint]) => {
  const error = refusal(() => openCache({ [name]: 1 }));
  expect(error).toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
  expect(error.message).toContain(`'${name}'`);
  expect(error.message).toContain(hint);
});

test('an unknown option of compression is refused, with what is known', () => {
  const error = refusal(() => openCache({ compression: { algorithm: 'gzip', quality: 5 } as never }));
  expect(error).toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
  expect(error.message).toContain("'quality'; known are algorithm, level, threshold");
});

test.for<[string, unknown]>([
  ['a number', 5],
  ['a string', 'lru'],
  ['null', null],
  ['an array', []],
  ['a Map', new Map([['sizeLimit', 1_000_000]])],
  ['a function', () => 1],
])('%s instead of the options is refused', ([, options]) => {
  const error = refusal(() => openCache(options as DiskCacheOptions));
  expect(error).toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
  expect(error.message).toContain('options must be an object');
});

test.for<[string, unknown]>([
  ['nothing', null],
  ['an empty path', ''],
  ['a number', 5],
  ['a URL', new URL('file:///tmp')],
  ['a path with a NUL', 'cache\0'],
])('%s as the directory is refused', ([, directory]) => {
  const error = refusal(() => openCache({}, directory as string));
  expect(error).toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
  expect(error.message).toContain('directory must be the path of a folder');
});

test('an option that is undefined is the same as one left out', async () => {
  const cache = openCache({
    sizeLimit: undefined,
    entryLimit: undefined,
    eviction: undefined,
    ttl: undefined,
  });
  await cache.set('key', 'value', { ttl: undefined, expires: undefined, tags: undefined });
  expect(await cache.stats()).toMatchObject({ sizeLimit: 2 ** 30, entryLimit: Infinity });
  expect(await cache.entry('key')).toMatchObject({ expires: undefined, tags: [] });
});

test('limits of Infinity are taken', async () => {
  const cache = openCache({ sizeLimit: Infinity, entryLimit: Infinity, fileThreshold: Infinity, timeout: 0 });
  await cache.set('key', Buffer.alloc(100_000));
  expect(await cache.get<Buffer>('key')).toHaveLength(100_000);
});

test('changing the options object later changes nothing', async () => {
  const options: DiskCacheOptions = { entryLimit: 5, clock: new FakeClock() };
  const cache = openCache(options);
  options.entryLimit = 1;
  expect((await cache.stats()).entryLimit).toBe(5);
});

function refusal(open: () => unknown): Error {
  try {
    open();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return error as Error;
  }
  return expect.unreachable('it was taken');
}
