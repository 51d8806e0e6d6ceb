import type { Compute, GetOrSetOptions } from './compute/compute-options.ts';
import type { Entry } from './entry/entry.ts';
import type { ExpiryOptions, SetOptions } from './entry/entry-options.ts';
import type { IterationOptions, PeekEntryOptions } from './entry/iteration-options.ts';
import type { Key } from './entry/key.ts';
import type { SnapshotOptions, TransactOptions } from './entry/transact-options.ts';
import type { CounterOptions } from './verbs/counters.ts';
import type { LeasedItem } from './verbs/leased-item.ts';
import type { PeekOptions, PullOptions, PushOptions } from './verbs/queues.ts';
import type { Lines } from './waiting/lines.ts';

/** What collections and recipes read with, in one moment. */
export interface CollectionView {
  get<Value = unknown>(key: Key): Value | undefined;
  getMany<Value = unknown>(keys: Iterable<Key>): (Value | undefined)[];
  has(key: Key): boolean;
  path(key: Key): string | undefined;
  peekEntry<Value = unknown>(edge: 'first' | 'last', options?: PeekEntryOptions): Entry<Value> | undefined;
  keys(options?: IterationOptions): IterableIterator<Key>;
}

/** What they change something with, in one transaction. */
export interface CollectionTx extends CollectionView {
  set(key: Key, value: unknown, options?: SetOptions): void;
  delete(key: Key): boolean;
  pop<Value = unknown>(key: Key): Value | undefined;
  touch(key: Key, options?: ExpiryOptions): boolean;
  incr(key: Key, delta?: number, options?: CounterOptions<number>): number;
  deletePrefix(prefix: string): number;
}

/** What the synchronous collections ask of a cache: DiskCacheSync is one. */
export interface CollectionStoreSync extends CollectionTx {
  transact<Result>(body: (tx: CollectionTx) => Result): Result;
  snapshot<Result>(body: (view: CollectionView) => Result): Result;
}

/**
 * What collections and recipes ask of a cache, and nothing of how it keeps its entries. DiskCache is one: what each verb
 * promises is told there.
 */
export interface CollectionStore {
  get<Value = unknown>(key: Key): Promise<Value | undefined>;
  getMany<Value = unknown>(keys: Iterable<Key>): Promise<(Value | undefined)[]>;
  has(key: Key): Promise<boolean>;
  path(key: Key): Promise<string | undefined>;
  pop<Value = unknown>(key: Key): Promise<Value | undefined>;
  getOrSet<Value>(key: Key, compute: Compute<Value>, options?: GetOrSetOptions<Value>): Promise<Value>;
  push(prefix: string, value: unknown, options?: PushOptions): Promise<string>;
  peek<Value = unknown>(prefix: string, options?: PeekOptions): Promise<Entry<Value> | undefined>;
  pull<Value = unknown>(
    prefix: string,
    options: PullOptions & { lease: number },
  ): Promise<LeasedItem<Value> | undefined>;
  pull<Value = unknown>(prefix: string, options?: PullOptions): Promise<Entry<Value> | undefined>;
  deletePrefix(prefix: string): Promise<number>;
  transact<Result>(
    body: (tx: CollectionStoreSync, values: readonly unknown[]) => Result,
    options?: TransactOptions,
  ): Promise<Result>;
  snapshot<Result>(body: (view: CollectionView) => Result, options?: SnapshotOptions): Promise<Result>;
}

/** Where collections and recipes live: a cache, its time, its randomness, and who waits for something of it in this process. */
export interface Host {
  readonly store: CollectionStore;
  readonly lines: Lines;
  /** Whether close() was called: what goes on then cannot call the cache again. */
  isClosing(): boolean;
  /** Ms since the epoch. */
  now(): number;
  /** Ms that only move forward, the same for all processes. */
  monotonic(): number;
  /** Calls `work` about every `intervalMs`, until what it returns is called. */
  every(intervalMs: number, work: () => void): () => void;
}
