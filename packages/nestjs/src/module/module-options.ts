import { InvalidArgumentError } from '@diskcache/core';
import type { DiskStoreOptions } from '@diskcache/cache-manager';
import { assertOption, shown } from '@diskcache/keyv';
import type {
  InjectionToken,
  ModuleMetadata,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common';

/** How a cache is opened, and how cache-manager works on it. */
export type DiskCacheModuleOptions = DiskStoreOptions & {
  /** cache-manager's: what wrap() finds with less than so many ms to live is computed anew in the background. @default none */
  refreshThreshold?: number | undefined;
};

/** What has to be known before there is anything to inject. */
export interface DiskCacheModuleScope {
  /**
   * For a further cache: it is injected by `@InjectDiskCache(name)` and `@InjectCacheManager(name)`, and used by
   * `diskCacheInterceptor(name)` and `@EvictTags(…, { cache: name })`.
   *
   * @default none: it is injected as `DiskCache` and CACHE_MANAGER, and used by DiskCacheInterceptor
   */
  name?: string | undefined;
  /** Whether all modules of the app can inject it, without importing DiskCacheModule. @default false */
  isGlobal?: boolean | undefined;
  /**
   * Whether a CacheModule is registered too, for CACHE_MANAGER and the interceptors. False leaves that to one of your own.
   *
   * @default true
   */
  cacheModule?: boolean | undefined;
}

/** What DiskCacheModule.forRoot() takes. */
export type DiskCacheModuleRootOptions = DiskCacheModuleOptions & DiskCacheModuleScope;

/** A class that tells the options, for `useClass` and `useExisting` of DiskCacheModule.forRootAsync(). */
export interface DiskCacheOptionsFactory {
  createDiskCacheOptions(): DiskCacheModuleOptions | Promise<DiskCacheModuleOptions>;
}

/** Where DiskCacheModule.forRootAsync() gets the options from. */
export type DiskCacheOptionsSource =
  | {
      /** A function that gives them, or a promise of them. What `inject` names is passed to it. */
      useFactory: (...injected: never[]) => DiskCacheModuleOptions | Promise<DiskCacheModuleOptions>;
      inject?: (InjectionToken | OptionalFactoryDependency)[] | undefined;
      useClass?: undefined;
      useExisting?: undefined;
    }
  | {
      /** A class that is made for it. */
      useClass: Type<DiskCacheOptionsFactory>;
      inject?: undefined;
      useFactory?: undefined;
      useExisting?: undefined;
    }
  | {
      /** A provider that there is, in one of `imports` or in a global module. */
      useExisting: InjectionToken<DiskCacheOptionsFactory>;
      inject?: undefined;
      useFactory?: undefined;
      useClass?: undefined;
    };

/** What DiskCacheModule.forRootAsync() takes. */
export type DiskCacheModuleAsyncOptions = DiskCacheModuleScope &
  DiskCacheOptionsSource & {
    /** Modules that export what is injected. */
    imports?: ModuleMetadata['imports'] | undefined;
    /** Further providers, for what is injected. */
    extraProviders?: Provider[] | undefined;
  };

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function assertObject(method: string, given: unknown): void {
  if (typeof given === 'object' && given !== null) return;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${method} takes an object of options; given ${shown(given)}`,
  );
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function assertScope({ name, isGlobal, cacheModule }: DiskCacheModuleScope): void {
  const isName = name === undefined || (typeof name === 'string' && name !== '');
  assertOption('name', name, isName, 'a string that is not empty');
  assertOption('isGlobal', isGlobal, isFlag(isGlobal), 'true or false');
  assertOption('cacheModule', cacheModule, isFlag(cacheModule), 'true or false');
}

/**
 * The providers of the options, under a token.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` unless there is exactly one source
 */
export function optionsProviders(token: InjectionToken, source: DiskCacheOptionsSource): Provider[] {
  const given = [source.useFactory, source.useClass, source.useExisting].filter(Boolean);
  if (given.length !== 1) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `forRootAsync() takes one of 'useFactory', 'useClass' and 'useExisting'; given ${given.length || 'none'}`,
    );
  }
  if (source.useFactory !== undefined) {
    const useFactory = source.useFactory as (...injected: unknown[]) => unknown;
    return [{ provide: token, useFactory, inject: source.inject ?? [] }];
  }
  const factory = source.useClass ?? (source.useExisting as InjectionToken);
  const ofFactory: Provider = {
    provide: token,
    useFactory: optionsBy,
    inject: [factory],
  };
  return source.useClass === undefined ? [ofFactory] : [source.useClass, ofFactory];
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
function optionsBy(
  factory: DiskCacheOptionsFactory,
): ReturnType<DiskCacheOptionsFactory['createDiskCacheOptions']> {
  if (
    typeof (factory as Partial<DiskCacheOptionsFactory> | undefined)?.createDiskCacheOptions === 'function'
  ) {
    return factory.createDiskCacheOptions();
  }
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `'useClass' and 'useExisting' of forRootAsync() need createDiskCacheOptions(), which there is not in ${shown(factory)}`,
  );
}

function isFlag(given: unknown): boolean {
  return given === undefined || typeof given === 'boolean';
}
