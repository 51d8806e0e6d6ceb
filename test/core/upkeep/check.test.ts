import {
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { CheckOptions, CheckReport, DiskCache } from '@diskcache/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listed, openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection, overwritten, valueFiles } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const AN_HOUR = 3_600_000;

describe.for<[string, (cache: DiskCache, options?: CheckOptions) => Promise<CheckReport>]>([
  ['DiskCache', (cache, options) => cache.check(options)],
  ['DiskCacheSync', async (cache, options) => cache.sync.check(options)],
])('check() of %s', ([, check]) => {
  async function openFilled() {
    const cache = openCache({ fileThreshold: 100, clock: new FakeClock(Date.now()) });
    await cache.setMany([
      ['small', 'value'],
      ['large', 'x'.repeat(200)],
    ]);
    const file = valueFiles(cache.directory)[0]!;
    return { cache, file, name: relative(join(cache.directory, 'values'), file).replaceAll('\\', '/') };
  }

  test('counts entries and files of a sound cache', async () => {
    const { cache } = await openFilled();
    expect(await check(cache)).toEqual({ ok: true, problems: [], entries: 2, files: 1 });
  });

  test('names a missing file', async () => {
    const { cache, file, name } = await openFilled();
    unlinkSync(file);
    expect(await check(cache)).toMatchObject({
      ok: false,
      problems: [{ kind: 'missing-file', detail: name }],
    });
  });

  test('names a short file', async () => {
    const { cache, file, name } = await openFilled();
    truncateSync(file, 150);
    const problem = { kind: 'damaged-file', detail: `${name}: 150 bytes of 200` };
    expect(await check(cache)).toMatchObject({ ok: false, problems: [problem] });
  });

  test('tells totals that are wrong', async () => {
    const { cache } = await openFilled();
    foreignConnection(cache.directory).exec("UPDATE arrival SET totals = json_set(totals, '$.count', 3)");
    expect(await check(cache)).toMatchObject({ ok: false, problems: [{ kind: 'totals' }] });
  });

  test('names a file that no entry points to once it is old, not one that may be just being written', async () => {
    const { cache, file, name } = await openFilled();
    writeFileSync(join(file, '..', 'new.val'), '');
    writeFileSync(join(file, '..', 'old.val.tmp'), '');
    const old = new Date(Date.now() - AN_HOUR);
    utimesSync(join(file, '..', 'old.val.tmp'), old, old);
    const detail = `${dirname(name)}/old.val.tmp`;
    expect(await check(cache)).toMatchObject({ ok: false, problems: [{ kind: 'orphan-file', detail }] });
  });

  test('changes nothing without fix', async () => {
    const { cache, file } = await openFilled();
    unlinkSync(file);
    for (let time = 0; time < 2; time++) {
      expect(await check(cache)).toMatchObject({
        ok: false,
        problems: [{ kind: 'missing-file', isFixed: false }],
      });
    }
    expect(await cache.has('large')).toBe(true);
  });

  test('with fix removes an entry whose file is missing, and counts it no more', async () => {
    const { cache, file, name } = await openFilled();
    unlinkSync(file);
    const problems = [{ kind: 'missing-file', detail: name, isFixed: true }];
    expect(await check(cache, { fix: true })).toMatchObject({ ok: true, problems });
    expect(await check(cache)).toEqual({ ok: true, problems: [], entries: 1, files: 0 });
    expect([await cache.has('large'), await cache.count()]).toEqual([false, 1]);
    await cache.clear();
    expect(await cache.size()).toBe(0);
  });

  test('with fix removes an entry whose file is damaged, and the file', async () => {
    const { cache, file } = await openFilled();
    truncateSync(file, 150);
    const problems = [{ kind: 'damaged-file', isFixed: true }];
    expect(await check(cache, { fix: true })).toMatchObject({ ok: true, problems });
    await turnsUntil(() => valueFiles(cache.directory).length === 0);
    expect(await check(cache)).toEqual({ ok: true, problems: [], entries: 1, files: 0 });
  });

  test.for([
    ['count', 7],
    ['space', 12],
    ['fileSpace', 0],
    ['arrivals', 99],
    ['seq', 1],
  ] as const)('with fix sets %s in the totals right', async ([name, wrong]) => {
    const { cache } = await openFilled();
    const [size, count] = [await cache.size(), await cache.count()];
    foreignConnection(cache.directory).exec(
      `UPDATE arrival SET totals = json_set(totals, '$.${name}', ${wrong})`,
    );
    const problems = [{ kind: 'totals', isFixed: true }];
    expect(await check(cache, { fix: true })).toMatchObject({ ok: true, problems });
    expect(await check(cache)).toMatchObject({ ok: true, problems: [] });
    expect([await cache.size(), await cache.count()]).toEqual([size, count]);
    await cache.set('new', 'value');
    expect(await listed(cache.keys({ order: 'insertion' }))).toContain('new');
    expect(await check(cache)).toMatchObject({ ok: true, entries: 3 });
  });

  test('with fix notes again what is missing of tags and of the order of insertion', async () => {
    const { cache } = await openFilled();
    await cache.set('tagged', 'value', { tags: ['a', 'b'] });
    foreignConnection(cache.directory).exec(
      `DELETE FROM tag WHERE tag = 'a'; DELETE FROM arrival WHERE seq = 1;`,
    );
    expect(await check(cache)).toMatchObject({
      ok: false,
      problems: [{ kind: 'totals' }, { kind: 'missing-rows' }, { kind: 'missing-rows' }],
    });
    const { ok, problems } = await check(cache, { fix: true });
    expect([ok, problems.every(({ isFixed }) => isFixed)]).toEqual([true, true]);
    expect(await check(cache)).toMatchObject({ ok: true, problems: [] });
    expect(await listed(cache.keys({ order: 'insertion' }))).toHaveLength(3);
    expect(await cache.evict('a')).toBe(1);
    expect(await check(cache)).toMatchObject({ ok: true, entries: 2 });
  });

  test('with fix removes notes of tags and uses that belong to no entry', async () => {
    const { cache } = await openFilled();
    await cache.set('tagged', 'value', { tags: ['a'] });
    const db = foreignConnection(cache.directory);
    db.exec(
      `INSERT INTO tag VALUES ('a', 'gone', 99, 99), ('b', 'tagged', 3, 3); INSERT INTO use VALUES (98, 1, 1, 1)`,
    );
    expect(await check(cache)).toMatchObject({
      ok: false,
      problems: [{ kind: 'orphan-rows' }, { kind: 'orphan-rows' }],
    });
    expect(await check(cache, { fix: true })).toMatchObject({ ok: true });
    expect(await check(cache)).toMatchObject({ ok: true, problems: [] });
    expect(await listed(cache.keys({ tag: 'a' }))).toEqual(['tagged']);
  });

  test('with fix removes an old file that no entry points to, and leaves one that may be just being written', async () => {
    const { cache, file } = await openFilled();
    const [young, unfinished, old] = ['young.val', 'young.val.tmp', 'old.val'].map((name) =>
      join(file, '..', name),
    );
    for (const path of [young, unfinished, old]) writeFileSync(path!, '');
    const anHourAgo = new Date(Date.now() - AN_HOUR);
    utimesSync(old!, anHourAgo, anHourAgo);
    const problems = [{ kind: 'orphan-file', isFixed: true }];
    expect(await check(cache, { fix: true })).toMatchObject({ ok: true, problems });
    expect(new Set(valueFiles(cache.directory))).toEqual(new Set([file, young, unfinished]));
  });

  test('with fix says what it could not repair while another process kept the lock', async () => {
    const cache = openCache({ fileThreshold: 100, timeout: 50 });
    await cache.set('large', 'x'.repeat(200));
    unlinkSync(valueFiles(cache.directory)[0]!);
    const lock = foreignConnection(cache.directory);
    lock.exec('BEGIN IMMEDIATE');
    const problems = [{ kind: 'missing-file', isFixed: false }];
    expect(await check(cache, { fix: true })).toMatchObject({ ok: false, problems });
    lock.exec('COMMIT');
  });

  test('tells its progress, and stops when its signal is aborted or onProgress throws', async () => {
    const { cache } = await openFilled();
    await cache.setMany(Array.from({ length: 6000 }, (_, key) => [key, key] as const));
    const told: number[] = [];
    await check(cache, { onProgress: ({ checked }) => void told.push(checked) });
    expect(told.length).toBeGreaterThan(1);
    expect(told.at(-1)).toBeGreaterThanOrEqual(6000);
    await expect(check(cache, { signal: AbortSignal.abort('why') })).rejects.toBe('why');
    const controller = new AbortController();
    const stopped = check(cache, { onProgress: () => controller.abort('then'), signal: controller.signal });
    await expect(stopped).rejects.toBe('then');
    const error = new Error('no more');
    const onProgress = () => {
      throw error;
    };
    await expect(check(cache, { onProgress })).rejects.toBe(error);
    // No snapshot stays open.
    await cache.set('key', 'value');
    expect(await check(cache)).toMatchObject({ ok: true, entries: 6003 });
  });

  test('is of one moment, whatever onProgress does with the cache, which takes effect', async () => {
    const { cache } = await openFilled();
    await cache.setMany(Array.from({ length: 6000 }, (_, key) => [key, key] as const));
    let told = 0;
    const onProgress = () => {
      cache.sync.set(`told ${++told}`, told, { tags: ['told'] });
      cache.sync.delete(told);
      expect(cache.sync.count()).toBe(6002);
    };
    expect(await check(cache, { onProgress })).toMatchObject({ ok: true, entries: 6002 });
    expect(told).toBeGreaterThan(1);
    expect(await cache.evict('told')).toBe(told);
    expect(await check(cache)).toMatchObject({ ok: true, entries: 6002 - told });
  });

  test('refuses options that are wrong', async () => {
    const { cache } = await openFilled();
    for (const options of [{ fix: 1 }, { Fix: true }, { signal: {} }, { onProgress: 1 }, 'fix']) {
      await expect(check(cache, options as never)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_OPTION' });
    }
  });

  test('reports a damaged database, and repairs nothing in it', async () => {
    const directory = folderInMemory();
    const first = openCache({ fileThreshold: 100 }, directory);
    await first.setMany(Array.from({ length: 2000 }, (_, key) => [key, 'x'.repeat(90)] as const));
    await first.set('large', 'y'.repeat(200));
    await first.close();
    const path = join(directory, 'cache.db');
    const bytes = readFileSync(path);
    bytes.fill(0xaa, 4096 * 20, 4096 * 22);
    writeFileSync(path, bytes);
    unlinkSync(valueFiles(directory)[0]!);
    const cache = openCache({ fileThreshold: 100 }, directory);
    const { ok, problems } = await check(cache, { fix: true });
    expect([ok, problems.length > 0]).toEqual([false, true]);
    for (const problem of problems) expect(problem).toMatchObject({ kind: 'database', isFixed: false });
  });
});

test('DiskCacheSync checks the cache as the transaction has it', () => {
  const cache = openSync({ fileThreshold: 100 });
  cache.transact(() => {
    cache.set('large', 'x'.repeat(200), { tags: ['a'] });
    cache.set('small', 'x');
    expect(cache.check({ fix: true })).toEqual({ ok: true, problems: [], entries: 2, files: 1 });
  });
});

test.for([
  ['which is no database any more', (path: string) => overwritten(path, 0, Buffer.alloc(4096, 7))],
  ['which is empty', (path: string) => truncateSync(path, 0)],
] as const)('check() reports a database in use %s', async ([, damage]) => {
  const cache = openCache();
  await cache.set('key', 'value');
  foreignConnection(cache.directory).pragma('wal_checkpoint(TRUNCATE)');
  damage(join(cache.directory, 'cache.db'));
  const problems = [{ kind: 'database', isFixed: false }];
  expect(await cache.check()).toMatchObject({ ok: false, problems });
});

test('upkeep removes old files that no entry points to, and no others', async () => {
  const clock = new FakeClock(Date.now());
  const cache = openCache({ fileThreshold: 100, clock });
  await cache.set('key', 'x'.repeat(200));
  const folder = join(cache.directory, 'values', 'ab');
  mkdirSync(folder, { recursive: true });
  const before = valueFiles(cache.directory);
  for (const name of ['left.val', 'over.val.tmp']) writeFileSync(join(folder, name), 'by a killed process');
  clock.advance(AN_HOUR);
  await turnsUntil(() => valueFiles(cache.directory).length === 1);
  await someTurns();
  expect(valueFiles(cache.directory)).toEqual(before);
  expect(await cache.get('key')).toBe('x'.repeat(200));
  expect(readdirSync(folder)).toEqual(expect.any(Array));
});

test('after whatever was done, in transactions that failed too, check() finds nothing', () => {
  const key = fc.integer({ min: 0, max: 9 });
  const step = fc.record({
    key,
    size: fc.integer({ min: 0, max: 300 }),
    tag: fc.constantFrom('a', 'b', undefined),
    ttl: fc.constantFrom(undefined, 5),
    verb: fc.constantFrom('set', 'add', 'delete', 'evict', 'fail', 'nested', 'wait', 'touch', 'clear'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new FakeClock(Date.now());
      const cache = openSync({ clock, fileThreshold: 100, entryLimit: 7 });
      for (const { key, size, tag, ttl, verb } of steps) {
        const set = () => cache.set(key, 'x'.repeat(size), { ttl, tags: tag && [tag] });
        const failing = () => {
          set();
          cache.set(key + 1, 'y'.repeat(size));
          throw new Error('back');
        };
        if (verb === 'set') set();
        if (verb === 'add') cache.add(key, 'z'.repeat(size));
        if (verb === 'delete') cache.delete(key);
        if (verb === 'evict') cache.evict('a');
        if (verb === 'fail') expect(() => cache.transact(failing)).toThrow('back');
        if (verb === 'nested') {
          cache.transact(() => {
            set();
            expect(() => cache.transact(failing)).toThrow('back');
          });
        }
        if (verb === 'wait') clock.advance(3);
        if (verb === 'touch') cache.touch(key, { ttl: 10 });
        if (verb === 'clear' && size > 250) cache.clear();
      }
      const report = cache.check();
      cache.close();
      expect(report).toMatchObject({ ok: true, problems: [] });
    }),
    { numRuns: 40 },
  );
});

test.for([0, 0.5, 0.99])(
  'a file without an entry is removed within 90 seconds, whenever its process was killed, random %s',
  async (random) => {
    const clock = new FakeClock(Date.now());
    const cache = openCache({ clock, random: () => random, fileThreshold: 100 });
    await cache.set('key', 'x'.repeat(200));
    const folder = dirname(valueFiles(cache.directory)[0]!);
    for (let killedAt = 0; killedAt < 5; killedAt++) {
      const left = join(folder, `left-${killedAt}.val.tmp`);
      writeFileSync(left, 'left over');
      utimesSync(left, clock.now() / 1000, clock.now() / 1000);
      for (let seconds = 0; seconds < 100; seconds += 10) {
        clock.advance(10_000);
        await someTurns();
      }
      expect(valueFiles(cache.directory)).toHaveLength(1);
      clock.advance(10_000 * killedAt);
    }
  },
);
