import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

/** What is published on a channel while the running test goes on. */
function published(name: string): unknown[] {
  const messages: unknown[] = [];
  const listener = (message: unknown) => void messages.push(message);
  subscribe(`diskcache:${name}`, listener);
  onTestFinished(() => void unsubscribe(`diskcache:${name}`, listener));
  return messages;
}

test('each read is published with its key, and whether it was a hit', async () => {
  const messages = published('get');
  const cache = openCache();
  const { directory } = cache;
  await cache.set('a', 1);
  await cache.getMany(['a', 'b']);
  cache.sync.get('a');
  expect(messages).toEqual([
    { directory, key: 'a', hit: true },
    { directory, key: 'b', hit: false },
    { directory, key: 'a', hit: true },
  ]);
});

test('each set and each delete that removed something is published with its key', async () => {
  const [sets, deletes] = [published('set'), published('delete')];
  const cache = openCache();
  await cache.set('a', 1);
  await cache.delete('a');
  await cache.delete('a');
  const { directory } = cache;
  expect([sets, deletes]).toEqual([[{ directory, key: 'a' }], [{ directory, key: 'a' }]]);
});

test('evictions, expiries and errors are published as the events are', async () => {
  const [evict, expire, error] = [published('evict'), published('expire'), published('error')];
  const clock = new FakeClock();
  const cache = openCache({ clock, entryLimit: 1, eviction: 'fifo', fileThreshold: 10 });
  cache.on('error', () => undefined);
  const { directory } = cache;
  await cache.set('a', 1);
  await cache.set('b', 2, { ttl: 10 });
  clock.advance(10);
  await cache.expire();
  await cache.set('c', 'x'.repeat(100));
  for (const file of valueFiles(directory)) unlinkSync(file);
  await cache.get('c');
  await someTurns();
  expect([evict, expire, error]).toEqual([
    [{ directory, key: 'a', size: 8, reason: 'entries' }],
    [{ directory, key: 'b', size: 8 }],
    [{ directory, error: expect.objectContaining({ code: 'ERR_DISKCACHE_STORAGE' }) }],
  ]);
});

test('waits for the lock of others are published, and counted in stats(), with how long each took', async () => {
  const messages = published('lockWait');
  const cache = openCache();
  await cache.set('a', 1);
  const other = foreignConnection(cache.directory);
  other.exec('BEGIN IMMEDIATE');
  const stored = cache.set('a', 2);
  await someTurns();
  other.exec('ROLLBACK');
  await stored;
  const { lockWaits } = await cache.stats();
  expect(messages).toEqual([{ directory: cache.directory, ms: lockWaits.longestMs }]);
  expect(lockWaits).toEqual({ count: 1, ms: lockWaits.longestMs, longestMs: expect.any(Number) });
  expect(lockWaits.ms).toBeGreaterThan(0);
});

test('checkpoints are published, and counted in stats(), with how long each took', async () => {
  const messages = published('checkpoint');
  const cache = openCache({ fileThreshold: Infinity });
  const { checkpoints: before } = await cache.stats();
  expect(before).toEqual({ count: 0, ms: 0, longestMs: 0 });
  await cache.set('a', 'x'.repeat(9_000_000));
  await turnsUntil(async () => (await cache.stats()).checkpoints.count > 0);
  const { count, ms, longestMs } = (await cache.stats()).checkpoints;
  expect(messages).toHaveLength(count);
  expect(messages[0]).toEqual({ directory: cache.directory, ms: expect.any(Number) });
  expect(Math.max(...messages.map((message) => (message as { ms: number }).ms))).toBe(longestMs);
  expect(ms).toBeGreaterThanOrEqual(longestMs);
});

test('a new start in the place of a damaged cache is published as the event is', async () => {
  const messages = published('recreate');
  const directory = folderInMemory();
  writeFileSync(join(directory, 'cache.db'), 'damage');
  const cache = openCache({}, directory);
  const told: unknown[] = [];
  cache.on('recreate', (recreation) => told.push(recreation));
  await turnsUntil(() => told.length > 0);
  expect(told).toEqual([{ reason: 'foreign', movedTo: expect.stringContaining('cache.db.foreign-') }]);
  expect(messages).toEqual([{ directory, ...(told[0] as object) }]);
});
