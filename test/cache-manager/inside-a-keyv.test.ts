import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskStore } from '@diskcache/cache-manager';
import { DiskCache } from '@diskcache/core';
import suite, { keyvIteratorTests } from '@keyv/test-suite';
import { Keyv } from 'keyv';
import { Keyv as Keyv6 } from 'keyv6';
import * as vitest from 'vitest';
import { listed } from '../support/caches.ts';

/** Older NestJS, cacheable and got put a store that they do not know into a Keyv of their own. */
const folder = mkdtempSync(join(tmpdir(), 'diskcache-test-'));
const cache = new DiskCache(folder);
const newStore = () => new DiskStore({ cache });

vitest.afterAll(async () => {
  await cache.close();
  rmSync(folder, { recursive: true, force: true });
});

vitest.describe('a DiskStore in a Keyv 5', () => {
  suite(vitest, Keyv, newStore);
  keyvIteratorTests(vitest, Keyv, newStore);
});

vitest.describe('a DiskStore in a Keyv 6', () => {
  const { expect, test } = vitest;
  const open = (namespace?: string) => new Keyv6({ store: newStore(), ...(namespace && { namespace }) });

  vitest.beforeEach(() => cache.clear().then(() => undefined));

  test('gives back values, and misses', async () => {
    const keyv = open();
    await keyv.set('key', { a: 1 });
    await keyv.setMany([{ key: 'b', value: null }]);
    expect(await keyv.get(['key', 'none', 'b'])).toEqual([{ a: 1 }, undefined, null]);
    expect(await keyv.has('key')).toBe(true);
    expect(await keyv.delete('key')).toBe(true);
    expect(await keyv.delete('key')).toBe(false);
  });

  test('keeps namespaces apart', async () => {
    const [one, two] = [open('one'), open('two')];
    await one.set('key', 1);
    await two.set('key', 2);
    expect(await one.get('key')).toBe(1);
    await one.clear();
    expect(await one.get('key')).toBeUndefined();
    expect(await two.get('key')).toBe(2);
    expect(await listed(two.iterator())).toEqual([['key', 2]]);
  });

  test('expires by its ttl', async () => {
    const keyv = open();
    await keyv.set('key', 1, 60_000);
    const left = (await cache.entry('key'))!.expires! - Date.now();
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });
});
