import { type ExecutionContext, UseInterceptors } from '@nestjs/common';
import { NotedList } from './noted-list.ts';
import type { TagsDecorator } from './tags-decorator.ts';
import { type AnyTags, assertTags, type HttpRequest, type Tags, tagsFor } from './tags-of.ts';
import { UnusedTagsWarning } from './unused-tags-warning.ts';

const noted = new NotedList<AnyTags>('diskcache:cache-tags');

/**
 * The tags that DiskCacheInterceptor stores a route's answers with, so that `@EvictTags()`, or `evict(tag)` of the store,
 * removes them. Each is a string, or a function of the request, of what the method returned and of the context. Of a
 * class they are those of all its routes, beside their own.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_TAG` for a tag that is no string or an empty one: at once, or as the answer
 *   to the request when a function tells it
 * @example
 * ```ts
 * import { CacheTags, DiskCacheInterceptor, EvictTags } from '@diskcache/nestjs';
 * import { Controller, Get, Param, Put, UseInterceptors } from '@nestjs/common';
 *
 * @Controller('books')
 * @UseInterceptors(DiskCacheInterceptor)
 * @CacheTags('books')
 * export class BooksController {
 *   @Get(':id')
 *   @CacheTags((request) => `book:${request.params.id}`)
 *   find(@Param('id') id: string) {
 *     return { id, title: 'The Dispossessed' };
 *   }
 *
 *   @Put(':id')
 *   @EvictTags((request) => `book:${request.params.id}`)
 *   change(@Param('id') id: string) {
 *     return { changed: id };
 *   }
 * }
 * ```
 */
export function CacheTags<Request = HttpRequest, Body = unknown>(
  ...tags: Tags<Request, Body>[]
): TagsDecorator<Body> {
  assertTags('@CacheTags()', tags);
  return (target: object, name?: string | symbol, method?: PropertyDescriptor) => {
    const decorated = (method?.value ?? target) as () => unknown;
    if (noted.of(decorated).length === 0) {
      UseInterceptors(UnusedTagsWarning)(target, name as string, method as TypedPropertyDescriptor<unknown>);
    }
    noted.add(decorated, ...tags);
  };
}

/** Whether answers of the route have tags. */
export function hasCacheTags(context: ExecutionContext): boolean {
  return cacheTagsOf(context).length > 0;
}

/**
 * The tags of an answer; undefined where the route has no @CacheTags().
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_TAG`, and what functions among the tags throw
 */
export function tagsOfAnswer(context: ExecutionContext, body: unknown): string[] | undefined {
  const tags = cacheTagsOf(context);
  return tags.length === 0 ? undefined : tagsFor('@CacheTags()', tags, context, body);
}

function cacheTagsOf(context: ExecutionContext): AnyTags[] {
  return [...noted.of(context.getClass()), ...noted.of(context.getHandler())];
}
