import { join } from 'node:path';
import { DiskCacheSync } from '@diskcache/core';
import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { spaceOnDisk } from '../support/directory-space.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LONG = process.env.DISKCACHE_TEST_LONG === '1';
const ENTRIES = LONG ? 200_000 : 60_000;
const MIB = 2 ** 20;
const SLACK = 16 * MIB;

interface Paid {
  readonly longestMs: number;
  readonly tookMs: number;
  readonly size: number;
  readonly count: number;
  readonly has: boolean;
}

/** A cache of many small entries, just as large as it may be. */
function fullCache(): { directory: string; size: number } {
  const directory = join(temporaryFolder(), 'cache');
  const cache = new DiskCacheSync(directory);
  for (let start = 0; start < ENTRIES; start += 2000) {
    cache.setMany(Array.from({ length: 2000 }, (_, i) => [`key ${start + i}`, 'x'.repeat(100)]));
  }
  const size = cache.size();
  cache.close();
  return { directory, size };
}

async function pay(directory: string, given: { sizeLimit: number; length: number }) {
  const payer = new Child('pay-debt', { directory, ...given });
  await payer.says('ready');
  const looking = new Child('measure-space', { directory });
  await looking.says('looking');
  payer.tell('go');
  const paid = await payer.says<Paid>('done');
  looking.tell('stop');
  const most = await looking.says<{ all: number; log: number }>('most');
  await payer.ended;
  console.log(
    `a debt paid in ${paid.tookMs.toFixed(0)} ms, longest stall ${paid.longestMs.toFixed(1)} ms,`,
    `${(most.all / MIB).toFixed(1)} MiB on disk, log ${(most.log / MIB).toFixed(1)} MiB`,
  );
  return { paid, most };
}

it.each([
  { what: 'a large value needs most of the room', limitOf: (size: number) => size, part: 0.8 },
  { what: 'the limit is a hundredth of what it was', limitOf: (size: number) => size / 100, part: 0 },
])(
  'When $what, a set evicts in steps that leave the event loop free, and returns within the limit',
  async ({ limitOf, part }) => {
    const { directory, size } = fullCache();
    const spaceBefore = spaceOnDisk(directory);
    const sizeLimit = Math.ceil(limitOf(size));
    const length = Math.max(10, Math.floor(sizeLimit * part));
    const { paid, most } = await pay(directory, { sizeLimit, length });
    expect(paid.has).toBe(true);
    expect(paid.size).toBeLessThanOrEqual(sizeLimit);
    expect(paid.size).toBeGreaterThan(sizeLimit * 0.9);
    expect(paid.longestMs).toBeLessThan(100);
    expect(most.all).toBeLessThanOrEqual(Math.max(spaceBefore, sizeLimit) * 1.1 + SLACK);

    const cache = openCache({ sizeLimit }, directory);
    expect(await cache.check()).toMatchObject({ ok: true, entries: paid.count });
  },
  LONG ? 300_000 : 60_000,
);

it('A synchronous set that evicts most of the cache keeps the folder within bounds too', async () => {
  const { directory, size } = fullCache();
  const sizeLimit = Math.ceil(size);
  const looking = new Child('measure-space', { directory });
  await looking.says('looking');
  const cache = new DiskCacheSync(directory, { sizeLimit });
  cache.set('large', Buffer.alloc(Math.floor(sizeLimit * 0.8)));
  expect(cache.size()).toBeLessThanOrEqual(sizeLimit);
  looking.tell('stop');
  const most = await looking.says<{ all: number }>('most');
  cache.close();
  expect(most.all).toBeLessThanOrEqual(sizeLimit * 1.1 + SLACK);
}, 60_000);

it.each(['DiskCache', 'DiskCacheSync'])(
  'A set of %s that puts one file in the place of many rows keeps the folder within bounds, however large it is',
  async (door) => {
    const directory = join(temporaryFolder(), 'cache');
    const sizeLimit = 64 * MIB;
    const cache = openCache({ sizeLimit }, directory);
    for (let start = 0; start < 3000; start += 100) {
      await cache.setMany(Array.from({ length: 100 }, (_, key) => [start + key, 'x'.repeat(20_000)]));
    }
    const looking = new Child('measure-space', { directory });
    await looking.says('looking');
    const value = Buffer.alloc(48 * MIB);
    if (door === 'DiskCache') await cache.set('large', value);
    else cache.sync.set('large', value);
    looking.tell('stop');
    const most = await looking.says<{ all: number }>('most');
    expect(await cache.size()).toBeGreaterThan(sizeLimit * 0.9);
    expect(most.all).toBeLessThanOrEqual(sizeLimit * 1.1 + SLACK);
  },
  60_000,
);

it("With eviction 'none' a set that cannot fit changes nothing, however many entries have expired", async () => {
  const clock = new FakeClock();
  const sizeLimit = 8 * MIB;
  const cache = openCache({ eviction: 'none', sizeLimit, fileThreshold: sizeLimit, clock });
  await cache.set('stays', 'x'.repeat(MIB));
  await cache.setMany(
    Array.from({ length: 20_000 }, (_, i) => [i, 'x'.repeat(100)]),
    { ttl: 1 },
  );
  clock.advance(1);
  await expect(cache.set('large', 'x'.repeat(7.5 * MIB))).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_FULL',
  });
  expect(await cache.has('large')).toBe(false);
  expect(await cache.has('stays')).toBe(true);
  expect(await cache.size()).toBeLessThanOrEqual(sizeLimit);
  await cache.set('fits', 'x'.repeat(6 * MIB));
  expect(await cache.size()).toBeLessThanOrEqual(sizeLimit);
});
