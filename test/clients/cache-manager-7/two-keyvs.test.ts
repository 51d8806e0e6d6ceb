import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertStores, createDiskStore, diskStoreOf, tagged } from '@diskcache/cache-manager';
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** What `npm install cache-manager keyv` gives on Node.js 22: Keyv 6 for all, and the Keyv 5 of cache-manager below it. */
test('there are two majors of Keyv in the tree', () => {
  const version = (...folders: string[]): unknown =>
    JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules', ...folders, 'package.json'), 'utf8'))
      .version;
  expect(version('keyv')).toMatch(/^6/);
  expect(version('cache-manager', 'node_modules', 'keyv')).toMatch(/^5/);
});

test('a DiskStore wraps once, tells the ttl and evicts by tag', async () => {
  const cache = createCache({ stores: [createDiskStore({ directory: temporaryFolder() })], ttl: 60_000 });
  const compute = vi.fn(() => ({ value: new Date(0) }));
  for (let i = 0; i < 3; i++) {
    expect(await tagged(cache).wrap('key', compute, { tags: ['tag'] })).toEqual({ value: new Date(0) });
  }
  expect(compute).toHaveBeenCalledOnce();
  expect(await cache.ttl('key')).toBeGreaterThan(Date.now() + 50_000);
  expect(await diskStoreOf(cache).evict('tag')).toBe(1);
  await cache.disconnect();
});

test('createKeyv() makes a Keyv 6 with which cache-manager wraps once and knows the ttl', async () => {
  const keyv = createKeyv({ directory: temporaryFolder() });
  expect(keyv).toBeInstanceOf(Keyv);
  // To TypeScript it is not what cache-manager takes, as no Keyv 6 is.
  const cache = createCache({ stores: [keyv as never], ttl: 60_000 });
  const compute = vi.fn(() => ({ value: new Date(0) }));
  for (let i = 0; i < 3; i++) expect(await cache.wrap('key', compute)).toEqual({ value: new Date(0) });
  expect(compute).toHaveBeenCalledOnce();
  expect(await cache.ttl('key')).toBeGreaterThan(Date.now() + 50_000);
  expect(await cache.mget(['key', 'none'])).toEqual([{ value: new Date(0) }, undefined]);
  expect(() => assertStores(cache)).not.toThrow();
  await cache.disconnect();
});

test('any other Keyv 6 is refused by a sentence', async () => {
  const keyv = new Keyv({ store: new KeyvDiskStore({ directory: temporaryFolder() }) });
  const cache = createCache({ stores: [keyv as never] });
  expect(() => assertStores(cache)).toThrow('stores[0] is a Keyv 6 or a Cacheable');
  await cache.disconnect();
});

test('a Keyv 6 does not compile as a store', async () => {
  const keyv = new Keyv();
  // @ts-expect-error cache-manager 7 takes a Keyv 5
  createCache({ stores: [keyv] });
});
