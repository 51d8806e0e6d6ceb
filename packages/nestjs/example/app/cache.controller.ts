import { DiskCache } from '@diskcache/core';
import { Controller, Delete, Get, Param } from '@nestjs/common';

/** What a cache in memory does not have. */
@Controller('cache')
export class CacheController {
  readonly #cache: DiskCache;

  constructor(cache: DiskCache) {
    this.#cache = cache;
  }

  @Get()
  stats() {
    return this.#cache.stats();
  }

  @Delete('tags/:tag')
  async evict(@Param('tag') tag: string) {
    return { evicted: await this.#cache.evict(tag) };
  }
}
