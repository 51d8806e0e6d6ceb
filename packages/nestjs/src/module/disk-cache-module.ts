import { CacheModule, type CacheOptions } from '@nestjs/cache-manager';
import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { createManager, isLegacy } from '../store/installed-cache-manager.ts';
import { LegacyAnswerStore } from '../store/legacy-answer-store.ts';
import type { AppStore } from './app-store.ts';
import {
  assertObject,
  assertScope,
  type DiskCacheModuleAsyncOptions,
  type DiskCacheModuleOptions,
  type DiskCacheModuleRootOptions,
  type DiskCacheModuleScope,
  optionsProviders,
} from './module-options.ts';
import { OneGlobalCache } from './one-global-cache.ts';
import { OpenedCacheModule, optionsToken, storeToken } from './opened-cache-module.ts';
import { getCacheManagerToken } from './tokens.ts';

/**
 * Opens a cache on disk for an app and registers CacheModule with it: CACHE_MANAGER, CacheInterceptor and
 * DiskCacheInterceptor work on it, and `DiskCache` can be injected. It is closed with the app, after the server has
 * answered what it was asked: by `app.close()`, or on a signal after `app.enableShutdownHooks()`.
 *
 * @example
 * ```ts
 * import { DiskCache } from '@diskcache/core';
 * import { DiskCacheModule, InjectDiskCache } from '@diskcache/nestjs';
 * import { Module } from '@nestjs/common';
 *
 * @Module({
 *   imports: [
 *     DiskCacheModule.forRoot({ directory: './cache', ttl: 60_000, isGlobal: true }),
 *     DiskCacheModule.forRoot({ name: 'reports', directory: './reports', sizeLimit: 5_000_000_000 }),
 *   ],
 * })
 * export class AppModule {
 *   constructor(cache: DiskCache, @InjectDiskCache('reports') reports: DiskCache) {}
 * }
 * ```
 */
@Module({})
export class DiskCacheModule {
  /**
   * A cache whose options are known here.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when `name`, `isGlobal` or `cacheModule` is wrong. What is wrong with
   *   the others is thrown when the app is created, as is what DiskCache throws
   */
  static forRoot(given: DiskCacheModuleRootOptions): DynamicModule {
    assertObject('forRoot()', given);
    const { name, isGlobal, cacheModule, ...options } = given;
    const provider = { provide: optionsToken(name), useValue: options };
    return moduleOf({ name, isGlobal, cacheModule }, [provider]);
  }

  /**
   * A cache whose options are told by a function or a class, which other providers can be injected into.
   *
   * @throws InvalidArgumentError as forRoot(), and unless there is one of `useFactory`, `useClass` and `useExisting`
   * @example
   * ```ts
   * import { DiskCacheModule } from '@diskcache/nestjs';
   * import { Injectable, Module } from '@nestjs/common';
   *
   * @Injectable()
   * class Settings {
   *   readonly directory = process.env.CACHE_DIRECTORY ?? './cache';
   * }
   *
   * @Module({
   *   imports: [
   *     DiskCacheModule.forRootAsync({
   *       extraProviders: [Settings],
   *       inject: [Settings],
   *       useFactory: ({ directory }: Settings) => ({ directory }),
   *     }),
   *   ],
   * })
   * export class AppModule {}
   * ```
   */
  static forRootAsync(given: DiskCacheModuleAsyncOptions): DynamicModule {
    assertObject('forRootAsync()', given);
    const { name, isGlobal, cacheModule, imports, extraProviders = [], ...source } = given;
    const providers = [...optionsProviders(optionsToken(name), source), ...extraProviders];
    return moduleOf({ name, isGlobal, cacheModule }, providers, imports);
  }
}

function moduleOf(
  scope: DiskCacheModuleScope,
  options: Provider[],
  imports?: ModuleMetadata['imports'],
): DynamicModule {
  assertScope(scope);
  const { name, isGlobal = false, cacheModule = true } = scope;
  const opened = OpenedCacheModule.of(name, options, imports);
  const outer = { module: DiskCacheModule, global: isGlobal };
  if (!cacheModule) return { ...outer, imports: [opened], exports: [opened] };
  if (name === undefined) {
    const managed = cacheModuleOn(opened);
    return { ...outer, imports: [opened, managed], providers: [OneGlobalCache], exports: [opened, managed] };
  }
  // Not by a CacheModule: several could not be told apart by app.get(CACHE_MANAGER).
  const manager = {
    provide: getCacheManagerToken(name),
    useFactory: (store: AppStore, given: DiskCacheModuleOptions) =>
      createManager(store, managerOptions(given)),
    inject: [storeToken(name), optionsToken(name)],
  };
  return { ...outer, imports: [opened], providers: [manager], exports: [opened, manager.provide] };
}

function cacheModuleOn(opened: DynamicModule): DynamicModule {
  return CacheModule.registerAsync({
    imports: [opened],
    inject: [storeToken(), optionsToken()],
    useFactory: (store: AppStore, given: DiskCacheModuleOptions): CacheOptions => ({
      ...(isLegacy ? { store: new LegacyAnswerStore(store) } : { stores: store }),
      ...managerOptions(given),
    }),
  });
}

function managerOptions({ refreshThreshold }: DiskCacheModuleOptions): { refreshThreshold?: number } {
  return refreshThreshold === undefined ? {} : { refreshThreshold };
}
