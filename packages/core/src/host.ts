import type { CollectionStore, Host } from './collection-store.ts';
import type { Engine } from './engine/engine.ts';
import { Lines } from './waiting/lines.ts';

/** Where the collections and recipes of a cache live. */
export function hostOf(store: CollectionStore, engine: Engine): Host {
  const { clock, random } = engine.settings;
  const lines = new Lines(random);
  let isClosing = false;
  engine.onRefusal = () => {
    isClosing = true;
    // However long they would have slept: their next try tells that the cache is closed.
    lines.changedBelow('');
  };
  return {
    store,
    lines,
    isClosing: () => isClosing,
    now: () => clock.now(),
    monotonic: () => clock.monotonic?.() ?? clock.now(),
    every: (intervalMs, work) => clock.every(intervalMs, work),
  };
}
