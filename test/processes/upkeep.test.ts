import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { children } from '../support/child.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';

const MS = process.env.DISKCACHE_TEST_LONG === '1' ? 30_000 : 2_000;

/** Entries that expire in a minute, a few of them in files, and one that stays; written by another DiskCache. */
async function cacheOfAnother(clock: FakeClock): Promise<string> {
  const directory = temporaryFolder();
  const writer = openCache({ clock, fileThreshold: 4096 }, directory);
  const value = (i: number) => 'x'.repeat(i % 100 === 0 ? 5000 : 50);
  await writer.setMany(
    Array.from({ length: 2000 }, (_, i) => [i, value(i)]),
    { ttl: 60_000 },
  );
  await writer.set('stays', 1);
  await writer.close();
  return directory;
}

it.each([
  { what: 'does nothing', reads: false },
  { what: 'only reads', reads: true },
])('Expired rows and their files go away in a process that $what', async ({ reads }) => {
  const clock = new FakeClock();
  const directory = await cacheOfAnother(clock);
  const cache = openCache({ clock }, directory);
  const rows = foreignConnection(directory, { readonly: true }).prepare('SELECT count(*) FROM entry').pluck();
  clock.advance(59_999);
  expect(rows.get()).toBe(2001);
  expect(valueFiles(directory)).toHaveLength(20);
  clock.advance(20_000);
  if (reads) for (let i = 0; i < 100; i++) expect(await cache.get(i)).toBeUndefined();
  await turnsUntil(() => rows.get() === 1 && valueFiles(directory).length === 0);
  expect(await cache.get('stays')).toBe(1);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 1, files: 0 });
});

it(
  'Sixteen processes that write entries of a few milliseconds, with upkeep always at work, leave a clean cache',
  async () => {
    const directory = temporaryFolder();
    const clock = new FakeClock(Date.now());
    const cache = openCache({ clock }, directory);
    const writers = children(16, 'write-short-lived', { directory, ms: MS });
    await Promise.all(writers.map((writer) => writer.says('ready')));
    for (const writer of writers) writer.tell('go');
    for (const writer of writers) {
      expect(await writer.says('done')).toBeGreaterThan(10);
      expect(writer.said('error')).toEqual([]);
    }
    for (const { ended } of writers) expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect((await cache.check()).problems).toEqual([]);

    clock.advance(MS + 60_000);
    await turnsUntil(() => cache.sync.size() === 0);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 0, files: 0 });
    await turnsUntil(() => valueFiles(directory).length === 0);
  },
  MS + 60_000,
);

it(
  'check({ fix }) beside four processes that write finds nothing wrong but the totals that were made so, and sets those right',
  async () => {
    const directory = temporaryFolder();
    const cache = openCache({}, directory);
    const writers = children(4, 'write-short-lived', { directory, ms: MS });
    await Promise.all(writers.map((writer) => writer.says('ready')));
    for (const writer of writers) writer.tell('go');
    let isDone = false;
    const done = Promise.all(writers.map((writer) => writer.says('done'))).then(() => (isDone = true));
    const wrong = foreignConnection(directory, { timeout: 5000 }).prepare(
      `UPDATE arrival SET totals = json_set(totals, '$.count', totals ->> '$.count' + 5, '$.space', totals ->> '$.space' - 777)`,
    );
    let checks = 0;
    for (; !isDone; checks++) {
      const isBroken = checks % 3 === 1;
      if (isBroken) wrong.run();
      const { ok, problems } = await cache.check({ fix: true });
      expect({ ok, kinds: problems.map(({ kind }) => kind) }).toEqual({
        ok: true,
        kinds: isBroken ? ['totals'] : [],
      });
    }
    await done;
    expect(checks).toBeGreaterThan(3);
    for (const writer of writers) expect(writer.said('error')).toEqual([]);
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  },
  MS + 60_000,
);
