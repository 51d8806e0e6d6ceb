import '@diskcache/core';

export { diskCacheStore } from './disk-cache-store.ts';
export { type DiskStore, type DiskStoreOptions, diskStoreOf } from '@diskcache/cache-manager';
