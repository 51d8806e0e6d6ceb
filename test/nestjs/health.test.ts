import { DiskCache } from '@diskcache/core';
import { DiskCacheHealthIndicator, DiskCacheModule } from '@diskcache/nestjs';
import { Test } from '@nestjs/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function indicatorOn(cache: DiskCache): Promise<DiskCacheHealthIndicator> {
  const app = await Test.createTestingModule({ imports: [DiskCacheModule.forRoot({ cache })] }).compile();
  onTestFinished(() => app.close());
  return app.get(DiskCacheHealthIndicator);
}

describe('DiskCacheHealthIndicator', () => {
  test('is up, with what is in the cache, and leaves nothing there', async () => {
    const cache = openCache({ sizeLimit: 5_000_000 });
    await cache.set('key', 1);
    const health = await indicatorOn(cache);
    expect(await health.isHealthy('pages')).toEqual({
      pages: { status: 'up', entries: 1, size: expect.any(Number), sizeLimit: 5_000_000 },
    });
    expect(await listed(cache.keys())).toEqual(['key']);
  });

  test('is down when the cache fails, and says why', async () => {
    const cache = openCache();
    const health = await indicatorOn(cache);
    await cache.close();
    expect(await health.isHealthy()).toEqual({
      diskcache: {
        status: 'down',
        message: expect.stringContaining('is closed'),
        code: 'ERR_DISKCACHE_CLOSED',
      },
    });
  });

  test('is down when the cache is full and nothing may go', async () => {
    const cache = openCache({ entryLimit: 1, eviction: 'none' });
    await cache.set('key', 1);
    const health = await indicatorOn(cache);
    expect((await health.isHealthy()).diskcache).toMatchObject({
      status: 'down',
      code: 'ERR_DISKCACHE_FULL',
    });
  });

  test('looks after another cache that it is given', async () => {
    const health = await indicatorOn(openCache());
    const other = openCache();
    await other.close();
    expect((await health.isHealthy('other', { cache: other })).other.status).toBe('down');
  });

  test('needs no more than reading of a cache that is opened to be read', async () => {
    const directory = temporaryFolder();
    await new DiskCache(directory).close();
    const cache = new DiskCache(directory, { readOnly: true });
    onTestFinished(() => cache.close());
    const health = await indicatorOn(openCache());
    expect((await health.isHealthy('files', { cache })).files.status).toBe('up');
  });

  test('says what it needs where there is no cache', async () => {
    await expect(new DiskCacheHealthIndicator().isHealthy()).rejects.toThrow(
      'there is no DiskCache to inject here',
    );
  });
});
