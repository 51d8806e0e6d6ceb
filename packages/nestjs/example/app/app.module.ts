import { DiskCacheModule } from '@diskcache/nestjs';
import { Module } from '@nestjs/common';
import { BooksController } from './books.controller.ts';
import { BooksService } from './books.service.ts';
import { CacheController } from './cache.controller.ts';
import { ReportController } from './report.controller.ts';

const directory = process.env.CACHE_DIRECTORY ?? './cache';

@Module({
  imports: [
    // In memory:
    // CacheModule.register({ ttl: 600_000 }),
    // On disk:
    DiskCacheModule.forRoot({ directory, ttl: 600_000, sizeLimit: 64 * 1024 ** 2 }),
  ],
  controllers: [BooksController, ReportController, CacheController],
  providers: [BooksService],
})
export class AppModule {}
