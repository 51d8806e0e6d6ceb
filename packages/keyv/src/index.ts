import '@diskcache/core';

export { KeyvDiskStore, type KeyvDiskStoreEntry, type KeyvDiskStoreOptions } from './keyv-disk-store.ts';
export { createKeyv, type CreateKeyv, type CreateKeyvOptions, type KeyvClass } from './create-keyv.ts';
export { storeOf } from './store-of.ts';
export { type Tags, withTags } from './tags.ts';
export type { CacheSource } from './opened-cache.ts';

// What other stores of DiskCache are made of.
export { CacheView } from './cache-view.ts';
export { expiryOfTtl } from './expiry.ts';
export { assertOption, assertOptions, isTextOrNone, shown, stringKey, unknownOption } from './misuse.ts';
export { assertTags } from './tags.ts';
export { namespacePrefix } from './key-names.ts';
export { keptFromEnvelopes, withoutEnvelope } from './stored-form.ts';
export { plainData } from './plain-data.ts';
export { ToldFailures } from './told-failures.ts';
