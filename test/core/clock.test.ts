import { stat } from 'node:fs/promises';
import { existsSync, statSync, utimesSync } from 'node:fs';
import type { DiskCache, DiskCacheOptions } from '@diskcache/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../support/on-disk.ts';
import { SteeredSource } from '../support/steered-source.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;

/** How the clock is set while a cache is in use. */
const BACK: [how: string, jumps: readonly number[]][] = [
  ['back by five minutes', [-5 * MINUTE]],
  ['back by an hour', [-HOUR]],
  ['back by a year', [-YEAR]],
  ['on by a year and back again', [YEAR, -YEAR]],
];

interface Opened {
  readonly cache: DiskCache;
  readonly clock: FakeClock;
}

function opened(options?: DiskCacheOptions, directory?: string): Opened {
  const clock = new FakeClock(Date.now());
  return { cache: openCache({ ...options, clock }, directory), clock };
}

/** Sets the clocks of all that there are on this machine, and lets them do something while one is set wrong. */
async function set(
  clocks: readonly FakeClock[],
  jumps: readonly number[],
  meanwhile?: () => Promise<unknown>,
): Promise<void> {
  for (const [number, ms] of jumps.entries()) {
    if (number > 0) await meanwhile?.();
    for (const clock of clocks) clock.jump(ms);
  }
}

/** Lets another cache look a few times whether it is its turn. */
async function someLooks(): Promise<void> {
  const end = performance.now() + 15;
  await turnsUntil(() => performance.now() > end);
}

function never(): never {
  throw new Error('not to be computed');
}

