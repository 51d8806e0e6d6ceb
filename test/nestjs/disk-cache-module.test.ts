import { DiskCache, InvalidArgumentError } from '@diskcache/core';
import {
  DiskCacheInterceptor,
  diskCacheInterceptor,
  DiskCacheModule,
  type DiskCacheModuleOptions,
  diskCacheStore,
  diskStoreOf,
  getCacheManagerToken,
  getDiskCacheToken,
  InjectCacheManager,
  InjectDiskCache,
} from '@diskcache/nestjs';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import {
  Controller,
  type DynamicModule,
  Get,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Cache } from 'cache-manager';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { listen } from './listening-app.ts';

let made = 0;

@Controller('page')
@UseInterceptors(DiskCacheInterceptor)
class PageController {
  @Get()
  page() {
    return { made: ++made };
  }
}

@Controller('report')
@UseInterceptors(diskCacheInterceptor('reports'))
class ReportController {
  @Get()
  report() {
    return { made: ++made };
  }
}

/** An app without a server. */
async function create(metadata: ModuleMetadata) {
  const app = await Test.createTestingModule(metadata).compile();
  onTestFinished(() => app.close());
  await app.init();
  return app;
}

const closed = { code: 'ERR_DISKCACHE_CLOSED' };

describe('DiskCacheModule.forRoot()', () => {
  test('registers CacheModule, and the DiskCache that it works on can be injected', async () => {
    const app = await create({ imports: [DiskCacheModule.forRoot({ directory: temporaryFolder() })] });
    const manager = app.get<Cache>(CACHE_MANAGER);
    await manager.set('key', new Map([[1, 2n]]));
    expect(await app.get(DiskCache).get('key')).toEqual(new Map([[1, 2n]]));
    expect(diskStoreOf(manager).cache).toBe(app.get(DiskCache));
  });

  test('wraps once', async () => {
    const app = await create({ imports: [DiskCacheModule.forRoot({ cache: openCache() })] });
    const compute = vi.fn(() => ({ value: 1 }));
    for (const _ of [1, 2]) {
      expect(await app.get<Cache>(CACHE_MANAGER).wrap('key', compute, 60_000)).toEqual({ value: 1 });
    }
    expect(compute).toHaveBeenCalledOnce();
  });

  test('without isGlobal is seen where it is imported, and no further', async () => {
    @Injectable()
    class Reader {
      @Inject(CACHE_MANAGER) readonly manager!: Cache;
    }
    @Module({ providers: [Reader] })
    class FeatureModule {}
    const imports = (isGlobal: boolean) => [
      DiskCacheModule.forRoot({ cache: openCache(), isGlobal }),
      FeatureModule,
    ];
    await expect(create({ imports: imports(false) })).rejects.toThrow('CACHE_MANAGER');
    const app = await create({ imports: imports(true) });
    expect(app.get(Reader, { strict: false }).manager).toBe(app.get(CACHE_MANAGER, { strict: false }));
  });

  test('applies the options of the cache and of its store', async () => {
    const clock = new FakeClock(Date.now());
    const options: DiskCacheModuleOptions = {
      directory: temporaryFolder(),
      clock,
      sizeLimit: 5_000_000,
      namespace: 'app',
      ttl: 1000,
      tags: (key) => [key],
    };
    const app = await create({ imports: [DiskCacheModule.forRoot(options)] });
    await app.get<Cache>(CACHE_MANAGER).set('key', 1);
    const cache = app.get(DiskCache);
    expect(await cache.entry('app:key')).toMatchObject({ tags: ['key'], expires: clock.now() + 1000 });
    expect((await cache.stats()).sizeLimit).toBe(5_000_000);
  });

  test('refreshThreshold has wrap() compute anew in the background', async () => {
    const options = { cache: openCache(), ttl: 60_000, refreshThreshold: 120_000 };
    const app = await create({ imports: [DiskCacheModule.forRoot(options)] });
    const compute = vi.fn(() => ++made);
    const first = await app.get<Cache>(CACHE_MANAGER).wrap('key', compute);
    expect(await app.get<Cache>(CACHE_MANAGER).wrap('key', compute)).toBe(first);
    await vi.waitFor(() => expect(compute).toHaveBeenCalledTimes(2));
  });

  test('opens several caches, by name', async () => {
    @Injectable()
    class Reports {
      @InjectDiskCache('reports') readonly cache!: DiskCache;
      @InjectCacheManager('reports') readonly manager!: Cache;
      @InjectDiskCache() readonly pages!: DiskCache;
    }
    const [cache, reports] = [openCache(), openCache()];
    const { app, ask } = await listen({
      imports: [
        DiskCacheModule.forRoot({ cache: reports, name: 'reports' }),
        DiskCacheModule.forRoot({ cache }),
      ],
      controllers: [PageController, ReportController],
      providers: [Reports],
    });
    for (const path of ['/page', '/report']) {
      expect((await ask(path)).found).toBe('MISS');
      expect((await ask(path)).found).toBe('HIT');
    }
    expect(await listed(cache.keys())).toEqual(['/page']);
    expect(await listed(reports.keys())).toEqual(['/report']);
    const injected = app.get(Reports);
    expect(injected.cache).toBe(reports);
    expect(injected.pages).toBe(cache);
    expect(await injected.manager.get('/report')).toEqual({ made });
  });

  test('works beside a CacheModule of the app itself', async () => {
    @Module({ imports: [CacheModule.register()], controllers: [PageController] })
    class MemoryModule {}
    const cache = openCache();
    const { ask } = await listen({
      imports: [MemoryModule, DiskCacheModule.forRoot({ cache, name: 'reports' })],
      controllers: [ReportController],
    });
    for (const path of ['/page', '/report']) await ask(path);
    for (const path of ['/page', '/report']) expect((await ask(path)).found).toBe('HIT');
    expect(await listed(cache.keys())).toEqual(['/report']);
  });

  test('leaves CACHE_MANAGER to the app with cacheModule: false', async () => {
    const opened = DiskCacheModule.forRoot({ directory: temporaryFolder(), cacheModule: false });
    const app = await create({
      imports: [
        opened,
        CacheModule.registerAsync({
          imports: [opened],
          inject: [DiskCache],
          useFactory: (cache: DiskCache) => ({ stores: [diskCacheStore({ cache, namespace: 'mine' })] }),
        }),
      ],
    });
    await app.get<Cache>(CACHE_MANAGER).set('key', 1);
    expect(await app.get(DiskCache).get('mine:key')).toBe(1);
  });
});

