import './node-version.ts';

export { DiskCache } from './disk-cache.ts';
export { DiskCacheSync } from './disk-cache-sync.ts';
export { ShardedDiskCache } from './sharding/sharded-disk-cache.ts';
export { ShardedDiskCacheSync } from './sharding/sharded-disk-cache-sync.ts';
export type { ReshardOptions } from './sharding/resharding.ts';
export type { ShardedDiskCacheOptions } from './sharding/shards.ts';
export type { CacheStore } from './cache-store.ts';
export { DISK_CACHE_OPTIONS, type DiskCacheOptions, type Durability } from './options.ts';
export type { ExpiryOptions, SetOptions } from './entry/entry-options.ts';
export type { IterationOptions, PeekEntryOptions } from './entry/iteration-options.ts';
export type { ProgressOptions, RemovalOptions } from './entry/progress-options.ts';
export type { Entry } from './entry/entry.ts';
export type { GetOptions } from './entry/get-options.ts';
export type { CounterOptions } from './verbs/counters.ts';
export type { LeasedItem, LeasedItemSync } from './verbs/leased-item.ts';
export type { PeekOptions, PullOptions, PushOptions, Side } from './verbs/queues.ts';
export type { Key } from './entry/key.ts';
export { cacheKey } from './entry/cache-key.ts';
export type {
  Compute,
  ComputeContext,
  ComputeSync,
  GetOrSetOptions,
  GetOrSetSyncOptions,
} from './compute/compute-options.ts';
export type {
  Memoized,
  MemoizedParts,
  MemoizedSync,
  MemoizeKeyOptions,
  MemoizeOptions,
  MemoizeSyncOptions,
} from './compute/memoize.ts';
export type { StreamSource } from './streams/byte-source.ts';
export type { SetStreamOptions, StreamRange } from './streams/stream-options.ts';
export type { CacheStats } from './engine/stats.ts';
export type { CacheEvents, Departure, EvictionReason, Recreation } from './events.ts';
export type { Times } from './tally.ts';
export type { VacuumOptions } from './verbs/vacuum.ts';
export type { CheckOptions, CheckReport } from './upkeep/findings.ts';
export type { CheckProblem } from './upkeep/findings.ts';
export type { EvictionPolicy } from './policy/policy.ts';
export type { Serializer, SerializerChoice } from './codec/serializer.ts';
export type { CompressionChoice, CompressionOptions } from './codec/compression.ts';
export type { CompressionAlgorithm } from './codec/algorithms.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  DiskCacheError,
  type DiskCacheErrorCode,
  InvalidArgumentError,
  SerializerError,
  TimeoutError,
} from './errors.ts';
