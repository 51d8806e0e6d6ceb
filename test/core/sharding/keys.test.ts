import type { Key, ShardedDiskCacheSync } from '@diskcache/core';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openShardedSync } from '../../support/sharded.ts';
import { shardFolders, totalsAtOnce } from '../../support/shards-on-disk.ts';

const COUNT = 4000;

const SHAPES: Record<string, (number: number) => Key> = {
  'whole numbers': (n) => n,
  'negative numbers': (n) => -n - 1,
  'multiples of 8': (n) => n * 8,
  'multiples of 1000': (n) => n * 1000,
  'powers and their neighbours': (n) => 1000 * 2 ** (n % 40) + Math.floor(n / 40),
  fractions: (n) => n / 8,
  'times in ms': (n) => 1_760_000_000_000 + n * 1000,
  'short strings': (n) => String(n),
  'strings with a long start': (n) => `${'https://example.org/some/path/'.repeat(3)}${n}`,
  'strings that end alike': (n) => `${n}${'/index.html'.repeat(5)}`,
  'strings of one letter': (n) => 'x'.repeat(n),
  'strings of other scripts': (n) => String.fromCodePoint(0x4e00 + n),
  'hexadecimal digits': (n) => Math.imul(n + 1, 0x9e3779b1).toString(16),
  'bytes of whole numbers': (n) => new Uint8Array(Uint32Array.of(n).buffer),
  'bytes, all zero': (n) => new Uint8Array(n),
  'prefixes of queues': (n) => `queue ${n}#4500000000000000`,
};

function counts(cache: ShardedDiskCacheSync): number[] {
  return totalsAtOnce(cache.directory).map(({ count }) => count);
}

test.for([
  [2, 'whole numbers'],
  [3, 'short strings'],
  [16, 'multiples of 8'],
  ...Object.keys(SHAPES).map((shape) => [8, shape] as const),
] as const)('%i shards get about as many of 4,000 keys each: %s', ([shards, shape]) => {
  const cache = openShardedSync({ shards });
  const keyOf = SHAPES[shape] as (number: number) => Key;
  cache.setMany(Array.from({ length: COUNT }, (_, n) => [keyOf(n), 0] as const));
  const expected = COUNT / shards;
  const chiSquare = counts(cache).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // Of numbers drawn at random one in a million is beyond this.
  const freedom = shards - 1;
  expect(chiSquare).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom) + 15);
});

test('a key is in the same shard for ever: what is on disk is found by it', () => {
  const cache = openShardedSync();
  const keys: Key[] = [
    '',
    'a',
    'key',
    'ключ',
    '😀',
    0,
    1,
    -1,
    0.5,
    8,
    1e300,
    new Uint8Array(),
    new Uint8Array([1, 2, 255]),
  ];
  const places = keys.map((key) => {
    cache.clear();
    cache.set(key, 1);
    return counts(cache).indexOf(1);
  });
  expect(places).toEqual([1, 7, 2, 4, 7, 0, 6, 4, 7, 3, 7, 4, 0]);
});

test('keys of different types are different keys, and 0 and -0 one', () => {
  const cache = openShardedSync();
  cache.setMany([
    [1, 'number'],
    ['1', 'string'],
    [new Uint8Array([0x31]), 'bytes'],
    [0, 'zero'],
  ]);
  expect(cache.getMany([1, '1', new Uint8Array([0x31]), -0])).toEqual(['number', 'string', 'bytes', 'zero']);
  expect(cache.count()).toBe(4);
});

test('all items of a queue are in one shard, and are found by their keys', () => {
  const cache = openShardedSync();
  for (const prefix of ['jobs', 'a#4500000000000000', '#', 'x#1']) {
    cache.clear();
    const keys = Array.from({ length: 50 }, (_, n) =>
      cache.push(prefix, n, { side: n % 2 === 0 ? 'back' : 'front' }),
    );
    expect(counts(cache).filter((count) => count > 0)).toEqual([50]);
    expect(cache.getMany(keys)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(cache.delete(keys[0] as string)).toBe(true);
    expect(cache.pull(prefix, { side: 'back' })?.value).toBe(48);
    expect(cache.peek(prefix)?.value).toBe(49);
  }
});

test('a key of a user that looks like an item of a queue is one, as in a DiskCache', () => {
  const cache = openShardedSync();
  cache.set('jobs#4500000000000007', 'set');
  expect(cache.push('jobs', 'pushed')).toBe('jobs#4500000000000008');
  expect(cache.pull('jobs')?.value).toBe('set');
});

test('what is no key is refused as by a DiskCache', async () => {
  const cache = openShardedSync();
  for (const key of [undefined, null, {}, NaN, Infinity, '\ud800', true]) {
    expect(() => cache.set(key as never, 1)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }));
    expect(() => cache.get(key as never)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }));
    expect(() => cache.deleteMany(['a', key as never])).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }),
    );
  }
  for (const prefix of ['', 7, undefined])
    expect(() => cache.push(prefix as never, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_KEY' }),
    );
});

test('the items of a queue stay in order and together however many there are of others', () => {
  const cache = openShardedSync();
  for (let n = 0; n < 20; n++) for (const prefix of ['a', 'b', 'c']) cache.push(prefix, `${prefix}${n}`);
  const rows = shardFolders(cache.directory).map((folder) => {
    const db = new Database(join(folder, 'cache.db'), { readonly: true });
    const keys = db.prepare('SELECT key FROM entry').pluck().all() as string[];
    db.close();
    return new Set(keys.map((key) => key.slice(0, 1)));
  });
  for (const prefix of ['a', 'b', 'c']) expect(rows.filter((found) => found.has(prefix))).toHaveLength(1);
  for (let n = 0; n < 20; n++) expect(cache.pull('b')?.value).toBe(`b${n}`);
  expect(cache.pull('b')).toBeUndefined();
});
