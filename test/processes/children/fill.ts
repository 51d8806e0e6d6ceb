import { setImmediate as turn } from 'node:timers/promises';
import { DiskCache, ShardedDiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly number?: number;
  readonly door: 'async' | 'sync' | 'stream';
  readonly isSharded?: boolean;
  readonly sizeLimit: number;
  /** How much to write in all, for one phase after the other. */
  readonly bytes: number;
  /** Lengths of values, phase by phase, to be taken in turn. */
  readonly phases: readonly (readonly number[])[];
  /** How many keys before they come again. */
  readonly keys: number;
  /** How many sets are under way at a time. */
  readonly together: number;
}

/** Writes many times what fits, and tells the largest size() that there was after a write. */
const {
  directory,
  number = 0,
  door,
  isSharded = false,
  sizeLimit,
  bytes,
  phases,
  keys,
  together,
} = given<Given>();

const cache = new (isSharded ? ShardedDiskCache : DiskCache)(directory, { sizeLimit, timeout: 30_000 });
const text = Buffer.alloc(Math.max(...phases.flat()), 'diskcache').toString('latin1');
let written = 0;
let largest = 0;
for (const lengths of phases) {
  let left = bytes / phases.length;
  const next = (): [string, string] => {
    const length = lengths[written % lengths.length] as number;
    left -= length + 100;
    return [`${number}:${written++ % keys}`, text.slice(0, length)];
  };
  while (left > 0) {
    if (door === 'sync') cache.sync.set(...next());
    else if (door === 'stream') await Promise.all(Array.from({ length: together }, () => stream(...next())));
    else await Promise.all(Array.from({ length: together }, () => cache.set(...next())));
    if (door !== 'sync' || written % together === 0) largest = Math.max(largest, cache.sync.size());
  }
}
say('done', { written, largest });
await cache.close();
process.disconnect();

/** Sets in pieces of 100 KB, with other things going on in between. */
async function stream(key: string, value: string): Promise<void> {
  await cache.setStream(
    key,
    (async function* () {
      for (let start = 0; start < value.length; start += 100_000) {
        yield value.slice(start, start + 100_000);
        await turn();
      }
    })(),
  );
}
