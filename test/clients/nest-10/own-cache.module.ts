import { DiskCache } from '@diskcache/core';
import { legacyDiskCacheStore } from '@diskcache/nestjs';
import { CacheModule } from '@nestjs/cache-manager';

/** As an app registers it itself. */
export const OwnCacheModule = CacheModule.registerAsync({
  isGlobal: true,
  inject: [DiskCache],
  useFactory: (cache: DiskCache) => ({ store: legacyDiskCacheStore({ cache, ttl: 60_000 }) }),
});
