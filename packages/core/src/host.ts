import type { CollectionStore, Host } from './collection-store.ts';
import type { Settings } from './options.ts';
import { Lines } from './waiting/lines.ts';

/** Where the collections and recipes of a cache live. */
export function hostOf(store: CollectionStore, { clock, random }: Pick<Settings, 'clock' | 'random'>): Host {
  return {
    store,
    lines: new Lines(random),
    now: () => clock.now(),
    monotonic: () => clock.monotonic?.() ?? clock.now(),
    every: (intervalMs, work) => clock.every(intervalMs, work),
  };
}
