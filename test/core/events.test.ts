import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import type { Departure, DiskCache } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache, openSync } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { valueFiles } from '../support/on-disk.ts';
import { someTurns } from '../support/turns.ts';

async function breakOne(cache: DiskCache): Promise<void> {
  await cache.set('key', 'x'.repeat(200));
  for (const file of valueFiles(cache.directory)) unlinkSync(file);
  await cache.get('key');
}

test('a failure in the background without a listener is a process warning', async () => {
  const warned = once(process, 'warning');
  await breakOne(openCache({ fileThreshold: 100 }));
  const [warning] = await warned;
  expect(warning).toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
});

test('a failure in the background with a listener is no process warning', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on('warning', warned);
  const cache = openCache({ fileThreshold: 100 });
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  await breakOne(cache);
  await someTurns();
  process.off('warning', warned);
  expect([heard.length, warnings]).toEqual([1, []]);
});

test('off() ends what on() began', async () => {
  const cache = openCache({ fileThreshold: 100 });
  const heard: Error[] = [];
  const listener = (error: Error) => void heard.push(error);
  cache
    .on('error', listener)
    .off('error', listener)
    .on('error', () => undefined);
  await breakOne(cache);
  expect(heard).toEqual([]);
});

test.for(['on', 'off'] as const)('%s() refuses an event that there is not', (verb) => {
  const names = 'event must be one of evict, expire, error, logPinned, recreate; given "evcit"';
  expect(() => openCache()[verb]('evcit' as 'evict', () => undefined)).toThrow(names);
  expect(() => openSync()[verb]('evcit' as 'evict', () => undefined)).toThrow(names);
});

test.for(['on', 'off'] as const)('%s() refuses a listener that is no function', (verb) => {
  for (const listener of [undefined, null, 'log', {}])
    for (const cache of [openCache(), openSync()])
      expect(() => cache[verb]('evict', listener as never)).toThrow(/^listener must be a function; given/);
});

test('a DiskCacheSync tells of its evictions too', async () => {
  const cache = openSync({ entryLimit: 1, eviction: 'fifo' });
  const told: unknown[] = [];
  cache.on('evict', ({ key }) => told.push(key));
  for (const key of ['a', 'b', 'c']) cache.set(key, 1);
  await someTurns();
  expect(told).toEqual(['a', 'b']);
});

test('a listener that throws does not break the call that was answered', async () => {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const thrown = once(process, 'uncaughtException');
  const cache = openCache({ fileThreshold: 100 });
  cache.on('error', () => {
    throw new Error('of the listener');
  });
  await breakOne(cache);
  const [error] = await thrown;
  for (const one of others) process.on('uncaughtException', one);
  expect(error).toMatchObject({ message: 'of the listener' });
  await cache.set('key', 'value');
  expect(await cache.get('key')).toBe('value');
  expect(await cache.check()).toMatchObject({ ok: true });
});

test('evict tells each entry that went, and for which limit', async () => {
  const cache = openCache({ entryLimit: 2, eviction: 'fifo' });
  const told: Departure[] = [];
  cache.on('evict', (entry) => told.push(entry));
  for (const key of ['a', 'b', 'c']) await cache.set(key, 'value');
  await someTurns();
  expect(told).toEqual([{ key: 'a', size: 5, reason: 'entries' }]);
});

test('evict gives sizeLimit as the reason when bytes were too many', async () => {
  const cache = openCache({ sizeLimit: 20_000, eviction: 'fifo' });
  const reasons = new Set<unknown>();
  cache.on('evict', ({ reason }) => reasons.add(reason));
  for (let key = 0; key < 20; key++) await cache.set(key, 'x'.repeat(2000));
  await someTurns();
  expect([...reasons]).toEqual(['size']);
  expect((await cache.stats()).evictedFor).toEqual({ size: expect.any(Number), entries: 0 });
});

test('expire tells each entry that was removed because its time had passed', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const told: Departure[] = [];
  cache.on('expire', (entry) => told.push(entry));
  await cache.set(new Uint8Array([7]), 1, { ttl: 10 });
  await cache.set('stays', 2);
  clock.advance(10);
  await cache.expire();
  await someTurns();
  expect(told).toEqual([{ key: new Uint8Array([7]), size: 8 }]);
});

test('evict and expire tell nothing of a transaction that is taken back', async () => {
  const cache = openCache({ entryLimit: 1, eviction: 'fifo' });
  let told = 0;
  cache.on('evict', () => told++);
  await cache.set('a', 1);
  const failed = cache.transact((tx) => {
    tx.set('b', 2);
    throw new Error('taken back');
  });
  await expect(failed).rejects.toThrow('taken back');
  await someTurns();
  expect([told, await cache.get('a'), (await cache.stats()).evicted]).toEqual([0, 1, 0]);
});
