import { join } from 'node:path';
import { DiskCacheModule, type DiskCacheModuleOptions } from '@diskcache/nestjs';
import { Injectable, Module } from '@nestjs/common';
import { clock } from './clock.ts';
import { OwnCacheModule } from './own-cache.module.ts';

const directory = process.env.CACHE_DIRECTORY ?? './cache';
const reports = { name: 'reports', directory: join(directory, 'reports'), isGlobal: true, clock };

@Injectable()
class Settings {
  createDiskCacheOptions(): DiskCacheModuleOptions {
    return { directory, ttl: 60_000, clock };
  }
}

@Module({
  imports: [
    DiskCacheModule.forRootAsync({ isGlobal: true, useClass: Settings }),
    DiskCacheModule.forRoot(reports),
  ],
})
class BothModule {}

/** The same with a CacheModule that the app registers itself. */
@Module({
  imports: [
    DiskCacheModule.forRoot({ directory, cacheModule: false, isGlobal: true, clock }),
    OwnCacheModule,
    DiskCacheModule.forRoot(reports),
  ],
})
class OwnModule {}

@Module({ imports: [process.env.OWN_CACHE_MODULE ? OwnModule : BothModule] })
export class CachesModule {}
