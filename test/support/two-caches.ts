import { DiskCache, type DiskCacheOptions } from '@diskcache/core';
import { onTestFinished } from 'vitest';
import { FakeClock } from './fake-clock.ts';
import { folderInMemory } from './temporary-folder.ts';

/** Two caches in one folder, as if of two processes, each with a clock of its own: one that is not moved stands still. */
export function twoCaches(options?: DiskCacheOptions): [a: DiskCache, b: DiskCache, FakeClock, FakeClock] {
  const directory = folderInMemory();
  const [clockOfA, clockOfB] = [new FakeClock(), new FakeClock()];
  const [a, b] = [clockOfA, clockOfB].map((clock) => {
    const cache = new DiskCache(directory, { ...options, clock });
    onTestFinished(() => cache.close());
    return cache;
  });
  return [a as DiskCache, b as DiskCache, clockOfA, clockOfB];
}
