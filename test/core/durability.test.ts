import fs, { existsSync, rmSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DiskCache, DiskCacheOptions } from '@diskcache/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { valueFiles } from '../support/on-disk.ts';

const LARGE = 'x'.repeat(200);
const open = (options: DiskCacheOptions = {}) =>
  openCache({ durability: 'full', fileThreshold: 100, ...options });

test("with durability 'full' promises resolve in the order of the commits", async () => {
  const cache = open();
  const order: number[] = [];
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 20; i++) {
    calls.push(cache.set('key', `${i}`).then(() => order.push(i)));
    for (let turn = 0; turn < i % 4; turn++) await new Promise(setImmediate);
  }
  await Promise.all(calls);
  expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("with durability 'full' a read sees what is not on disk yet, and close() waits for that", async () => {
  const cache = open();
  const settings = [cache.set('small', 'value'), cache.set('large', LARGE), cache.setStream('stream', ['x'])];
  expect(await cache.getMany(['small', 'large', 'stream'])).toEqual(['value', LARGE, Buffer.from('x')]);
  await cache.close();
  const settled = await Promise.race([Promise.all(settings), new Promise(setImmediate)]);
  expect(settled).toEqual([undefined, undefined, undefined]);
});

test.skipIf(process.platform === 'win32')(
  "with durability 'full' the folders are on disk again when they were made anew",
  async () => {
    const clock = new FakeClock();
    const cache = open({ clock });
    cache.on('recreate', () => undefined);
    const { directory } = cache;
    const opening = vi.spyOn(fs, 'openSync');
    onTestFinished(() => opening.mockRestore());
    const synced = () => {
      const paths = opening.mock.calls.filter(([, flags]) => flags === 'r').map(([path]) => path);
      return [dirname(directory), directory, join(directory, 'values')].filter((path) =>
        paths.includes(path),
      );
    };
    await cache.set('key', LARGE);
    rmSync(directory, { recursive: true });
    clock.advance(1000);
    opening.mockClear();
    cache.sync.set('key', LARGE);
    expect(synced()).toEqual([dirname(directory), directory, join(directory, 'values')]);
  },
);

describe.skipIf(process.platform === 'win32')(
  "with durability 'full' and a log that cannot be synced",
  () => {
    async function openWithoutLog() {
      const cache = open();
      await cache.set('before', 'value');
      unlinkSync(join(cache.directory, 'cache.db-wal'));
      return cache;
    }

    test.for<[string, (cache: DiskCache) => unknown]>([
      ['set()', (cache) => cache.set('key', 'small')],
      ['set() of a large value', (cache) => cache.set('key', LARGE)],
      ['setStream()', (cache) => cache.setStream('key', ['stream'])],
      ['transact()', (cache) => cache.transact((tx) => tx.set('key', 'small'))],
      ['sync.set()', (cache) => cache.sync.set('key', 'small')],
      ['sync.set() of a large value', (cache) => cache.sync.set('key', LARGE)],
    ])('%s fails, but its entry is there', async ([, set]) => {
      const cache = await openWithoutLog();
      await expect((async () => set(cache))()).rejects.toMatchObject({
        code: 'ERR_DISKCACHE_STORAGE',
        message: expect.stringMatching(/^committed, but it may not outlive a power cut: ENOENT/),
        cause: { code: 'ENOENT' },
      });
      expect(await cache.get('key')).toBeDefined();
      expect(valueFiles(cache.directory).every((path) => existsSync(path))).toBe(true);
      expect(await cache.get('before')).toBe('value');
    });
  },
);
