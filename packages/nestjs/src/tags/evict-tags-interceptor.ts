import { InvalidArgumentError } from '@diskcache/core';
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { defaultIfEmpty, mergeMap, type Observable } from 'rxjs';
import { getCacheManagerToken } from '../module/tokens.ts';
import type { AnswerStore } from '../store/answer-store.ts';
import { neededAnswerStoreBehind } from '../store/store-behind.ts';
import { NotedList } from './noted-list.ts';
import { type AnyTags, routeOf, tagsFor } from './tags-of.ts';

/** What @EvictTags() has noted with methods. */
export const evictions = new NotedList<{
  readonly cache: string | undefined;
  readonly tags: readonly AnyTags[];
}>('diskcache:evict-tags');

const made = new Map<string | undefined, Type<NestInterceptor>>();

/** The interceptor that evicts the tags of one cache, by its name. */
export function evictTagsInterceptor(cache?: string): Type<NestInterceptor> {
  const interceptor = made.get(cache) ?? newInterceptor(cache);
  made.set(cache, interceptor);
  return interceptor;
}

function newInterceptor(cache: string | undefined): Type<NestInterceptor> {
  @Injectable()
  class EvictTagsInterceptor implements NestInterceptor {
    readonly #store: AnswerStore;

    constructor(@Inject(getCacheManagerToken(cache)) manager: unknown) {
      this.#store = neededAnswerStoreBehind(manager, '@EvictTags()');
    }

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const evictAfter = async (body: unknown) => {
        await this.#evict(context, body);
        return body;
      };
      return next.handle().pipe(defaultIfEmpty(undefined), mergeMap(evictAfter));
    }

    async #evict(context: ExecutionContext, body: unknown): Promise<void> {
      const tags = new Set<string>();
      const untold: unknown[] = [];
      const noted = evictions.of(context.getHandler()).filter((one) => one.cache === cache);
      for (const one of noted.flatMap((each) => each.tags)) {
        try {
          for (const tag of tagsFor('@EvictTags()', [one], context, body)) tags.add(tag);
        } catch (error) {
          untold.push(error);
        }
      }
      await this.#evictAll([...tags], context);
      // Not before: the method has done its work, whatever a function makes of it.
      if (untold.length > 0) throw untold[0];
    }

    async #evictAll(tags: string[], context: ExecutionContext): Promise<void> {
      try {
        await Promise.all(tags.map((tag) => this.#store.evict(tag)));
      } catch (error) {
        if (this.#store.throwOnErrors || error instanceof InvalidArgumentError) throw error;
        Logger.error(
          `what ${routeOf(context)} has made out of date is still cached (tags ${tags.join(', ')}): ${String(error)}`,
          (error as Error).stack,
          'DiskCache',
        );
      }
    }
  }
  return EvictTagsInterceptor;
}
