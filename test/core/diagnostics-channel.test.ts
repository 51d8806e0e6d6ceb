import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { unlinkSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { valueFiles } from '../support/on-disk.ts';
import { someTurns } from '../support/turns.ts';

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
