import { DiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';

/** Tells how a set fails, and how long that took. */
const { directory, length } = given<{ directory: string; length: number }>();

const cache = new DiskCache(directory);
const began = performance.now();
const outcome = await cache.set('key', 'x'.repeat(length)).then(
  () => ({ code: 'done', cause: undefined }),
  (error) => ({ code: error.code, cause: error.cause?.code }),
);
say('outcome', { ...outcome, tookMs: performance.now() - began });
await cache.close().catch(() => undefined);
process.disconnect();
