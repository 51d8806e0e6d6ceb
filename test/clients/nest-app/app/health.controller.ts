import { DiskCache } from '@diskcache/core';
import { DiskCacheHealthIndicator } from '@diskcache/nestjs';
import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';

@Controller('health')
export class HealthController {
  @Inject(HealthCheckService) private readonly health!: HealthCheckService;
  @Inject(DiskCacheHealthIndicator) private readonly indicator!: DiskCacheHealthIndicator;
  @Inject(DiskCache) private readonly cache!: DiskCache;

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.indicator.isHealthy('pages')]);
  }

  @Get('after-closing')
  @HealthCheck()
  async checkClosed() {
    await this.cache.close();
    return this.health.check([() => this.indicator.isHealthy('pages', { cache: this.cache })]);
  }
}
