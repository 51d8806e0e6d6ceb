import { DiskCache } from '@diskcache/core';
import { diskCacheStore, diskStoreOf } from '@diskcache/nestjs';
import { CACHE_MANAGER, CacheInterceptor, CacheModule, CacheTTL } from '@nestjs/cache-manager';
import { Controller, type DynamicModule, Get, UseInterceptors } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { listen } from './listening-app.ts';

let made = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class PagesController {
  @Get('page')
  page() {
    return { made: ++made, at: new Date(0) };
  }

  @Get('functions')
  functions() {
    return { run: () => 1 };
  }

  @Get('brief')
  @CacheTTL(1000)
  brief() {
    return { made: ++made };
  }
}

async function start(cacheModule: DynamicModule) {
  const { app, ask } = await listen({ imports: [cacheModule], controllers: [PagesController] });
  const visit = async (path: string) => {
    const { found, body } = await ask(path);
    return { found, body: body as { made: number } };
  };
  return { app, cache: app.get<Cache>(CACHE_MANAGER), visit };
}

describe('CacheModule on a disk cache', () => {
  test('CacheInterceptor misses, then hits with the same answer', async () => {
    const { visit } = await start(CacheModule.register({ stores: diskCacheStore({ cache: openCache() }) }));
    const first = await visit('/page');
    const second = await visit('/page');
    expect(first).toEqual({ found: 'MISS', body: { made: first.body.made, at: new Date(0).toJSON() } });
    expect(second).toEqual({ found: 'HIT', body: first.body });
  });

  test('the ttl of a route and of the module end an answer in their time', async () => {
    const clock = new FakeClock(Date.now());
    const cache = openCache({ clock });
    const { visit } = await start(CacheModule.register({ stores: diskCacheStore({ cache }), ttl: 5000 }));
    await visit('/page');
    await visit('/brief');
    clock.advance(1000);
    expect((await visit('/page')).found).toBe('HIT');
    expect((await visit('/brief')).found).toBe('MISS');
    clock.advance(4000);
    expect((await visit('/page')).found).toBe('MISS');
  });

  test('the cache manager wraps once, and keeps types', async () => {
    const { cache } = await start(CacheModule.register({ stores: diskCacheStore({ cache: openCache() }) }));
    const compute = vi.fn(() => ({ value: new Map([['born', new Date(0)]]) }));
    await cache.wrap('key', compute, 60_000);
    expect(await cache.wrap('key', compute, 60_000)).toEqual({ value: new Map([['born', new Date(0)]]) });
    expect(compute).toHaveBeenCalledOnce();
    expect(await cache.ttl('key')).toBeGreaterThan(Date.now() + 50_000);
  });

  test('the store is taken as it is, not put into a Keyv', async () => {
    const store = diskCacheStore({ cache: openCache() });
    const { cache } = await start(CacheModule.register({ stores: [store] }));
    expect(cache.stores).toEqual([store]);
    expect(diskStoreOf(cache)).toBe(store);
  });

  test('registerAsync() takes the store from a factory, and answers outlive the app', async () => {
    const directory = temporaryFolder();
    const options = { useFactory: async () => ({ stores: diskCacheStore({ directory }), ttl: 60_000 }) };
    const before = await start(CacheModule.registerAsync(options));
    const { body } = await before.visit('/page');
    await before.app.close();
    const after = await start(CacheModule.registerAsync(options));
    expect(await after.visit('/page')).toEqual({ found: 'HIT', body });
  });

  test('entries are evicted by the tags that the store gives them', async () => {
    const tags = (key: string) => [key === '/page' ? 'pages' : 'others'];
    const { cache, visit } = await start(
      CacheModule.register({ stores: diskCacheStore({ cache: openCache(), tags }) }),
    );
    await visit('/page');
    await visit('/brief');
    expect(await diskStoreOf(cache).evict('pages')).toBe(1);
    expect((await visit('/page')).found).toBe('MISS');
    expect((await visit('/brief')).found).toBe('HIT');
  });

  test('closing the app closes the cache that the store opened', async () => {
    const store = diskCacheStore({ directory: temporaryFolder() });
    const { app } = await start(CacheModule.register({ stores: store }));
    await app.close();
    store.on('error', () => undefined);
    await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
  });

  test('closing the app leaves a shared cache open', async () => {
    const cache = new DiskCache(temporaryFolder());
    const { app } = await start(CacheModule.register({ stores: diskCacheStore({ cache }) }));
    await app.close();
    await cache.set('key', 1);
    expect(await cache.get('key')).toBe(1);
    await cache.close();
  });

  test('a page is served although its answer cannot be stored', async () => {
    const cache = openCache();
    const store = diskCacheStore({ cache });
    const errors: unknown[] = [];
    store.on('error', (error) => errors.push(error));
    const { visit } = await start(CacheModule.register({ stores: store }));
    await cache.close();
    expect((await visit('/page')).body.made).toBe(made);
    expect(errors).not.toEqual([]);
  });

  test('an answer that cannot be stored is logged with its key', async () => {
    const { app, visit } = await start(
      CacheModule.register({ stores: diskCacheStore({ cache: openCache() }) }),
    );
    const error = vi.fn<(message: string) => void>();
    app.useLogger({ log: vi.fn(), warn: vi.fn(), error });
    await visit('/functions');
    await visit('/functions');
    const logged = error.mock.calls.map(([message]) => message);
    expect(logged).toEqual([
      expect.stringContaining("value.run is a function, in set() of the key '/functions'."),
    ]);
  });
});
