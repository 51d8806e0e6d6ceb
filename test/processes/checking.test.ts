import { expect, it } from 'vitest';
import { DiskCache } from '@diskcache/core';
import { openCache } from '../support/caches.ts';
import { foreignConnection } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ENTRIES = 20_000;

it('check() that repairs much keeps no writer waiting for more than a small part of the time it takes', async () => {
  const directory = temporaryFolder();
  const cache = openCache({}, directory);
  for (let start = 0; start < ENTRIES; start += 1000) {
    await cache.setMany(
      Array.from({ length: 1000 }, (_, index) => [start + index, 'value'] as const),
      { tags: ['one', 'two'] },
    );
  }
  foreignConnection(directory).exec('DELETE FROM tag; DELETE FROM arrival WHERE id IS NOT NULL');

  const writer = new DiskCache(directory);
  const began = performance.now();
  let isOver = false;
  const checked = cache.check({ fix: true }).finally(() => (isOver = true));
  let writes = 0;
  while (!isOver) await writer.set('written', ++writes);
  const { ok, problems } = await checked;
  const tookMs = performance.now() - began;
  const { longestMs } = (await writer.stats()).lockWaits;
  console.log(`${writes} writes in ${tookMs.toFixed(0)} ms, the longest waited ${longestMs.toFixed(0)} ms`);
  expect(problems.filter(({ kind }) => kind === 'missing-rows')).toMatchObject([
    { isFixed: true },
    { isFixed: true },
  ]);
  expect(ok).toBe(true);
  expect(longestMs).toBeLessThan(tookMs / 3);
  expect(await writer.get('written')).toBe(writes);
  await writer.close();
  expect(await cache.check()).toMatchObject({ ok: true, entries: ENTRIES + 1 });
}, 60_000);