describe('DiskCacheModule.forRootAsync()', () => {
  @Injectable()
  class Config {
    readonly directory = temporaryFolder();
    createDiskCacheOptions() {
      return { directory: this.directory };
    }
  }
  @Module({ providers: [Config], exports: [Config] })
  class ConfigModule {}

  test.for([
    ['a factory', { inject: [Config], useFactory: async ({ directory }: Config) => ({ directory }) }],
    ['a class', { useClass: Config }],
    ['a provider', { useExisting: Config }],
  ] as const)('gets the options from %s', async ([, source]) => {
    const app = await create({
      imports: [DiskCacheModule.forRootAsync({ imports: [ConfigModule], ...source } as never), ConfigModule],
    });
    await app.get<Cache>(CACHE_MANAGER).set('key', 1);
    expect(await app.get(DiskCache).get('key')).toBe(1);
  });

  test('gets two caches from factories of the same source', async () => {
    const of = (name: string): DynamicModule => {
      const directory = temporaryFolder();
      return DiskCacheModule.forRootAsync({ name, useFactory: () => ({ directory }) });
    };
    const app = await create({ imports: [of('one'), of('two')] });
    await app.get<DiskCache>(getDiskCacheToken('one')).set('key', 1);
    expect(await app.get<DiskCache>(getDiskCacheToken('two')).count()).toBe(0);
  });

  test('shares a cache between names, each in a namespace of its own', async () => {
    const opened = DiskCacheModule.forRoot({ directory: temporaryFolder(), namespace: 'pages' });
    const app = await create({
      imports: [
        opened,
        DiskCacheModule.forRootAsync({
          name: 'reports',
          imports: [opened],
          inject: [DiskCache],
          useFactory: (cache: DiskCache) => ({ cache, namespace: 'reports' }),
        }),
      ],
    });
    const reports = app.get<Cache>(getCacheManagerToken('reports'));
    await app.get<Cache>(CACHE_MANAGER).set('key', 'page');
    await reports.set('key', 'report');
    await reports.clear();
    expect(await app.get<Cache>(CACHE_MANAGER).get('key')).toBe('page');
  });
});

