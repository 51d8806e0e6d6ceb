import './node-version.ts';

export { DiskCache } from './disk-cache.ts';
export { type CacheView, DiskCacheSync } from './disk-cache-sync.ts';
export { ShardedDiskCache } from './sharding/sharded-disk-cache.ts';
export { ShardedDiskCacheSync } from './sharding/sharded-disk-cache-sync.ts';
export type { ReshardOptions } from './sharding/resharding.ts';
export type { ShardedDiskCacheOptions } from './sharding/shards.ts';
export type { ShardedTransactOptions } from './sharding/transaction.ts';
export type { CacheStore } from './cache-store.ts';
export type { CollectionDoor } from './collection-door.ts';
export type { Deque } from './collections/deque.ts';
export type { DequeSync } from './collections/deque-sync.ts';
export type { DequeOptions, PopOptions } from './collections/deque-options.ts';
export type { DirectionOptions, IndexEnd } from './collections/direction.ts';
export type { Index } from './collections/ordered-index.ts';
export type { IndexSync } from './collections/ordered-index-sync.ts';
export type { IndexMemoizeOptions } from './collections/index-memoize.ts';
export type { Source } from './collections/batches.ts';
export type { Averager } from './recipes/averager.ts';
export type { AveragerSync } from './recipes/averager-sync.ts';
export type { Barrier, BarrierOptions } from './recipes/barrier.ts';
export type { Held } from './recipes/held.ts';
export type { LeaseOptions } from './recipes/lease-options.ts';
export type { Lock } from './recipes/lock.ts';
export type { RateLimiter } from './recipes/rate-limiter.ts';
export type { ReentrantLock } from './recipes/reentrant-lock.ts';
export type { Semaphore, SemaphoreOptions } from './recipes/semaphore.ts';
export type { Throttled, ThrottleOptions } from './recipes/throttle.ts';
export type { RateOptions } from './recipes/token-bucket.ts';
export type { WaitOptions } from './waiting/wait-options.ts';
export { DISK_CACHE_OPTIONS, type DiskCacheOptions, type Durability } from './options.ts';
export type { ExpiryOptions, SetOptions } from './entry/entry-options.ts';
export type { IterationOptions, PeekEntryOptions } from './entry/iteration-options.ts';
export type { ProgressOptions, RemovalOptions } from './entry/progress-options.ts';
export type { SnapshotOptions, TransactOptions } from './entry/transact-options.ts';
export type { StagedValue } from './engine/staged-value.ts';
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
