import { InvalidArgumentError } from '@diskcache/core';
import { shown } from '@diskcache/keyv';
import type { ExecutionContext } from '@nestjs/common';

/** What the requests of Express and Fastify have in common. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/**
 * Tells the tags that belong to a request.
 *
 * @param request what the HTTP server made of it; of a microservice, its data
 * @param body what the route's method returned
 * @param context whose method that is, and what it was given
 */
export type TagsOfRequest<Request = HttpRequest, Body = unknown> = (
  request: Request,
  body: Body,
  context: ExecutionContext,
) => string | readonly string[] | undefined;

/** A tag, or a function that tells some. */
export type Tags<Request = HttpRequest, Body = unknown> = string | TagsOfRequest<Request, Body>;

/** Tags of which each decorator knows what it was given. */
export type AnyTags = Tags<never, never>;

/** @throws InvalidArgumentError `ERR_DISKCACHE_TAG` unless all are strings that are not empty, or functions */
export function assertTags(decorator: string, tags: readonly unknown[]): void {
  if (tags.length === 0) {
    throw new InvalidArgumentError('ERR_DISKCACHE_TAG', `${decorator} needs at least one tag`);
  }
  for (const tag of tags)
    if (typeof tag !== 'function') assertTag(decorator, tag, ', or a function that tells some');
}

/**
 * All tags that belong to a request, each once.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_TAG` when a function gives something else, and what functions throw
 */
export function tagsFor(
  decorator: string,
  tags: readonly AnyTags[],
  context: ExecutionContext,
  body: unknown,
): string[] {
  const all = new Set<string>();
  const request: unknown = context.switchToHttp().getRequest();
  for (const one of tags) {
    if (typeof one === 'string') {
      all.add(one);
      continue;
    }
    const told: unknown = one(request as never, body as never, context);
    for (const tag of Array.isArray(told) ? told : told === undefined ? [] : [told]) {
      assertTag(`${decorator} of ${routeOf(context)}`, tag);
      all.add(tag as string);
    }
  }
  return [...all];
}

/** `Controller.method`, for messages. */
export function routeOf(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}

function assertTag(where: string, tag: unknown, orElse = ''): void {
  if (typeof tag === 'string' && tag !== '') return;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_TAG',
    `${where}: a tag must be a string that is not empty${orElse}; given ${shown(tag)}`,
  );
}
