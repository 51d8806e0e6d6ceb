import '@diskcache/core';

export { DiskCacheModule } from './module/disk-cache-module.ts';
export type {
  DiskCacheModuleAsyncOptions,
  DiskCacheModuleOptions,
  DiskCacheModuleRootOptions,
  DiskCacheModuleScope,
  DiskCacheOptionsFactory,
  DiskCacheOptionsSource,
} from './module/module-options.ts';
export {
  getCacheManagerToken,
  getDiskCacheToken,
  InjectCacheManager,
  InjectDiskCache,
} from './module/tokens.ts';
export { DiskCacheInterceptor } from './answers/disk-cache-interceptor.ts';
export { diskCacheInterceptor } from './answers/named-interceptor.ts';
export { CacheTags } from './tags/cache-tags.ts';
export { EvictTags, type EvictTagsOptions } from './tags/evict-tags.ts';
export type { HttpRequest, Tags, TagsOfRequest } from './tags/tags-of.ts';
export type { TagsDecorator, TagsMethodDecorator } from './tags/tags-decorator.ts';
export { DiskCacheHealthIndicator, type DiskCacheHealth } from './health/disk-cache-health-indicator.ts';
export { diskCacheStore, legacyDiskCacheStore } from './store/disk-cache-store.ts';
export {
  type DiskStore,
  type DiskStoreOptions,
  diskStoreOf,
  type LegacyDiskStore,
  tagged,
  withTags,
} from '@diskcache/cache-manager';