describe('closing the app', () => {
  test('closes its cache, without shutdown hooks', async () => {
    const app = await create({ imports: [DiskCacheModule.forRoot({ directory: temporaryFolder() })] });
    const cache = app.get(DiskCache);
    await app.close();
    await expect(cache.get('key')).rejects.toMatchObject(closed);
  });

  test('leaves a cache open that was opened by others', async () => {
    const cache = openCache();
    const app = await create({ imports: [DiskCacheModule.forRoot({ cache })] });
    await app.close();
    await cache.set('key', 1);
    expect(await cache.get('key')).toBe(1);
  });

  test('answers from the cache what was asked before, and closes it then', async () => {
    let asked!: () => void;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    let goOn!: () => void;
    const wait = new Promise<void>((resolve) => (goOn = resolve));
    @Controller('slow')
    class SlowController {
      @Inject(CACHE_MANAGER) readonly manager!: Cache;

      @Get()
      async slow() {
        asked();
        await wait;
        return { found: await this.manager.get('key') };
      }
    }
    const { app, ask } = await listen({
      imports: [DiskCacheModule.forRoot({ directory: temporaryFolder() })],
      controllers: [SlowController],
    });
    const cache = app.get(DiskCache);
    await cache.set('key', 'still there');
    const answer = ask('/slow');
    await isAsked;
    const closing = app.close();
    // By now NestJS has told all providers that their modules are destroyed.
    await new Promise((resolve) => setImmediate(resolve));
    goOn();
    expect((await answer).body).toEqual({ found: 'still there' });
    await closing;
    await expect(cache.get('key')).rejects.toMatchObject(closed);
  });

  test('keeps the answers for the next one', async () => {
    const imports = () => [DiskCacheModule.forRoot({ directory })];
    const directory = temporaryFolder();
    const before = await listen({ imports: imports(), controllers: [PageController] });
    const { body } = await before.ask('/page');
    await before.app.close();
    const after = await listen({ imports: imports(), controllers: [PageController] });
    expect(await after.ask('/page')).toMatchObject({ found: 'HIT', body });
  });
});

describe('wrong options', () => {
  test('no options at all are refused at once', () => {
    expect(() => DiskCacheModule.forRoot(undefined as never)).toThrow(
      'forRoot() takes an object of options; given undefined',
    );
    expect(() => DiskCacheModule.forRootAsync('./cache' as never)).toThrow(
      "forRootAsync() takes an object of options; given './cache'",
    );
  });

  test.for([
    ['an empty name', { directory: 'x', name: '' }, "option 'name' must be a string that is not empty"],
    [
      'isGlobal that is no boolean',
      { directory: 'x', isGlobal: 'yes' },
      "option 'isGlobal' must be true or false",
    ],
    ['cacheModule that is no boolean', { directory: 'x', cacheModule: 0 }, "option 'cacheModule' must be"],
  ])('%s is refused at once', ([, options, message]) => {
    expect(() => DiskCacheModule.forRoot(options as never)).toThrow(InvalidArgumentError);
    expect(() => DiskCacheModule.forRoot(options as never)).toThrow(message as string);
  });

  test.for([
    ['no directory', {}, "option 'directory' must be the path of a folder, or 'cache' an open DiskCache"],
    ['a directory and a cache', { directory: 'x', cache: {} }, "option 'cache' must be an open DiskCache"],
    ['a limit that is no number', { directory: 'x', sizeLimit: '1 GB' }, 'sizeLimit'],
    ['an option that there is not', { directory: 'x', sizeLimt: 5 }, 'sizeLimt'],
    ["an option of CacheModule's", { directory: 'x', stores: [] }, 'stores'],
    [
      'a ttl that is no number',
      { directory: 'x', ttl: '1m' },
      "option 'ttl' must be a number of milliseconds",
    ],
  ])('%s keeps the app from starting', async ([, options, message]) => {
    const started = create({ imports: [DiskCacheModule.forRoot(options as never)] });
    await expect(started).rejects.toThrow(InvalidArgumentError);
    await expect(started).rejects.toThrow(message as string);
  });

  test('none, or several, sources of options are refused', () => {
    expect(() => DiskCacheModule.forRootAsync({} as never)).toThrow(
      "forRootAsync() takes one of 'useFactory', 'useClass' and 'useExisting'; given none",
    );
    const two = { useFactory: () => ({ directory: 'x' }), useExisting: 'y' };
    expect(() => DiskCacheModule.forRootAsync(two as never)).toThrow('given 2');
  });

  test('a factory that gives nothing keeps the app from starting', async () => {
    const started = create({
      imports: [DiskCacheModule.forRootAsync({ useFactory: (() => undefined) as never })],
    });
    await expect(started).rejects.toThrow(InvalidArgumentError);
  });

  test('a class that tells no options keeps the app from starting', async () => {
    class Other {}
    const started = create({ imports: [DiskCacheModule.forRootAsync({ useClass: Other as never })] });
    await expect(started).rejects.toThrow('need createDiskCacheOptions(), which there is not in Other {}');
  });

  test('two global modules with CACHE_MANAGER keep the app from starting', async () => {
    const started = create({
      imports: [
        CacheModule.register({ isGlobal: true }),
        DiskCacheModule.forRoot({ cache: openCache(), isGlobal: true }),
      ],
    });
    await expect(started).rejects.toThrow(
      '2 modules with isGlobal provide CACHE_MANAGER (CacheModule, DiskCacheModule)',
    );
  });

  test('a directory that is a file keeps the app from starting', async () => {
    const started = create({ imports: [DiskCacheModule.forRoot({ directory: import.meta.filename })] });
    await expect(started).rejects.toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
  });
});
