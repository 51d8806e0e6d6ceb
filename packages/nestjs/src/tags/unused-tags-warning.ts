import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
} from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import { routeOf } from './tags-of.ts';

const heeded = new WeakSet<ExecutionContext>();
const warnedOf = new WeakSet<object>();

/** Notes that the tags of a route are heeded in this call. */
export function heedTags(context: ExecutionContext): void {
  heeded.add(context);
}

/** Comes with @CacheTags(), and warns once where no interceptor heeds the tags: evicting them would remove nothing. */
@Injectable()
export class UnusedTagsWarning implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const route = context.getHandler();
    // Afterwards, since the interceptor that heeds them may be an inner one.
    const look = () => {
      if (heeded.has(context) || warnedOf.has(route)) return;
      warnedOf.add(route);
      Logger.warn(
        `${routeOf(context)} has @CacheTags(), but no DiskCacheInterceptor: whatever else caches its answers gives them ` +
          'no tags. Put @UseInterceptors(DiskCacheInterceptor) there, in the place of CacheInterceptor',
        'DiskCache',
      );
    };
    return next.handle().pipe(tap({ complete: look }));
  }
}
