import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listed, openCache, openSync } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection } from '../support/on-disk.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

const READS = 2000;

test.for(['lru', 'lfu', 'fifo', 's3-fifo', 'none'] as const)(
  'under %s reads write nothing',
  async (eviction) => {
    const cache = openCache({ eviction, clock: new FakeClock(), fileThreshold: 50 });
    const keys = Array.from({ length: 100 }, (_, key) => key);
    await cache.setMany(keys.map((key) => [key, 'x'.repeat(key)] as const));
    const db = foreignConnection(cache.directory);
    const written = () => [
      db.pragma('data_version', { simple: true }),
      statSync(join(cache.directory, 'cache.db-wal')).size,
    ];
    const before = written();
    for (let read = 0; read < READS; read++) {
      const key = read % 120;
      if (read % 2 === 0) await cache.get(key);
      else cache.sync.get(key);
      if (read % 100 === 0) {
        await cache.has(key);
        await cache.entry(key);
        await cache.getMany(keys);
        await cache.count();
      }
    }
    await listed(cache.entries());
    await cache.stats();
    await someTurns();
    expect(written()).toEqual(before);
    expect((await cache.stats()).hits).toBeGreaterThan(READS / 2);
  },
);

test.for(['lru', 'lfu', 's3-fifo'] as const)(
  'under %s what was read is known to the next process',
  async (eviction) => {
    const directory = folderInMemory();
    const clock = new FakeClock();
    const first = openSync({ eviction, clock }, directory);
    first.setMany([1, 2, 3].map((key) => [key, key] as const));
    for (let read = 0; read < 5; read++) for (const key of [1, 3]) first.get(key);
    first.close();
    const second = openSync({ eviction, clock, entryLimit: 3 }, directory);
    second.set(4, 4);
    expect([...second.keys()]).toEqual([1, 3, 4]);
  },
);

test('what was read is written in the background, some time later', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('key', 'value');
  await cache.get('key');
  const db = foreignConnection(cache.directory);
  const uses = () => db.prepare('SELECT count(*) FROM use').pluck().get();
  expect(uses()).toBe(0);
  clock.advance(60_000);
  await turnsUntil(() => uses() === 1);
  expect(await cache.check()).toMatchObject({ ok: true });
});

test.for(['fifo', 'none'] as const)(
  'under %s, where reads do not matter, they are never written',
  async (eviction) => {
    const clock = new FakeClock();
    const cache = openCache({ clock, eviction });
    await cache.set('key', 'value');
    await cache.get('key');
    clock.advance(60_000);
    await someTurns();
    expect(foreignConnection(cache.directory).prepare('SELECT count(*) FROM use').pluck().get()).toBe(0);
  },
);

test('a use that is written after its entry was removed leaves nothing behind', async () => {
  const clock = new FakeClock();
  const reader = openCache({ clock });
  await reader.set('key', 'value');
  await reader.get('key');
  const other = openSync({ clock }, reader.directory);
  other.delete('key');
  clock.advance(60_000);
  await someTurns();
  expect(foreignConnection(reader.directory).prepare('SELECT count(*) FROM use').pluck().get()).toBe(0);
});

test('a read sees what another process has just committed', async () => {
  const cache = openCache();
  const other = openSync({}, cache.directory);
  other.set('key', 'first');
  expect(await cache.get('key')).toBe('first');
  other.set('key', 'second');
  expect(await cache.get('key')).toBe('second');
});
