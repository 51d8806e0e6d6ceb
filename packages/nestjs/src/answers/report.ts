import { DiskCacheError, InvalidArgumentError } from '@diskcache/core';
import { Logger } from '@nestjs/common';
import type { AnswerStore } from '../store/answer-store.ts';

/** Tells why an answer is not stored: who listens to the store, and the log. */
export function report(store: AnswerStore, key: string, error: Error): void {
  if (store.listenerCount('error') > 0) store.emit('error', error);
  Logger.error(`the answer to ${key} is not cached: ${error.message}`, error.stack, 'DiskCache');
}

/** Whether it is the cache that failed, and not what it was used for. */
export function isOfCache(error: unknown): error is DiskCacheError | InvalidArgumentError {
  return error instanceof DiskCacheError || error instanceof InvalidArgumentError;
}
