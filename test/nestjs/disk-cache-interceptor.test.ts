import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '@diskcache/core';
import { DiskCacheInterceptor, DiskCacheModule, diskCacheStore } from '@diskcache/nestjs';
import { CACHE_MANAGER, CacheKey, CacheModule, CacheTTL } from '@nestjs/cache-manager';
import {
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  HttpException,
  Logger,
  Post,
  Res,
  Sse,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { type Cache, createCache } from 'cache-manager';
import { of } from 'rxjs';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { listen } from './listening-app.ts';

let made = 0;
/** Answers as a test wants it. */
const answer = vi.fn<(at: string) => unknown>();

class PageDto {
  readonly made = ++made;
  readonly at = new Date(0);
}

@Controller()
@UseInterceptors(DiskCacheInterceptor)
class PagesController {
  @Get('page')
  page() {
    return { made: ++made };
  }

  @Post('page')
  change() {
    return { made: ++made };
  }

  @Get('dto')
  dto() {
    return new PageDto();
  }

  @Get('brief')
  @CacheTTL(1000)
  brief() {
    return { made: ++made };
  }

  @Get('computed-ttl')
  @CacheTTL((context: ExecutionContext) => Number(context.switchToHttp().getRequest().query.ttl))
  computedTtl() {
    return { made: ++made };
  }

  @Get('keyed')
  @CacheKey('the key')
  keyed() {
    return { made: ++made };
  }

  @Get('steered')
  steered() {
    return answer('steered');
  }

  @Get('steered-too')
  steeredToo() {
    return answer('steered-too');
  }

  @Get('own-response')
  ownResponse(@Res() response: { send(body: unknown): void }) {
    response.send({ made: ++made });
  }

  @Sse('events')
  events() {
    return of({ data: 'first' }, { data: 'second' });
  }
}

const start = (...imports: DynamicModule[]) => listen({ imports, controllers: [PagesController] });
const startOn = (cache = openCache()) => start(DiskCacheModule.forRoot({ cache }));

function opened() {
  let open!: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  return { gate, open };
}

describe('DiskCacheInterceptor', () => {
  test('misses, then hits with the same answer', async () => {
    const { ask } = await startOn();
    const first = await ask('/page');
    const second = await ask('/page');
    expect(first).toMatchObject({ found: 'MISS', body: { made } });
    expect(second).toMatchObject({ found: 'HIT', body: first.body });
  });

  test('keeps answers apart by their whole URL', async () => {
    const { ask } = await startOn();
    await ask('/page?a=1');
    expect((await ask('/page?a=2')).found).toBe('MISS');
    expect((await ask('/page?a=1')).found).toBe('HIT');
  });

  test('stores nothing of a POST', async () => {
    const { ask } = await startOn();
    expect((await ask('/page', { method: 'POST' })).found).toBeNull();
    expect((await ask('/page')).found).toBe('MISS');
  });

  test('answers a hit and a miss of a class instance alike', async () => {
    const { ask } = await startOn();
    const { body } = await ask('/dto');
    expect(body).toEqual({ made, at: '1970-01-01T00:00:00.000Z' });
    expect(await ask('/dto')).toMatchObject({ found: 'HIT', body });
  });

  test.for([
    ['a number', '/brief', 1000],
    ['a function', '/computed-ttl?ttl=500', 500],
  ] as const)('keeps an answer for as long as @CacheTTL() of %s says', async ([, path, ttl]) => {
    const clock = new FakeClock(Date.now());
    const { ask } = await startOn(openCache({ clock }));
    await ask(path);
    clock.advance(ttl - 1);
    expect((await ask(path)).found).toBe('HIT');
    clock.advance(1);
    expect((await ask(path)).found).toBe('MISS');
  });

  test.for(['forRoot', 'CacheModule'] as const)(
    'keeps an answer without @CacheTTL() for the ttl that %s was given',
    async (by) => {
      const clock = new FakeClock(Date.now());
      const cache = openCache({ clock });
      const { ask } = await start(
        by === 'forRoot'
          ? DiskCacheModule.forRoot({ cache, ttl: 5000 })
          : CacheModule.register({ stores: diskCacheStore({ cache }), ttl: 5000 }),
      );
      await ask('/page');
      await ask('/brief');
      clock.advance(1000);
      expect((await ask('/page')).found).toBe('HIT');
      expect((await ask('/brief')).found).toBe('MISS');
      clock.advance(4000);
      expect((await ask('/page')).found).toBe('MISS');
    },
  );

  test('stores under the key of @CacheKey(), where the cache manager finds it', async () => {
    const { app, ask } = await startOn();
    const { body } = await ask('/keyed');
    expect(await app.get<Cache>(CACHE_MANAGER).get('the key')).toEqual(body);
  });

  test('the cache manager tells its listeners of what is stored', async () => {
    const { app, ask } = await startOn();
    const told = vi.fn();
    app.get<Cache>(CACHE_MANAGER).on('set', told);
    const { body } = await ask('/page');
    expect(told).toHaveBeenCalledWith({ key: '/page', value: body });
  });

  test('what a listener stores when it is told is stored', async () => {
    const cache = openCache();
    const { app, ask } = await startOn(cache);
    const manager = app.get<Cache>(CACHE_MANAGER);
    manager.on('set', ({ key }: { key: string }) => {
      if (key === '/page') void manager.set('log', 'a page was stored');
    });
    await ask('/page');
    await vi.waitFor(async () => expect(await cache.get('log')).toBe('a page was stored'));
  });

  test.for([
    ['null', null],
    ['undefined', undefined],
  ])('runs the method again after it has answered %s', async ([, nothing]) => {
    const { ask } = await startOn();
    answer.mockReset().mockReturnValue(nothing);
    expect((await ask('/steered')).found).toBe('MISS');
    expect((await ask('/steered')).found).toBe('MISS');
    expect(answer).toHaveBeenCalledTimes(2);
  });

  test('answers with what the method throws, and stores nothing of it', async () => {
    const { ask } = await startOn();
    answer.mockReset().mockImplementation(() => {
      throw new HttpException({ tea: 'pot' }, 418);
    });
    expect(await ask('/steered')).toMatchObject({ status: 418, body: { tea: 'pot' } });
    expect(await ask('/steered')).toMatchObject({ status: 418, found: 'MISS' });
  });

  test('requests that come while an answer is made get it as well', async () => {
    const { ask } = await startOn();
    const { gate, open } = opened();
    answer.mockReset().mockImplementation(async () => {
      await gate;
      return { made: ++made };
    });
    const asked = ['/steered', '/steered', '/steered'].map((path) => ask(path));
    await vi.waitFor(() => expect(answer).toHaveBeenCalled());
    await sleep(20);
    open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ body }) => body)).toEqual([{ made }, { made }, { made }]);
    expect(answers.filter(({ found }) => found === 'HIT')).toHaveLength(2);
    expect(answer).toHaveBeenCalledOnce();
  });

  test("a request does not get another one's failure", async () => {
    const { ask } = await startOn();
    const { gate, open } = opened();
    answer.mockReset().mockReturnValue({ made: ++made });
    answer.mockImplementationOnce(async () => {
      await gate;
      throw new HttpException('only this once', 503);
    });
    const first = ask('/steered');
    await vi.waitFor(() => expect(answer).toHaveBeenCalledOnce());
    const second = ask('/steered');
    await sleep(20);
    open();
    expect((await first).status).toBe(503);
    expect(await second).toMatchObject({ status: 200, body: { made } });
  });

  test('a request that has waited half a minute for another one is answered by its own method', async () => {
    const cache = openCache();
    // It is the cache that waits.
    const wait = vi.spyOn(cache, 'getOrSet').mockRejectedValueOnce(new TimeoutError(30_000));
    const { app, ask } = await startOn(cache);
    const error = vi.fn();
    app.useLogger({ log: vi.fn(), warn: vi.fn(), error });
    expect(await ask('/page')).toMatchObject({ status: 200, found: 'MISS', body: { made } });
    expect(wait).toHaveBeenCalledWith(
      '/page',
      expect.anything(),
      expect.objectContaining({ timeout: 30_000 }),
    );
    expect(error).not.toHaveBeenCalled();
  });

  test('as a global interceptor, and on a controller as well, it answers once', async () => {
    const { ask } = await listen({
      imports: [DiskCacheModule.forRoot({ cache: openCache() })],
      controllers: [PagesController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: DiskCacheInterceptor }],
    });
    const first = await ask('/page');
    expect(first).toMatchObject({ found: 'MISS', body: { made } });
    expect(await ask('/page')).toMatchObject({ found: 'HIT', body: first.body });
  });

  test('each request is answered where the method sends the response itself', async () => {
    const { ask } = await startOn();
    const answers = await Promise.all([ask('/own-response'), ask('/own-response'), ask('/own-response')]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(3);
  });

  test('lets the events of a server-sent stream through', async () => {
    const { ask } = await startOn();
    for (const _ of [1, 2]) {
      const { body } = await ask('/events');
      expect(body).toContain('first');
      expect(body).toContain('second');
    }
  });

  test.for([
    ['too large', { text: 'x'.repeat(200_000) }, 'ERR_DISKCACHE_TOO_LARGE'],
    ['no data', { notData: () => 'a function' }, 'ERR_DISKCACHE_VALUE'],
  ] as const)(
    'serves a page although its answer is %s to be stored, and tells that',
    async ([, body, code]) => {
      const store = diskCacheStore({ directory: temporaryFolder(), sizeLimit: 100_000 });
      const errors: unknown[] = [];
      store.on('error', (error) => errors.push(error));
      const { app, ask } = await start(CacheModule.register({ stores: store }));
      app.useLogger(false);
      answer.mockReset().mockReturnValue(body);
      expect((await ask('/steered')).status).toBe(200);
      await vi.waitFor(() => expect(errors).toMatchObject([{ code }]));
      expect(await ask('/steered')).toMatchObject({ status: 200, found: 'MISS' });
    },
  );

  test('logs what an answer cannot be stored for once a route and reason, and a broken cache once', async () => {
    const cache = openCache();
    const { app, ask } = await startOn(cache);
    const error = vi.fn<(message: string) => void>();
    app.useLogger({ log: vi.fn(), warn: vi.fn(), error });
    for (const part of ['run', 'run', 'stop']) {
      answer.mockReset().mockReturnValue({ [part]: () => 1 });
      for (const path of ['/steered', '/steered-too']) expect((await ask(path)).status).toBe(200);
    }
    const logged = () => error.mock.calls.map(([message]) => message);
    expect(logged()).toEqual([
      expect.stringMatching(/^PagesController.steered: .* value.run is a function.* is logged once$/),
      expect.stringMatching(/^PagesController.steeredToo: .* value.run is a function/),
      expect.stringMatching(/^PagesController.steered: .* value.stop is a function/),
      expect.stringMatching(/^PagesController.steeredToo: .* value.stop is a function/),
    ]);
    await cache.close();
    error.mockClear();
    for (const path of ['/steered', '/steered-too']) expect((await ask(path)).status).toBe(200);
    expect(logged()).toEqual([expect.stringMatching(/^the cache in .* is closed/)]);
  });

  test('a page is served although the cache is closed, and that is told', async () => {
    const cache = openCache();
    const { app, ask } = await startOn(cache);
    const log = vi.fn();
    app.useLogger({ log, warn: log, error: log });
    await cache.close();
    expect(await ask('/page')).toMatchObject({ status: 200, body: { made } });
    expect(log).toHaveBeenCalledWith(expect.stringContaining('is closed'), expect.anything(), 'DiskCache');
  });

  test('warns, once, of a store with which wrap() of the cache manager computes each time', async () => {
    const warn = vi.spyOn(Logger, 'warn').mockImplementation(() => undefined);
    onTestFinished(() => warn.mockRestore());
    // As CacheModule has it where a Keyv 6 is at the root.
    const manager = { provide: CACHE_MANAGER, useValue: createCache({ stores: [new Keyv6() as never] }) };
    class ManagerModule {}
    const { ask } = await start({ module: ManagerModule, providers: [manager], exports: [manager] });
    expect((await ask('/page')).found).toBe('MISS');
    expect((await ask('/page')).found).toBe('HIT');
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining(
        'stores[0] is a Keyv 6 or a Cacheable, with which cache-manager computes every wrap() anew',
      ),
      'DiskCache',
    );
    await startOn();
    expect(warn).toHaveBeenCalledOnce();
  });

  test('works as CacheInterceptor on a cache in memory', async () => {
    const { ask } = await start(CacheModule.register());
    expect((await ask('/page')).found).toBe('MISS');
    expect((await ask('/page')).found).toBe('HIT');
  });

  test('works as CacheInterceptor on a cache in memory and on disk, of which both get the answer', async () => {
    const { Keyv } = await import('keyv5');
    const [memory, cache] = [new Keyv(), openCache()];
    const { ask } = await start(CacheModule.register({ stores: [memory, diskCacheStore({ cache })] }));
    const { body } = await ask('/page');
    expect((await ask('/page')).found).toBe('HIT');
    expect(await memory.get('/page')).toEqual(body);
    expect(await cache.get('/page')).toEqual(body);
  });
});
