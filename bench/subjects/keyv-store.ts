import type { Store, Value } from './subject.ts';

/** What both Keyv 5 and Keyv 6 have of what the trials need. */
interface KeyvLike {
  get(key: string): Promise<unknown>;
  getMany(keys: string[]): Promise<unknown[]>;
  set(key: string, value: unknown): Promise<unknown>;
  setMany(entries: { key: string; value: unknown }[]): Promise<unknown>;
  disconnect(): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** A Keyv as a store. Keyv tells of a store's failures by an event only; here they end the process. */
export function keyvStore(keyv: KeyvLike): Store {
  keyv.on('error', (error) => {
    throw error;
  });
  return {
    get: (key) => keyv.get(key),
    getMany: (keys) => keyv.getMany([...keys]),
    set: (key, value) => keyv.set(key, value),
    fill: (entries) => keyv.setMany(entries.map(asEntry)),
    close: () => keyv.disconnect(),
  };
}

function asEntry([key, value]: readonly [string, Value]): { key: string; value: unknown } {
  return { key, value };
}
