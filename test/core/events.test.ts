import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import type { DiskCache } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache } from '../support/caches.ts';
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

test('a listener that throws does not break the call that was answered', async () => {
  const cache = openCache({ fileThreshold: 100 });
  cache.on('error', () => {
    throw new Error('of the listener');
  });
  await breakOne(cache).catch(() => undefined);
  await cache.set('key', 'value');
  expect(await cache.get('key')).toBe('value');
  expect(await cache.check()).toMatchObject({ ok: true });
});
