import { deepStrictEqual } from 'node:assert';
import { type DiskCacheOptions, InvalidArgumentError } from '@diskcache/core';
import fc from 'fast-check';
import { test } from 'vitest';
import { openSync } from '../../support/caches.ts';

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
