import { DiskCacheError, InvalidArgumentError } from '@diskcache/core';

/** Whether it is the cache that failed, and not what it was used for. */
export function isOfCache(error: unknown): boolean {
  return error instanceof DiskCacheError || error instanceof InvalidArgumentError;
}
