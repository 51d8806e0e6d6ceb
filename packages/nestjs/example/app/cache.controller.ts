import { diskStoreOf } from '@diskcache/nestjs';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Controller, Delete, Get, Inject, Param } from '@nestjs/common';
import type { Cache } from 'cache-manager';

/** What a cache in memory does not have. */
@Controller('cache')
export class CacheController {
  readonly #cache: Cache;

  constructor(@Inject(CACHE_MANAGER) cache: Cache) {
    this.#cache = cache;
  }

  @Get()
  stats() {
    return diskStoreOf(this.#cache).cache.stats();
  }

  @Delete('tags/:tag')
  async evict(@Param('tag') tag: string) {
    return { evicted: await diskStoreOf(this.#cache).evict(tag) };
  }
}