describe.for(BACK)('When the clock is set %s', ([, jumps]) => {
  const back = Math.min(...jumps);

  test('what is stored then expires after its ttl, and goes from the disk', async () => {
    const { cache, clock } = opened();
    await cache.set('before', 'value');
    await set([clock], jumps, () => cache.set('meanwhile', 'value'));
    await cache.set('key', 'value', { ttl: 1000 });
    clock.advance(999);
    expect(await cache.get('key')).toBe('value');
    clock.advance(1);
    expect(await cache.get('key')).toBeUndefined();
    const rows = foreignConnection(cache.directory).prepare("SELECT 1 FROM entry WHERE key = 'key'");
    expect(rows.get()).toBeDefined();
    clock.advance(10_000);
    await someTurns();
    expect(rows.get()).toBeUndefined();
    expect(await cache.getMany(['before'])).toEqual(['value']);
  });

  test('what was stored before lives until the clock shows its deadline, and no longer', async () => {
    const { cache, clock } = opened();
    await cache.set('key', 'value', { ttl: 1000 });
    const expires = clock.now() + 1000;
    clock.jump(back);
    expect(await cache.get('key')).toBe('value');
    expect(await cache.expire()).toBe(0);
    clock.jump(expires - clock.now() - 1);
    expect(await cache.get('key')).toBe('value');
    clock.advance(1);
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.count()).toBe(0);
  });

  test('what is stored then was stored at the time that the clock shows, and in order', async () => {
    const { cache, clock } = opened();
    await cache.set('before', 'value');
    await set([clock], jumps, () => cache.set('meanwhile', 'value'));
    await cache.setMany([
      ['one', 1],
      ['two', 2],
    ]);
    for (const key of ['one', 'two']) {
      const { storedAt = 0 } = (await cache.entry(key)) ?? {};
      expect(Math.floor(storedAt)).toBe(clock.now());
    }
    expect((await listed(cache.keys())).slice(-2)).toEqual(['one', 'two']);
  });

  test('what is not used for maxIdle from then on expires, and what is used does not', async () => {
    const { cache, clock } = opened({ maxIdle: 1000 });
    await cache.set('before', 'value');
    await set([clock], jumps, () => cache.set('meanwhile', 'value'));
    await cache.setMany([
      ['idle', 'value'],
      ['used', 'value'],
    ]);
    for (let passed = 0; passed < 2000; passed += 500) {
      clock.advance(500);
      expect(await cache.get('used')).toBe('value');
      await someTurns();
    }
    expect(await cache.has('idle')).toBe(false);
    clock.advance(999);
    await someTurns();
    expect(await cache.has('used')).toBe(true);
    clock.advance(1);
    expect(await cache.has('used')).toBe(false);
  });

  test('get() with maxAge takes nothing from before for young, and what is stored then for young', async () => {
    const { cache, clock } = opened();
    await set([clock], jumps.slice(0, -1));
    await cache.set('key', 'old');
    await set([clock], jumps.slice(-1));
    expect(await cache.get('key', { maxAge: MINUTE })).toBeUndefined();
    await cache.set('key', 'new');
    clock.advance(MINUTE - 1);
    expect(await cache.get('key', { maxAge: MINUTE })).toBe('new');
    clock.advance(1);
    expect(await cache.get('key', { maxAge: MINUTE })).toBeUndefined();
  });

  test.for([true, false])(
    "'lru' evicts what was not used since, and what is used and what is new stays (same process: %s)",
    async (isSame) => {
      const options = { entryLimit: 40, eviction: 'lru' } as const;
      let { cache, clock } = opened(options);
      const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
      const add = async (from: number, to: number) => {
        for (const key of numbers(from, to)) await cache.set(key, key);
      };
      const use = async (from: number, to: number) => {
        for (const key of numbers(from, to)) await cache.get(key);
      };
      await add(0, 40);
      clock.advance(1000);
      await use(5, 20);
      await set([clock], jumps, () => use(5, 15));
      if (!isSame) {
        await cache.close();
        const before = clock.now();
        ({ cache, clock } = opened(options, cache.directory));
        clock.jump(before - clock.now());
      }
      clock.advance(1000);
      await use(0, 10);
      clock.advance(1000);
      await add(40, 70);
      expect(await listed(cache.keys())).toEqual([...numbers(0, 10), ...numbers(40, 70)]);
      await cache.close();
      cache = openCache({ ...options, clock }, cache.directory);
      clock.advance(1000);
      await use(5, 10);
      await add(70, 80);
      expect(await listed(cache.keys())).toEqual([...numbers(5, 10), ...numbers(45, 80)]);
    },
  );

  test.for(['lfu', 'fifo', 's3-fifo'] as const)(
    "'%s' does not evict what is new or used",
    async (eviction) => {
      const { cache, clock } = opened({ entryLimit: 100, eviction });
      for (let i = 0; i < 100; i++) await cache.set(`old ${i}`, i);
      await set([clock], jumps, () => cache.get('old 1'));
      const isUsed = eviction !== 'fifo';
      for (let i = 0; i < 90; i++) {
        if (isUsed) for (let key = 0; key < 5; key++) await cache.get(`old ${key}`);
        await cache.set(`new ${i}`, i);
        expect(await cache.has(`new ${i}`)).toBe(true);
      }
      expect(await cache.count()).toBe(100);
      if (isUsed) for (let key = 0; key < 5; key++) expect(await cache.has(`old ${key}`)).toBe(true);
      else expect(await cache.has('new 0')).toBe(true);
    },
  );

  test('the lease of a process that died while it computed does not last, nor does a failure that is kept', async () => {
    const directory = folderInMemory();
    const dead = opened({}, directory);
    const { cache, clock } = opened({}, directory);
    await set([dead.clock, clock], jumps.slice(0, -1));
    const { promise, resolve } = Promise.withResolvers<string>();
    let isBegun = false;
    const stuck = dead.cache.getOrSet('key', () => ((isBegun = true), promise));
    await turnsUntil(() => isBegun);
    const failing = () => Promise.reject(new Error('not today'));
    await expect(cache.getOrSet('failed', failing, { errorTtl: MINUTE })).rejects.toThrow('not today');
    await expect(cache.getOrSet('failed', never)).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_KEPT_FAILURE',
    });
    await set([dead.clock, clock], jumps.slice(-1));
    expect(await cache.getOrSet('key', () => 'of the other')).toBe('of the other');
    expect(await cache.getOrSet('failed', () => 'today')).toBe('today');
    resolve('late');
    expect(await stuck).toBe('late');
    expect(await cache.get('key')).toBe('of the other');
    clock.advance(10_000);
    await someTurns();
    expect(foreignConnection(directory).prepare('SELECT * FROM lease').all()).toEqual([]);
  });

  test('who waits for a computation gets its value, from a process that goes on', async () => {
    const directory = folderInMemory();
    const [a, b] = [opened({}, directory), opened({}, directory)];
    const { promise, resolve } = Promise.withResolvers<string>();
    let isBegun = false;
    const computed = a.cache.getOrSet('key', () => ((isBegun = true), promise), { lease: 3000 });
    await turnsUntil(() => isBegun);
    await set([a.clock, b.clock], jumps);
    const until = foreignConnection(directory).prepare('SELECT until FROM lease').pluck();
    a.clock.advance(1000);
    await turnsUntil(() => (until.get() as number) <= a.clock.now() + 3000);
    b.clock.advance(1000);
    const waiting = b.cache.getOrSet('key', never);
    await someLooks();
    resolve('value');
    expect([await computed, await waiting]).toEqual(['value', 'value']);
  });

  test('an item of a queue that is handed out stays so for its lease, and then comes back', async () => {
    const directory = folderInMemory();
    const [a, b] = [opened({}, directory), opened({}, directory)];
    const clocks = [a.clock, b.clock];
    await a.cache.push('jobs', 'first');
    await a.cache.push('jobs', 'second');
    await set(clocks, jumps.slice(0, -1));
    const first = await a.cache.pull('jobs', { lease: MINUTE });
    const second = await a.cache.pull('jobs', { lease: MINUTE });
    await set(clocks, jumps.slice(-1));
    for (const take of [
      () => b.cache.pull('jobs', { lease: MINUTE }),
      () => b.cache.pull('jobs'),
      () => b.cache.peek('jobs'),
    ])
      expect(await take()).toBeUndefined();
    expect(await first?.ack()).toBe(true);
    for (const clock of clocks) clock.advance(MINUTE);
    expect(await b.cache.pull('jobs')).toMatchObject({ value: 'second' });
    expect(await second?.ack()).toBe(false);
  });

  test('what a killed process has left over goes from the disk', async () => {
    const { cache, clock } = opened({ fileThreshold: 100 });
    await set([clock], jumps.slice(0, -1));
    await cache.set('gone', 'x'.repeat(200));
    await cache.set('stays', 'y'.repeat(200));
    const files = valueFiles(cache.directory);
    for (const file of files) utimesSync(file, clock.now() / 1000, clock.now() / 1000);
    const db = foreignConnection(cache.directory);
    const kept = db.prepare("SELECT file FROM entry WHERE key = 'stays'").pluck().get() as string;
    db.prepare("DELETE FROM entry WHERE key = 'gone'").run();
    await set([clock], jumps.slice(-1));
    const left = () => valueFiles(cache.directory).filter((file) => !file.endsWith(kept.slice(3)));
    expect(left()).toHaveLength(1);
    for (let minute = 0; minute < 30; minute++) {
      clock.advance(MINUTE);
      await someTurns();
    }
    expect(left()).toEqual([]);
    expect(await cache.get('stays')).toBe('y'.repeat(200));
  });

  test('room that a killed process had reserved is given back', async () => {
    const directory = folderInMemory();
    const [killed, other] = [opened({}, directory), opened({}, directory)];
    await set([killed.clock, other.clock], jumps.slice(0, -1));
    const [file] = await beginStream(killed.cache);
    utimesSync(file, killed.clock.now() / 1000, killed.clock.now() / 1000);
    await set([other.clock], jumps.slice(-1));
    other.clock.advance(40_000);
    await turnsUntil(() => !existsSync(file));
    expect(await other.cache.size()).toBe(0);
  });
});

