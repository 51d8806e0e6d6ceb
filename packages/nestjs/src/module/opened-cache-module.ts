import type { DiskStoreOptions } from '@diskcache/cache-manager';
import { assertOption } from '@diskcache/keyv';
import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { DiskCacheHealthIndicator } from '../health/disk-cache-health-indicator.ts';
import { AppStore } from './app-store.ts';
import type { DiskCacheModuleOptions } from './module-options.ts';
import { getDiskCacheToken } from './tokens.ts';

/** By what the options of a cache are injected. */
export const optionsToken = (name?: string): string => `DiskCacheModuleOptions:${name ?? ''}`;
/** By what the store of a cache is injected. */
export const storeToken = (name?: string): string => `DiskStore:${name ?? ''}`;

/** Opens one cache for an app, and closes it with the app. */
@Module({})
export class OpenedCacheModule {
  /** @param told the providers of its options, under optionsToken(name) */
  static of(name: string | undefined, told: Provider[], imports: ModuleMetadata['imports']): DynamicModule {
    const store: Provider = {
      provide: storeToken(name),
      useFactory: (options: DiskCacheModuleOptions) => {
        const { refreshThreshold, ...given } = { ...options };
        const isMs =
          refreshThreshold === undefined || (typeof refreshThreshold === 'number' && refreshThreshold >= 0);
        assertOption('refreshThreshold', refreshThreshold, isMs, 'a number of milliseconds from 0 up');
        return new AppStore(given as DiskStoreOptions);
      },
      inject: [optionsToken(name)],
    };
    const cache: Provider = {
      provide: getDiskCacheToken(name),
      useFactory: (opened: AppStore) => opened.cache,
      inject: [store.provide],
    };
    const health = name === undefined ? [DiskCacheHealthIndicator] : [];
    return {
      module: OpenedCacheModule,
      ...(imports === undefined ? {} : { imports }),
      providers: [...told, store, cache, ...health],
      exports: [optionsToken(name), store.provide, cache.provide, ...health],
    };
  }
}
