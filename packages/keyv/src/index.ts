import '@diskcache/core';

export { KeyvDiskStore, type KeyvDiskStoreOptions } from './keyv-disk-store.ts';
export { createKeyv, type CreateKeyv, type CreateKeyvOptions, type KeyvClass } from './create-keyv.ts';
export type { CacheSource } from './opened-cache.ts';

// What other stores of DiskCache are made of.
export { expiryOfTtl } from './expiry.ts';
export { assertOption, isTextOrNone, stringKey } from './misuse.ts';
export { type OpenedCache, openCache } from './opened-cache.ts';
export { plainData } from './plain-data.ts';
export { StoreEvents } from './store-events.ts';
