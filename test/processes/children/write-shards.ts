import { type EvictionPolicy, ShardedDiskCache } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly number: number;
  readonly eviction: EvictionPolicy;
  readonly sizeLimit: number;
  /** How long to write, in ms. */
  readonly ms: number;
}

/** Writes values from a few bytes to half of the limit, through all doors, and tells what failed. */
const { directory, number, eviction, sizeLimit, ms } = given<Given>();

const cache = new ShardedDiskCache(directory, { sizeLimit, eviction, timeout: 60_000 });
const bytes = Buffer.alloc(sizeLimit);
const failed: string[] = [];
let written = 0;
say('open');
const lengths = [50, 3000, 100, 70_000, 20, 10_000, 200_000, 500];
for (const end = performance.now() + ms; performance.now() < end;) {
  await Promise.all(Array.from({ length: 8 }, (_, i) => noted(write(written++, lengths[i] as number))));
  if (written % 160 === 0) await noted(write(written++, Math.floor(sizeLimit / 2)));
  say('written', written);
}
say('done', { written, failed });
await told('close');
await cache.close();
process.disconnect();

async function write(nth: number, length: number): Promise<void> {
  const key = `${number}:${nth % 997}`;
  const value = bytes.subarray(0, length);
  switch (nth % 7) {
    case 0:
      return cache.sync.set(key, value);
    case 1:
      return cache.setStream(key, [value]);
    case 2:
      return void (await cache.push(`queue ${nth % 5}`, value, { ttl: 200 }));
    case 3:
      return cache.transact((tx) => {
        tx.set(key, value);
        tx.delete(`${number}:${(nth + 500) % 997}`);
      });
    default:
      return cache.set(key, value, nth % 3 === 0 ? { ttl: 100 } : {});
  }
}

async function noted(writing: Promise<void>): Promise<void> {
  await writing.catch((error: Error) => failed.push(error.message));
}
