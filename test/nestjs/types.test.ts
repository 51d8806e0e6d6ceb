import type { DiskCache } from '@diskcache/core';
import {
  CacheTags,
  DiskCacheHealthIndicator,
  DiskCacheInterceptor,
  diskCacheInterceptor,
  DiskCacheModule,
  type DiskCacheOptionsFactory,
  diskCacheStore,
  diskStoreOf,
  EvictTags,
} from '@diskcache/nestjs';
import { CacheModule } from '@nestjs/cache-manager';
import { type DynamicModule, type ExecutionContext, Injectable, UseInterceptors } from '@nestjs/common';
import { createCache } from 'cache-manager';
import { of } from 'rxjs';
import { expect, expectTypeOf, test } from 'vitest';

/** Checked by the compiler; what runs is only to call it. */
declare const cache: DiskCache;
const compiles = (check: () => unknown) => expect(check).toBeTypeOf('function');

interface Book {
  id: number;
  author: string;
}
interface SignedInRequest {
  user: { id: string };
}
const leGuin: Book = { id: 1, author: 'Le Guin' };

test('the decorators of tags take strings, and functions of request, body and context', () => {
  compiles(() => {
    @UseInterceptors(DiskCacheInterceptor, diskCacheInterceptor('reports'))
    @CacheTags('books', (request) => request.url)
    class BooksController {
      @CacheTags('one', 'two')
      @EvictTags('one', 'two', { cache: 'reports' })
      now() {
        return leGuin;
      }

      @CacheTags((request) => `book:${request.params.id}`)
      @EvictTags((request) => [`book:${request.params.id}`, String(request.headers.authorization)])
      async later(_id: number) {
        return leGuin;
      }

      @CacheTags((_request, book: Book) => book.author)
      @EvictTags('books', (_request, book: Book) => [book.author])
      observed() {
        return of(leGuin);
      }

      @CacheTags((request: SignedInRequest) => request.user.id)
      @EvictTags((request: SignedInRequest, book: Book) => (book.id === 1 ? request.user.id : undefined))
      signedIn() {
        return leGuin;
      }

      @CacheTags((_request, _body, context) => {
        expectTypeOf(context).toEqualTypeOf<ExecutionContext>();
        return context.getHandler().name;
      })
      named() {
        return leGuin;
      }
    }
    return BooksController;
  });
});

test('the decorators of tags refuse what cannot be', () => {
  compiles(() => {
    // @ts-expect-error the routes of a class have bodies of many kinds
    @CacheTags((_request, book: Book) => book.author)
    // @ts-expect-error evictions are of single methods
    @EvictTags('books')
    class BooksController {
      // @ts-expect-error the method answers a list
      @CacheTags((_request, book: Book) => book.author)
      list() {
        return [leGuin];
      }

      // @ts-expect-error the method answers a list
      @EvictTags((_request, book: Book) => book.author)
      async evicting() {
        return [leGuin];
      }

      // @ts-expect-error a number is no tag
      @CacheTags(5)
      number() {}

      // @ts-expect-error nor is what a function returns
      @EvictTags(() => 5)
      computedNumber() {}

      // @ts-expect-error there is no such option
      @EvictTags('books', { cash: 'reports' })
      misspelled() {}

      // @ts-expect-error nor are options a tag
      @CacheTags('books', { cache: 'reports' })
      options() {}

      // @ts-expect-error a property answers nothing
      @CacheTags('books')
      property = 1;
    }
    return BooksController;
  });
});

test('forRoot() and forRootAsync() take what they need, and nothing else', () => {
  compiles(() => {
    @Injectable()
    class Options implements DiskCacheOptionsFactory {
      createDiskCacheOptions() {
        return { directory: './cache', ttl: 5 };
      }
    }
    expectTypeOf(DiskCacheModule.forRoot({ directory: './cache' })).toEqualTypeOf<DynamicModule>();
    DiskCacheModule.forRoot({
      cache,
      name: 'reports',
      isGlobal: true,
      cacheModule: false,
      refreshThreshold: 5,
    });
    DiskCacheModule.forRoot({
      directory: './cache',
      sizeLimit: 5_000_000,
      eviction: 'lfu',
      namespace: 'app',
    });
    DiskCacheModule.forRootAsync({ useFactory: async () => ({ directory: './cache' }) });
    DiskCacheModule.forRootAsync({
      inject: [Options],
      useFactory: (options: Options) => options.createDiskCacheOptions(),
    });
    DiskCacheModule.forRootAsync({ name: 'reports', useClass: Options, imports: [] });
    DiskCacheModule.forRootAsync({ useExisting: Options });

    // @ts-expect-error there must be a directory or a cache
    DiskCacheModule.forRoot({ ttl: 5 });
    // @ts-expect-error not both
    DiskCacheModule.forRoot({ directory: './cache', cache });
    // @ts-expect-error an option that there is not
    DiskCacheModule.forRoot({ directory: './cache', sizeLimt: 5 });
    // @ts-expect-error a ttl is a number
    DiskCacheModule.forRoot({ directory: './cache', ttl: '1m' });
    // @ts-expect-error there must be a source
    DiskCacheModule.forRootAsync({ isGlobal: true });
    // @ts-expect-error only one
    DiskCacheModule.forRootAsync({ useClass: Options, useExisting: Options });
    // @ts-expect-error the class must tell options
    DiskCacheModule.forRootAsync({ useClass: DiskCacheInterceptor });
    // @ts-expect-error the factory must give them
    DiskCacheModule.forRootAsync({ useFactory: () => ({ ttl: 5 }) });
  });
});

test('CacheModule takes the store without a cast', () => {
  compiles(() => {
    CacheModule.register({ stores: diskCacheStore({ directory: './cache' }), ttl: 5 });
    CacheModule.register({ stores: [diskCacheStore({ cache })] });
    CacheModule.registerAsync({ useFactory: () => ({ stores: diskCacheStore({ cache }) }) });
    expectTypeOf(diskStoreOf(createCache()).evict('tag')).resolves.toEqualTypeOf<number>();
  });
});

test('the health of a cache has the name that it was asked by', () => {
  compiles(async () => {
    const health = await new DiskCacheHealthIndicator(cache).isHealthy('pages');
    expectTypeOf(health.pages.status).toEqualTypeOf<'up' | 'down'>();
    // @ts-expect-error and no other
    void health.reports;
  });
});
