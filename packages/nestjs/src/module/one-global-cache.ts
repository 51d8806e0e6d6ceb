import { InvalidArgumentError } from '@diskcache/core';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/** Refuses two global modules that provide CACHE_MANAGER: which one a module got would be a matter of chance. */
@Injectable()
export class OneGlobalCache implements OnModuleInit {
  readonly #modules: ModulesContainer;

  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    this.#modules = modules;
  }

  /** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
  onModuleInit(): void {
    const globals = [...this.#modules.values()].filter(
      (one) => one.isGlobal && (one.exports.has(CACHE_MANAGER) || one.exports.has(CacheModule)),
    );
    if (globals.length < 2) return;
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `${globals.length} modules with isGlobal provide CACHE_MANAGER (${globals.map((one) => one.name).join(', ')}). ` +
        "Give DiskCacheModule a 'name', or 'cacheModule: false', or leave out isGlobal",
    );
  }
}
