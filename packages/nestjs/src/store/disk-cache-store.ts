import type { DiskStore, DiskStoreOptions, LegacyDiskStore } from '@diskcache/cache-manager';
import { DiskCacheError } from '@diskcache/core';
import { AnswerStore } from './answer-store.ts';
import { isLegacy } from './installed-cache-manager.ts';
import { LegacyAnswerStore } from './legacy-answer-store.ts';

/**
 * A store on disk for a CacheModule of your own, with cache-manager 6 or 7. It keeps what interceptors and the cache manager
 * store over restarts and shares it with the other processes that use the directory. NestJS closes it when the application
 * closes.
 *
 * @throws InvalidArgumentError when an option is wrong, DiskCacheError `ERR_DISKCACHE_OPTION` with cache-manager 5, and what
 *   DiskCache throws
 * @example
 * ```ts
 * import { diskCacheStore } from '@diskcache/nestjs';
 * import { CacheModule } from '@nestjs/cache-manager';
 * import { Module } from '@nestjs/common';
 *
 * @Module({
 *   imports: [CacheModule.register({ ttl: 60_000, stores: diskCacheStore({ directory: './cache' }) })],
 * })
 * export class AppModule {}
 * ```
 */
export function diskCacheStore(options: DiskStoreOptions): DiskStore {
  if (isLegacy) {
    throw new DiskCacheError(
      'ERR_DISKCACHE_OPTION',
      'diskCacheStore() is for cache-manager 6 and 7. With cache-manager 5, as of NestJS 10, use ' +
        'DiskCacheModule.forRoot({ directory }), or CacheModule.register({ store: legacyDiskCacheStore({ directory }) })',
    );
  }
  return new AnswerStore(options);
}

/**
 * The same for cache-manager 5, as @nestjs/cache-manager 2 of NestJS 10 has it:
 * `CacheModule.register({ store: legacyDiskCacheStore({ directory: './cache', ttl: 60_000 }) })`. That closes nothing:
 * `disconnect()` does, and DiskCacheModule.
 *
 * @throws InvalidArgumentError when an option is wrong, DiskCacheError `ERR_DISKCACHE_OPTION` with cache-manager 6 and 7, and
 *   what DiskCache throws
 */
export function legacyDiskCacheStore(options: DiskStoreOptions): LegacyDiskStore {
  if (!isLegacy) {
    throw new DiskCacheError(
      'ERR_DISKCACHE_OPTION',
      'legacyDiskCacheStore() is for cache-manager 5. With cache-manager 6 and 7 use diskCacheStore({ directory })',
    );
  }
  return new LegacyAnswerStore(new AnswerStore(options));
}
