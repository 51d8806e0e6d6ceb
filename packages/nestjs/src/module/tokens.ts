import { DiskCache } from '@diskcache/core';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, type InjectionToken } from '@nestjs/common';

/** By what the DiskCache of that name is injected; the one without a name by its class. */
export function getDiskCacheToken(name?: string): InjectionToken {
  return name === undefined ? DiskCache : `DiskCache:${name}`;
}

/** By what cache-manager's cache of that name is injected; the one without a name by CACHE_MANAGER, as everywhere in NestJS. */
export function getCacheManagerToken(name?: string): InjectionToken {
  return name === undefined ? CACHE_MANAGER : `${CACHE_MANAGER}:${name}`;
}

/**
 * Injects the DiskCache that DiskCacheModule has opened under a name, or without one.
 *
 * @example
 * ```ts
 * import type { DiskCache } from '@diskcache/core';
 * import { InjectDiskCache } from '@diskcache/nestjs';
 * import { Injectable } from '@nestjs/common';
 *
 * @Injectable()
 * export class Reports {
 *   constructor(@InjectDiskCache('reports') private readonly cache: DiskCache) {}
 *
 *   yearly = (year: number) => this.cache.getOrSet(`year:${year}`, () => `the report of ${year}`);
 * }
 * ```
 */
export const InjectDiskCache = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getDiskCacheToken(name));

/** Injects cache-manager's cache on the DiskCache of a name; without one it is `@Inject(CACHE_MANAGER)`. */
export const InjectCacheManager = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getCacheManagerToken(name));
