import { expect, test } from 'vitest';
import { openSharded, openShardedSync } from '../../support/sharded.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`);
const MISUSE = { name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_TRANSACTION' };

test('snapshot() of a sharded cache never sees a transaction in some shards and not in others', async () => {
  const directory = folderInMemory();
  const [writer, reader] = [openSharded({}, directory), openSharded({}, directory)];
  let isWriting = true;
  const writing = (async () => {
    for (let round = 1; round <= 60; round++)
      await writer.transact((tx) => tx.setMany(KEYS.map((key) => [key, round] as const)));
    isWriting = false;
  })();
  const seen = new Set<unknown>();
  while (isWriting) {
    const values = await reader.snapshot((view) => view.getMany(KEYS));
    expect(new Set(values).size).toBe(1);
    seen.add(values[0]);
  }
  await writing;
  expect(seen.size).toBeGreaterThan(2);
});

test('snapshot() sees what this process has called before, and changes nothing', async () => {
  const cache = openSharded();
  const setting = cache.setMany(KEYS.map((key) => [key, 1] as const));
  const before = await cache.snapshot((view) => [view.count(), [...view.keys()].length, view.get('key 3')]);
  expect(before).toEqual([40, 40, 1]);
  await setting;
  await expect(cache.snapshot(() => cache.sync.set('key 1', 2))).rejects.toMatchObject(MISUSE);
  await expect(cache.snapshot((async () => 1) as never)).rejects.toMatchObject(MISUSE);
  await expect(cache.snapshot(undefined as never)).rejects.toMatchObject(MISUSE);
  expect(() => cache.sync.snapshot(() => cache.sync.delete('key 1'))).toThrow(
    expect.objectContaining(MISUSE),
  );
  expect(await cache.get('key 1')).toBe(1);
});

test('snapshot() within a transaction, or another snapshot(), sees what that sees', async () => {
  const cache = openSharded();
  const seen = await cache.transact((tx) => {
    tx.set('key 1', 'of the transaction');
    return tx.snapshot((view) => cache.sync.snapshot((inner) => [view.get('key 1'), inner.get('key 1')]));
  });
  expect(seen).toEqual(['of the transaction', 'of the transaction']);
});

test('snapshot() of a cache that is opened with readOnly reads, and takes no lock', async () => {
  const directory = folderInMemory();
  const writer = openShardedSync({}, directory);
  writer.set('key 1', 1);
  const reader = openSharded({ readOnly: true }, directory);
  writer.transact((tx) => {
    tx.set('key 1', 2);
    expect(reader.sync.snapshot((view) => view.get('key 1'))).toBe(1);
  });
  expect(await reader.snapshot((view) => view.get('key 1'))).toBe(2);
});
