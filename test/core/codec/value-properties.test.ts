import { deepStrictEqual } from 'node:assert';
import { deserialize, serialize } from 'node:v8';
import {
  type CompressionChoice,
  type DiskCache,
  type DiskCacheOptions,
  InvalidArgumentError,
  type Serializer,
  type SerializerChoice,
} from '@diskcache/core';
import fc from 'fast-check';
import { test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const RUNS = Number(process.env.DISKCACHE_PROPERTY_RUNS ?? 2000);

const anyValue = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
    maxDepth: 4,
  }),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.double(),
  fc.uint8Array(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.jsonValue(),
);

test.for<[string, DiskCacheOptions]>([
  ["rows by 'auto'", {}],
  ["files by 'auto'", { fileThreshold: 1 }],
  ["rows by 'v8'", { serializer: 'v8' }],
  ["rows by 'json'", { serializer: 'json' }],
])('any value in %s comes back deeply equal or is refused with ERR_DISKCACHE_VALUE', ([, options]) => {
  const cache = openSync(options);
  fc.assert(
    fc.property(anyValue, (value) => {
      try {
        cache.set('key', value);
      } catch (error) {
        return error instanceof InvalidArgumentError && error.code === 'ERR_DISKCACHE_VALUE';
      }
      deepStrictEqual(cache.get('key'), value);
      return true;
    }),
    { numRuns: options.fileThreshold === undefined ? RUNS : RUNS / 4 },
  );
});

test("'auto' refuses no value that JSON can write", () => {
  const cache = openSync();
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      cache.set('key', value);
      deepStrictEqual(cache.get('key'), value);
    }),
    { numRuns: RUNS / 4 },
  );
});

/** Values with enough repetition in them to be worth compressing. */
const anyLargeValue = fc.oneof(
  anyValue,
  fc.string({ unit: 'binary', minLength: 1 }).map((text) => text.repeat(50)),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units).repeat(50)),
  fc.uint8Array().map((bytes) => new Uint8Array(Buffer.concat(Array(50).fill(bytes)))),
  fc.uint8Array().map((bytes) => Buffer.concat(Array(50).fill(bytes))),
  anyValue.map((value) => Array(50).fill(value)),
  fc.jsonValue().map((value) => Array(50).fill(value)),
);

/** Writes bytes. */
const own: Serializer = {
  id: 'own',
  serialize: (value) => Buffer.concat([Buffer.from([7]), serialize(value)]),
  deserialize: (data) => deserialize((data as Buffer).subarray(1)),
};

const serializers: SerializerChoice[] = ['auto', 'json', 'v8', own];
const compressions: (CompressionChoice | undefined)[] = [
  undefined,
  { algorithm: 'zstd', threshold: 0 },
  { algorithm: 'zstd', threshold: 0, level: 22 },
  { algorithm: 'brotli', threshold: 0 },
  { algorithm: 'gzip', threshold: 0 },
  // So slow that DiskCache leaves it to a thread.
  { algorithm: 'brotli', threshold: 0, level: 9 },
];

test(
  'any value, by any serializer, with any compression, in a row or a file, comes back through both doors',
  { timeout: 60_000 },
  async () => {
    const directory = folderInMemory();
    const caches = serializers.flatMap((serializer) =>
      compressions.flatMap((compression) =>
        [1, 100, Infinity].map((fileThreshold) => {
          const others = serializer === own ? [] : [own];
          const options = { serializer, serializers: others, compression, fileThreshold };
          return openCache(options, directory);
        }),
      ),
    );
    const reader = openSync({ serializers: [own] }, directory);
    const someCache = fc.integer({ min: 0, max: caches.length - 1 });
    await fc.assert(
      fc.asyncProperty(anyLargeValue, someCache, fc.boolean(), async (value, which, isSync) => {
        const cache = caches[which] as DiskCache;
        try {
          if (isSync) cache.sync.set('key', value);
          else await cache.set('key', value);
        } catch (error) {
          return error instanceof InvalidArgumentError && error.code === 'ERR_DISKCACHE_VALUE';
        }
        deepStrictEqual(reader.get('key'), value);
        deepStrictEqual(await cache.get('key'), value);
        return true;
      }),
      { numRuns: RUNS / 2 },
    );
  },
);
