import { Inject, Injectable, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { getCacheManagerToken } from '../module/tokens.ts';
import { DiskCacheInterceptor } from './disk-cache-interceptor.ts';

const made = new Map<string, Type<DiskCacheInterceptor>>();

/**
 * DiskCacheInterceptor on the cache of a name.
 *
 * @example
 * ```ts
 * import { diskCacheInterceptor } from '@diskcache/nestjs';
 * import { Controller, Get, UseInterceptors } from '@nestjs/common';
 *
 * @Controller('reports')
 * @UseInterceptors(diskCacheInterceptor('reports'))
 * export class ReportsController {
 *   @Get()
 *   yearly() {
 *     return { sold: 2671 };
 *   }
 * }
 * ```
 */
export function diskCacheInterceptor(name: string): Type<DiskCacheInterceptor> {
  const interceptor = made.get(name) ?? newInterceptor(name);
  made.set(name, interceptor);
  return interceptor;
}

function newInterceptor(name: string): Type<DiskCacheInterceptor> {
  @Injectable()
  class NamedDiskCacheInterceptor extends DiskCacheInterceptor {
    constructor(
      @Inject(getCacheManagerToken(name)) cacheManager: unknown,
      @Inject(Reflector) reflector: Reflector,
    ) {
      super(cacheManager, reflector);
    }
  }
  return NamedDiskCacheInterceptor;
}
