import { randomUUID } from 'node:crypto';
import { type CacheStore, DiskCache, InvalidArgumentError } from '@diskcache/core';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { failingResult } from './failing-result.ts';

/** How a cache is, in the form of Terminus. */
export type DiskCacheHealth<Name extends string = string> = Record<
  Name,
  {
    status: 'up' | 'down';
    /** Live entries, where it is up. */
    entries?: number;
    /** Their bytes on disk. */
    size?: number;
    sizeLimit?: number;
    /** What is wrong, where it is down. */
    message?: string;
    code?: string;
  }
>;

const ONE_MINUTE_MS = 60_000;

/**
 * Tells whether a cache can be written and read, for @nestjs/terminus 10 to 12 and without it. DiskCacheModule provides it.
 *
 * @example
 * ```ts
 * import { DiskCacheHealthIndicator } from '@diskcache/nestjs';
 * import { Controller, Get } from '@nestjs/common';
 * import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
 *
 * @Controller('health')
 * export class HealthController {
 *   constructor(
 *     private readonly health: HealthCheckService,
 *     private readonly diskCache: DiskCacheHealthIndicator,
 *   ) {}
 *
 *   @Get()
 *   @HealthCheck()
 *   check() {
 *     return this.health.check([() => this.diskCache.isHealthy('cache')]);
 *   }
 * }
 * ```
 */
@Injectable()
export class DiskCacheHealthIndicator {
  readonly #cache: CacheStore | undefined;

  constructor(@Optional() @Inject(DiskCache) cache?: CacheStore) {
    this.#cache = cache;
  }

  /**
   * Stores an entry and removes it again. Costs two small transactions and what stats() does.
   *
   * @param name of the result
   * @param options `cache`: which one, when it is not the one that is injected as DiskCache
   * @returns `{ [name]: { status: 'up', entries, size, sizeLimit } }`, or `{ [name]: { status: 'down', message, code } }`
   * @throws with Terminus 10 its HealthCheckError in the place of the latter, since it takes whatever is returned for healthy
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when there is no cache
   */
  async isHealthy<const Name extends string = 'diskcache'>(
    name: Name = 'diskcache' as Name,
    { cache = this.#cache }: { cache?: CacheStore | undefined } = {},
  ): Promise<DiskCacheHealth<Name>> {
    if (cache === undefined) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_OPTION',
        "there is no DiskCache to inject here: import DiskCacheModule, or pass isHealthy() one as option 'cache'",
      );
    }
    try {
      await writeAndRead(cache);
      const { count, size, sizeLimit } = await cache.stats();
      return { [name]: { status: 'up', entries: count, size, sizeLimit } } as DiskCacheHealth<Name>;
    } catch (error) {
      const { message, code } = error as { message: string; code?: string };
      return failingResult({
        [name]: { status: 'down', message, ...(code && { code }) },
      } as DiskCacheHealth<Name>);
    }
  }
}

async function writeAndRead(cache: CacheStore): Promise<void> {
  const key = `diskcache:health:${randomUUID()}`;
  try {
    await cache.set(key, true, { ttl: ONE_MINUTE_MS });
  } catch (error) {
    // Then reading is all it has to be able to.
    if ((error as { code?: unknown }).code === 'ERR_DISKCACHE_READ_ONLY') return;
    throw error;
  }
  if (!(await cache.has(key))) throw new Error('an entry that was just stored is not there');
  await cache.delete(key);
}
