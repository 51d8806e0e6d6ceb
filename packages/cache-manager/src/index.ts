import '@diskcache/core';

export { DiskStore, type DiskStoreEntry, type DiskStoreOptions, type RawEntry } from './disk-store.ts';
export { createDiskStore, type CreateDiskStore, type StoreOf } from './create-disk-store.ts';
export {
  type AsRecord,
  LegacyDiskStore,
  legacyDiskStore,
  type LegacyDiskStoreConfig,
} from './legacy-disk-store.ts';
export { assertStores } from './assert-stores.ts';
export {
  type TaggableCache,
  tagged,
  type TaggedCache,
  type TaggedSetOptions,
  type TaggedWrapOptions,
} from './tagged.ts';
export { diskStoreOf } from './disk-store-of.ts';
export { type CacheSource, type Tags, withTags } from '@diskcache/keyv';
