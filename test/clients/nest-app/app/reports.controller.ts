import { diskCacheInterceptor, EvictTags, InjectCacheManager } from '@diskcache/nestjs';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Controller, Delete, Get, Inject, UseInterceptors } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { made } from './made.ts';

@Controller('reports')
export class ReportsController {
  @Inject(CACHE_MANAGER) private readonly cache!: Cache;
  @InjectCacheManager('reports') private readonly reports!: Cache;

  @Get()
  @UseInterceptors(diskCacheInterceptor('reports'))
  yearly() {
    return { made: made() };
  }

  @Get('wrapped')
  async wrapped() {
    return this.cache.wrap('wrapped', async () => ({ value: 1, born: new Date(0), made: made() }));
  }

  @Get('wrapped-by-name')
  async wrappedByName() {
    return this.reports.wrap('wrapped', async () => ({ made: made() }), 20_000);
  }

  @Delete()
  @EvictTags('books')
  evictBooks() {
    return { evicted: true };
  }
}
