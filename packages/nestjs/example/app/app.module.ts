import { diskCacheStore } from '@diskcache/nestjs';
import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { BooksController } from './books.controller.ts';
import { BooksService } from './books.service.ts';
import { CacheController } from './cache.controller.ts';
import { ReportController } from './report.controller.ts';

const directory = process.env.CACHE_DIRECTORY ?? './cache';
const tags = (key: string) => (key.startsWith('/books') ? ['books'] : []);

@Module({
  imports: [
    // In memory:
    // CacheModule.register({ ttl: 600_000 }),
    // On disk:
    CacheModule.register({
      ttl: 600_000,
      stores: diskCacheStore({ directory, tags, sizeLimit: 64 * 1024 ** 2 }),
    }),
  ],
  controllers: [BooksController, ReportController, CacheController],
  providers: [BooksService],
})
export class AppModule {}
