import { mkdirSync, readdirSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { CheckReport, DiskCache } from '@diskcache/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../../support/on-disk.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const AN_HOUR = 3_600_000;

describe.for<[string, (cache: DiskCache) => CheckReport | Promise<CheckReport>]>([
  ['DiskCache', (cache) => cache.check()],
  ['DiskCacheSync', (cache) => cache.sync.check()],
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