describe.for<[how: string, jumps: readonly number[]]>([
  ...BACK,
  ['on by an hour', [HOUR]],
  ['on by a year', [YEAR]],
])('When the clock is set %s', ([, jumps]) => {
  test('a stream that is just being stored by another process is stored', async () => {
    const directory = folderInMemory();
    const [a, b] = [opened({}, directory), opened({}, directory)];
    const clocks = [a.clock, b.clock];
    await set(clocks, jumps.slice(0, -1));
    const [file, source, setting] = await beginStream(a.cache);
    for (let mark = 0; mark < 3; mark++) {
      for (const clock of clocks) clock.advance(2500);
      await turnsUntil(() => Math.abs(statSync(file).mtimeMs - a.clock.now()) < 1000);
    }
    // So that upkeep looks before the file's maker has marked it again, and then more often.
    for (const clock of clocks) clock.advance(2000);
    await set(clocks, jumps.slice(-1));
    for (let second = 0; second < 30; second++) {
      b.clock.advance(1000);
      await someTurns();
      a.clock.advance(1000);
      await someTurns();
      // Its maker marks the file by the thread pool, which a busy machine may delay; a second of the clock would be long for that.
      for (let call = 0; call < 5; call++) await stat(file);
    }
    source.end();
    await setting;
    expect(await b.cache.get<Buffer>('stream')).toHaveLength(100_000);
  });

  test('entries without a deadline stay, and upkeep goes on', async () => {
    const { cache, clock } = opened();
    for (let i = 0; i < 100; i++) await cache.set(i, i);
    await set([clock], jumps);
    for (let times = 0; times < 6; times++) {
      clock.advance(10_000);
      await someTurns();
    }
    expect(await cache.count()).toBe(100);
    await cache.set('short', 'value', { ttl: 5000 });
    clock.advance(20_000);
    await someTurns();
    expect(foreignConnection(cache.directory).prepare('SELECT count(*) FROM entry').pluck().get()).toBe(100);
    expect(await cache.check()).toMatchObject({ ok: true });
  });
});

test('A clock that is set while a value is computed makes it neither dear nor cheap for good', async () => {
  const { cache, clock } = opened();
  const computed = async (jump: number) => {
    await cache.getOrSet('key', () => (clock.jump(jump), 'value'), { ttl: HOUR, beta: 1 });
    const cost = foreignConnection(cache.directory).prepare('SELECT cost FROM entry').pluck().get();
    await cache.clear();
    return cost;
  };
  expect(await computed(-YEAR)).toBe(0);
  expect(await computed(5)).toBe(5);
});

/** Begins to store a stream of 100,000 bytes. */
async function beginStream(
  cache: DiskCache,
): Promise<[file: string, source: SteeredSource, setting: Promise<void>]> {
  const source = new SteeredSource().give(Buffer.alloc(100_000));
  const setting = cache.setStream('stream', source);
  setting.catch(() => undefined);
  await turnsUntil(() => source.asked === 2);
  onTestFinished(() => void source.end());
  const [file = ''] = valueFiles(cache.directory);
  return [file, source, setting];
}
