import {
  CacheTags,
  DiskCacheInterceptor,
  DiskCacheModule,
  diskCacheStore,
  EvictTags,
} from '@diskcache/nestjs';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import {
  Controller,
  Delete,
  type DynamicModule,
  Get,
  HttpException,
  Param,
  Post,
  Put,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { EMPTY } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { listen } from './listening-app.ts';

interface Book {
  id: string;
  author: string;
}

let made = 0;
let isSlow: Promise<void> | undefined;
const wrongTags = vi.fn<() => string>();

@Controller('books')
@UseInterceptors(DiskCacheInterceptor)
@CacheTags('books')
class BooksController {
  @Get()
  list() {
    return { made: ++made };
  }

  @Get('slow')
  @CacheTags('slow')
  async slow() {
    const read = ++made;
    await isSlow;
    return { made: read };
  }

  @Get('wrong')
  @CacheTags(wrongTags)
  wrong() {
    return { made: ++made };
  }

  @Get(':id')
  @CacheTags((request) => `book:${request.params.id}`)
  @CacheTags((_request, book: Book) => ['authors', `author:${book.author}`])
  async find(@Param('id') id: string) {
    return { id, author: id === '3' ? 'Tolkien' : 'Le Guin', made: ++made };
  }
}

/** Has no interceptor that caches. */
@Controller('books')
class EditingController {
  @Put(':id')
  @EvictTags((request) => `book:${request.params.id}`)
  change() {
    return { changed: true };
  }

  @Post()
  @EvictTags('books', 'slow')
  add() {
    return { added: true };
  }

  @Post('failing')
  @EvictTags('books')
  fail() {
    throw new HttpException('no', 400);
  }

  @Post('nothing')
  @EvictTags('books')
  nothing() {
    return EMPTY;
  }

  @Delete(':id')
  @EvictTags((_request, removed: Book) => `author:${removed.author}`)
  @EvictTags((_request, _body, context) => context.getHandler().name)
  @CacheTags('unused')
  async remove(): Promise<Book> {
    return { id: '1', author: 'Le Guin' };
  }

  @Post('untold')
  @EvictTags('books', () => {
    throw new Error('cannot be told');
  })
  untold() {
    return { added: true };
  }

  @Put('wrong/tags')
  @EvictTags(wrongTags)
  wrong() {
    return { changed: true };
  }
}

const controllers: Type[] = [BooksController, EditingController];
const start = (...imports: DynamicModule[]) => listen({ imports, controllers });

describe('tags', () => {
  test('are stored with an answer: of the class, of the request, of the body', async () => {
    const cache = openCache();
    const { ask } = await start(DiskCacheModule.forRoot({ cache }));
    await ask('/books/1');
    expect((await cache.entry('/books/1'))?.tags.toSorted()).toEqual([
      'author:Le Guin',
      'authors',
      'book:1',
      'books',
    ]);
    await ask('/books');
    expect((await cache.entry('/books'))?.tags).toEqual(['books']);
  });

  test('are evicted by what the method of another controller says', async () => {
    const { ask } = await start(DiskCacheModule.forRoot({ cache: openCache() }));
    for (const path of ['/books', '/books/1', '/books/2']) await ask(path);
    expect((await ask('/books/2', { method: 'PUT' })).body).toEqual({ changed: true });
    expect((await ask('/books')).found).toBe('HIT');
    expect((await ask('/books/1')).found).toBe('HIT');
    expect((await ask('/books/2')).found).toBe('MISS');
    await ask('/books', { method: 'POST' });
    for (const path of ['/books', '/books/1', '/books/2']) expect((await ask(path)).found).toBe('MISS');
  });

  test('are evicted by what a method has returned', async () => {
    const { ask } = await start(DiskCacheModule.forRoot({ cache: openCache() }));
    for (const path of ['/books/1', '/books/2', '/books/3']) await ask(path);
    await ask('/books/1', { method: 'DELETE' });
    expect((await ask('/books/2')).found).toBe('MISS');
    expect((await ask('/books/3')).found).toBe('HIT');
  });

  test('stay when the method fails, and go when it answers nothing', async () => {
    const { ask } = await start(DiskCacheModule.forRoot({ cache: openCache() }));
    await ask('/books');
    expect((await ask('/books/failing', { method: 'POST' })).status).toBe(400);
    expect((await ask('/books')).found).toBe('HIT');
    expect((await ask('/books/nothing', { method: 'POST' })).status).toBe(201);
    expect((await ask('/books')).found).toBe('MISS');
  });

  test('are evicted although a function beside them fails, which fails the request', async () => {
    const { app, ask } = await start(DiskCacheModule.forRoot({ cache: openCache() }));
    app.useLogger(false);
    await ask('/books');
    expect((await ask('/books/untold', { method: 'POST' })).status).toBe(500);
    expect((await ask('/books')).found).toBe('MISS');
  });

  test('that are evicted while an answer is made keep it from being stored', async () => {
    const { ask } = await start(DiskCacheModule.forRoot({ cache: openCache() }));
    let goOn!: () => void;
    isSlow = new Promise((resolve) => (goOn = resolve));
    const before = made;
    const outdated = ask('/books/slow');
    await vi.waitFor(() => expect(made).toBe(before + 1));
    await ask('/books', { method: 'POST' });
    goOn();
    expect(await outdated).toMatchObject({ found: 'MISS', body: { made: before + 1 } });
    expect(await ask('/books/slow')).toMatchObject({ found: 'MISS', body: { made: before + 2 } });
  });

  test('work with a CacheModule of the app itself', async () => {
    const { ask } = await start(CacheModule.register({ stores: diskCacheStore({ cache: openCache() }) }));
    await ask('/books/1');
    await ask('/books', { method: 'POST' });
    expect((await ask('/books/1')).found).toBe('MISS');
  });

  test('take the place of those that the store gives', async () => {
    const cache = openCache();
    const tags = () => ['of the store'];
    const { ask } = await start(DiskCacheModule.forRoot({ cache, tags }));
    await ask('/books');
    expect((await cache.entry('/books'))?.tags).toEqual(['books']);
  });

  test('of another cache are evicted there', async () => {
    @Controller('reports')
    class ReportsController {
      @Post()
      @EvictTags('reports', { cache: 'reports' })
      @EvictTags('books')
      add() {
        return {};
      }
    }
    const [cache, reports] = [openCache(), openCache()];
    const { ask } = await listen({
      imports: [
        DiskCacheModule.forRoot({ cache }),
        DiskCacheModule.forRoot({ cache: reports, name: 'reports' }),
      ],
      controllers: [ReportsController],
    });
    for (const one of [cache, reports]) {
      await one.set('report', 1, { tags: ['reports'] });
      await one.set('book', 1, { tags: ['books'] });
    }
    await ask('/reports', { method: 'POST' });
    expect(await cache.getMany(['report', 'book'])).toEqual([1, undefined]);
    expect(await reports.getMany(['report', 'book'])).toEqual([undefined, 1]);
  });
});

describe('tags that cannot work', () => {
  test.for([
    ['a number', 5 as unknown as string, 'given the number 5'],
    ['an empty string', '', "given ''"],
  ] as const)('%s from a function is an error of the request that says whose', async ([, tag, given]) => {
    const { app, ask } = await start(DiskCacheModule.forRoot({ cache: openCache() }));
    const log = vi.fn();
    app.useLogger({ log, warn: log, error: log });
    wrongTags.mockReturnValue(tag);
    expect((await ask('/books/wrong')).status).toBe(500);
    expect(String(log.mock.calls)).toContain('@CacheTags() of BooksController.wrong: a tag must be a string');
    expect(String(log.mock.calls)).toContain(given);
    expect((await ask('/books/wrong/tags', { method: 'PUT' })).status).toBe(500);
    expect(String(log.mock.calls)).toContain(
      '@EvictTags() of EditingController.wrong: a tag must be a string',
    );
  });

  test('an empty tag, or none, is an error where the decorator stands', () => {
    expect(() => CacheTags('')).toThrow('@CacheTags(): a tag must be a string that is not empty');
    expect(() => CacheTags()).toThrow('@CacheTags() needs at least one tag');
    expect(() => EvictTags({ cache: 'reports' })).toThrow('@EvictTags() needs at least one tag');
    expect(() => EvictTags('books', { cache: '' })).toThrow("option 'cache' must be the name of a cache");
    expect(() => EvictTags('books', { cash: 'reports' } as never)).toThrow("option 'cash'");
  });

  test('@CacheTags() on a cache in memory is an error of the request', async () => {
    const { app, ask } = await listen({ imports: [CacheModule.register()], controllers: [BooksController] });
    const log = vi.fn();
    app.useLogger({ log, warn: log, error: log });
    expect((await ask('/books')).status).toBe(500);
    expect(String(log.mock.calls)).toContain('@CacheTags() needs a cache whose only store is a disk cache');
    expect(String(log.mock.calls)).toContain('this CACHE_MANAGER has a Keyv');
  });

  test('@EvictTags() on a cache in memory keeps the app from starting', async () => {
    const started = listen({ imports: [CacheModule.register()], controllers: [EditingController] });
    await expect(started).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_OPTION',
      message: expect.stringContaining('@EvictTags() needs a cache whose only store is a disk cache'),
    });
  });

  test('@EvictTags() behind a cache in memory keeps the app from starting', async () => {
    const { Keyv } = await import('keyv5');
    const stores = [new Keyv(), diskCacheStore({ cache: openCache() })];
    const started = listen({ imports: [CacheModule.register({ stores })], controllers: [EditingController] });
    await expect(started).rejects.toThrow('has a Keyv and a disk cache');
  });

  test('@CacheTags() under another interceptor is warned of, once', async () => {
    @Controller('plain')
    @UseInterceptors(CacheInterceptor)
    class PlainController {
      @Get(':id')
      @CacheTags('plain')
      find() {
        return { made: ++made };
      }
    }
    const { app, ask } = await listen({
      imports: [DiskCacheModule.forRoot({ cache: openCache() })],
      controllers: [PlainController],
    });
    const warn = vi.fn();
    app.useLogger({ log: vi.fn(), warn, error: vi.fn() });
    await ask('/plain/1');
    await ask('/plain/2');
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toContain(
      'PlainController.find has @CacheTags(), but no DiskCacheInterceptor',
    );
  });

  test('an eviction that fails is logged, and fails the request with throwOnErrors', async () => {
    for (const throwOnErrors of [false, true]) {
      const cache = openCache();
      const { app, ask } = await start(DiskCacheModule.forRoot({ cache, throwOnErrors }));
      const error = vi.fn();
      app.useLogger({ log: vi.fn(), warn: vi.fn(), error });
      await cache.close();
      expect((await ask('/books', { method: 'POST' })).status).toBe(throwOnErrors ? 500 : 201);
      expect(String(error.mock.calls)).toContain(
        throwOnErrors
          ? 'is closed'
          : 'what EditingController.add has made out of date is still cached (tags books, slow)',
      );
    }
  });
});
