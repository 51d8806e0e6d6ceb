import { assertOption } from '@diskcache/keyv';
import { UseInterceptors } from '@nestjs/common';
import { evictions, evictTagsInterceptor } from './evict-tags-interceptor.ts';
import type { TagsMethodDecorator } from './tags-decorator.ts';
import { assertTags, type HttpRequest, type Tags } from './tags-of.ts';

/** Where @EvictTags() evicts. */
export interface EvictTagsOptions {
  /** The name of one of several caches. @default that of CACHE_MANAGER */
  cache?: string | undefined;
}

/**
 * Evicts tags when the method has answered, before that goes out; when it fails nothing is evicted. Each is a string, or
 * a function of the request, of what the method returned and of the context. It needs no other interceptor.
 *
 * A GET that is under way meanwhile does not bring back what it read before: its answer is not stored.
 *
 * What a function among the tags throws is the answer to the request, after the other tags have been evicted.
 *
 * An eviction that fails is logged as an error, and with `throwOnErrors` of the store it fails the request.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_TAG` or `ERR_DISKCACHE_OPTION` when a tag or the option is wrong; when the app
 *   starts, `ERR_DISKCACHE_OPTION` where CACHE_MANAGER is no disk cache
 * @example
 * ```ts
 * import { EvictTags } from '@diskcache/nestjs';
 * import { Controller, Param, Post } from '@nestjs/common';
 *
 * @Controller('orders')
 * export class OrdersController {
 *   @Post(':shop')
 *   @EvictTags('orders', (request, order: { customer: string }) => `customer:${order.customer}`)
 *   create(@Param('shop') shop: string) {
 *     return { shop, customer: 'ada' };
 *   }
 * }
 * ```
 */
export function EvictTags<Request = HttpRequest, Body = unknown>(
  ...given: Tags<Request, Body>[] | [...Tags<Request, Body>[], EvictTagsOptions]
): TagsMethodDecorator<Body> {
  const last = given.at(-1);
  const options = (typeof last === 'object' && last !== null ? last : {}) as EvictTagsOptions;
  const tags = (options === last ? given.slice(0, -1) : given) as Tags<Request, Body>[];
  const { cache, ...others } = options;
  for (const [name, value] of Object.entries(others)) {
    assertOption(name, value, false, "left out: @EvictTags() knows only 'cache'");
  }
  const isName = cache === undefined || (typeof cache === 'string' && cache !== '');
  assertOption('cache', cache, isName, 'the name of a cache');
  assertTags('@EvictTags()', tags);
  return (target, name, method) => {
    const decorated = method.value as () => unknown;
    if (!evictions.of(decorated).some((one) => one.cache === cache)) {
      UseInterceptors(evictTagsInterceptor(cache))(target, name, method);
    }
    evictions.add(decorated, { cache, tags });
  };
}
