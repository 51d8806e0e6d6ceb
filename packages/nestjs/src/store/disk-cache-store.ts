import type { DiskStore, DiskStoreOptions } from '@diskcache/cache-manager';
import { AnswerStore } from './answer-store.ts';

/**
 * A store on disk for a CacheModule of your own. It keeps what interceptors and the cache manager store over restarts and
 * shares it with the other processes that use the directory. NestJS closes it when the application closes.
 *
 * @throws InvalidArgumentError when an option is wrong, and what DiskCache throws
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
  return new AnswerStore(options);
}
