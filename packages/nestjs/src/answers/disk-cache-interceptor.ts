import { assertStores } from '@diskcache/cache-manager';
import { CACHE_MANAGER, CACHE_TTL_METADATA, CacheInterceptor } from '@nestjs/cache-manager';
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  StreamableFile,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { lastValueFrom, type Observable, of } from 'rxjs';
import type { AnswerStore, CacheManager } from '../store/answer-store.ts';
import { answerStoreBehind, neededAnswerStoreBehind } from '../store/store-behind.ts';
import { hasCacheTags, tagsOfAnswer } from '../tags/cache-tags.ts';
import { routeOf } from '../tags/tags-of.ts';
import { heedTags } from '../tags/unused-tags-warning.ts';
import { madeFile, unpacked } from './file-answer.ts';
import { type Made, sharedAnswer } from './shared-answer.ts';

/** NestJS's mark of a route that sends events: its answer has no end. */
const SSE_METADATA = '__sse__';

const answering = new WeakMap<ExecutionContext, WeakSet<object>>();

type TtlMetadata = number | ((context: ExecutionContext) => number | Promise<number>) | undefined;

/**
 * CacheInterceptor of NestJS, with `@CacheTags()`, and with an answer made once for all requests that come meanwhile, in
 * all processes. Keys, `@CacheKey()`, `@CacheTTL()`, `trackBy()`, `isRequestCacheable()` and the X-Cache header are as
 * there. What is evicted or deleted while an answer is made does not come back with it.
 *
 * What the cache fails with is told by the 'error' event of the store, or logged, and the request answered without it.
 * Where CACHE_MANAGER has other stores than one disk cache it is CacheInterceptor, and `@CacheTags()` is an error; a store with
 * which wrap() does not work, as a Keyv 6, is warned of.
 *
 * @example
 * ```ts
 * import { DiskCacheInterceptor, DiskCacheModule } from '@diskcache/nestjs';
 * import { Controller, Get, Module, UseInterceptors } from '@nestjs/common';
 *
 * @Controller('books')
 * @UseInterceptors(DiskCacheInterceptor)
 * class BooksController {
 *   @Get()
 *   list() {
 *     return ['The Dispossessed'];
 *   }
 * }
 *
 * @Module({
 *   imports: [DiskCacheModule.forRoot({ directory: './cache', ttl: 60_000 })],
 *   controllers: [BooksController],
 * })
 * export class AppModule {}
 * ```
 */
@Injectable()
export class DiskCacheInterceptor extends CacheInterceptor {
  constructor(@Inject(CACHE_MANAGER) cacheManager: unknown, @Inject(Reflector) reflector: Reflector) {
    super(cacheManager, reflector);
    warnOfStores(cacheManager);
  }

  override async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    heedTags(context);
    const store = this.#storeFor(context);
    if (store === undefined) return super.intercept(context, next);
    if (isInside(context, store)) return next.handle();
    const hasEnd = !this.reflector.get<boolean | undefined>(SSE_METADATA, context.getHandler());
    const key = hasEnd && (await this.trackBy(context));
    if (!key) return next.handle();

    const found = await this.#found(context, store, key);
    this.#setHeader(context, found);
    if (found !== undefined && found !== null) return of(found);
    const make = (isToStore: boolean) => this.#make(context, next, isToStore ? { store, key } : undefined);
    const { body, isHit } = await sharedAnswer(store, { key, route: routeOf(context) }, make);
    if (!isHit) return of(body);
    const shared = await unpacked(context, store, key, body);
    if (shared === undefined) return next.handle();
    this.#setHeader(context, shared);
    return of(shared);
  }

  /** @throws InvalidArgumentError where the route has tags and the stores know none */
  #storeFor(context: ExecutionContext): AnswerStore | undefined {
    if (hasCacheTags(context)) return neededAnswerStoreBehind(this.cacheManager, '@CacheTags()');
    return answerStoreBehind(this.cacheManager);
  }

  /** A read that fails is a miss; the store has told it. */
  async #found(context: ExecutionContext, store: AnswerStore, key: string): Promise<unknown> {
    const value = await (this.cacheManager as CacheManager).get(key).catch(() => undefined);
    return unpacked(context, store, key, value);
  }

  async #make(
    context: ExecutionContext,
    next: CallHandler,
    to: { store: AnswerStore; key: string } | undefined,
  ): Promise<Made> {
    const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    const unstored = { body, value: undefined, terms: {} };
    if (to === undefined || body === undefined || body === null) return unstored;
    const tags = tagsOfAnswer(context, body);
    const ttl = await this.#routeTtl(context);
    const terms = await to.store.termsBy(this.cacheManager as CacheManager, { key: to.key, body, ttl, tags });
    if (terms === undefined) return unstored;
    if (body instanceof StreamableFile) return madeFile(context, to, body, terms) ?? unstored;
    return { body, value: body, terms };
  }

  async #routeTtl(context: ExecutionContext): Promise<number | undefined> {
    const ttl =
      this.reflector.get<TtlMetadata>(CACHE_TTL_METADATA, context.getHandler()) ??
      this.reflector.get<TtlMetadata>(CACHE_TTL_METADATA, context.getClass());
    return typeof ttl === 'function' ? ttl(context) : ttl;
  }

  #setHeader(context: ExecutionContext, found: unknown): void {
    if (context.getType() === 'http') this.setHeadersWhenHttp(context, found);
  }
}

const warnedOf = new WeakSet<object>();

/** Of stores that NestJS takes, and with which the cache manager computes every wrap() anew. */
function warnOfStores(cacheManager: unknown): void {
  const { stores } = (cacheManager ?? {}) as { stores?: unknown };
  if (!Array.isArray(stores) || warnedOf.has(stores)) return;
  warnedOf.add(stores);
  try {
    assertStores({ stores });
  } catch (error) {
    Logger.warn(`CACHE_MANAGER: ${(error as Error).message}`, 'DiskCache');
  }
}

/**
 * Whether an interceptor further out answers this call from the same cache, and notes that one does now. It would wait for this
 * one, and this one for it.
 */
function isInside(context: ExecutionContext, { cache }: AnswerStore): boolean {
  const caches = answering.get(context) ?? new WeakSet();
  answering.set(context, caches);
  if (caches.has(cache)) return true;
  caches.add(cache);
  return false;
}
