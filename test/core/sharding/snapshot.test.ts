import { expect, test } from 'vitest';
import { keysOfShards, openSharded, openShardedSync } from '../../support/sharded.ts';
import { lockShard } from '../../support/shards-on-disk.ts';
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

test('snapshot() with readOnly is taken anew, in all shards, where a file that it was to read is gone', async () => {
  const writer = openShardedSync({ shards: 2, fileThreshold: 100 });
  for (const key of KEYS) writer.set(key, 'before '.repeat(30));
  const reader = openSharded({ readOnly: true }, writer.directory);
  for (const key of KEYS) {
    let runs = 0;
    const seen = await reader.snapshot((view) => {
      if (runs++ === 0) writer.set(key, 'after '.repeat(30));
      return view.get(key);
    });
    expect([seen, runs]).toEqual(['after '.repeat(30), 2]);
  }
});

test('snapshot() with keys waits for the locks of their shards alone, and sees all when it asks for more', async () => {
  const cache = openSharded({ timeout: 50 });
  await cache.setMany(KEYS.map((key) => [key, 1] as const));
  const [key, other] = await keysOfShards(cache, KEYS, 3, 5);
  const unlock = lockShard(cache.directory, 5);
  expect(await cache.snapshot((view) => view.get(key), { keys: [key] })).toBe(1);
  expect(cache.sync.snapshot((view) => view.get(key), { keys: [key] })).toBe(1);
  const timedOut = { code: 'ERR_DISKCACHE_TIMEOUT' };
  await expect(cache.snapshot((view) => view.get(other), { keys: [key] })).rejects.toMatchObject(timedOut);
  expect(() => cache.sync.snapshot((view) => view.count(), { keys: [key] })).toThrow(
    expect.objectContaining(timedOut),
  );
  unlock();
  expect(await cache.snapshot((view) => [view.get(other), view.count()], { keys: [key] })).toEqual([1, 40]);
});
