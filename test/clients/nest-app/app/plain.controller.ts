import { CacheInterceptor, CacheTTL } from '@nestjs/cache-manager';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import { made } from './made.ts';

/** With NestJS's own interceptor. */
@Controller('plain')
@UseInterceptors(CacheInterceptor)
export class PlainController {
  @Get()
  page() {
    return { made: made() };
  }

  @Get('brief')
  @CacheTTL(20_000)
  brief() {
    return { made: made() };
  }
}
