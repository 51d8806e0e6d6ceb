import { DiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly number: number;
  readonly door: 'async' | 'sync' | 'index';
  readonly keys: number;
  readonly callers: number;
  readonly lease?: number;
  /** Whether a computation waits until it is told to finish. */
  readonly isHeld: boolean;
}

/** Asks for the values of some keys, of each several times at once; a value says which process computed it. */
const { directory, number, door, keys, callers, lease, isHeld } = given<Given>();

const cache = new DiskCache(directory);
const options = { lease };

async function compute({ key }: { key: unknown }): Promise<string> {
  say('computing', key);
  if (isHeld) await told('finish');
  return `${String(key)} of ${number}`;
}

say('ready');
await told('go');
const values: unknown[] = [];
if (door === 'sync') {
  for (let key = 0; key < keys; key++) {
    const computed = () => {
      say('computing', key);
      return `${key} of ${number}`;
    };
    values.push(cache.sync.getOrSet(key, computed, options));
  }
} else {
  const memoized = cache.index('results').memoize((key: number) => compute({ key }), { name: 'key', lease });
  const ask = (key: number) => (door === 'index' ? memoized(key) : cache.getOrSet(key, compute, options));
  const calls = Array.from({ length: keys * callers }, (_, call) => ask(call % keys));
  say('called');
  values.push(...(await Promise.all(calls)));
}
say('values', values);
await cache.close();
process.disconnect();
