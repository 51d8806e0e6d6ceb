import { Readable } from 'node:stream';
import {
  DiskCache,
  type DiskCacheOptions,
  DiskCacheSync,
  type IterationOptions,
  type Key,
  ShardedDiskCache,
  ShardedDiskCacheSync,
} from '@diskcache/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asPromises, type CacheVerbs } from '../contract/verbs.ts';
import { listed } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { asVerbs } from '../support/sharded.ts';
import { folderInMemory } from '../support/temporary-folder.ts';
import { PlainCache } from './plain-cache.ts';
import { FILE_THRESHOLD, QUEUE, type Selection, someSteps, START, type Step } from './steps.ts';

/** How many sequences of about 40 steps each test tries. */
const RUNS = Number(process.env.DISKCACHE_MODEL_RUNS ?? 150);

/** A cache without limits behaves alike under all of them. */
const POLICIES = ['lru', 'lfu', 'fifo', 's3-fifo', 'none'] as const;

/** Calls that take several turns, in which writes that are called later may take effect. */
const TAKING_TURNS: ReadonlySet<Step['do']> = new Set([
  'entries',
  'values',
  'check',
  'peek',
  'lease',
  'getOrSet',
  'peekEntry',
  'setStream',
  'getStream',
  'vacuum',
]);

class TakenBack extends Error {}

/** Carries out a step. @returns what the verb gave, in the form in which PlainCache tells it */
function take(cache: CacheVerbs, step: Step): Promise<unknown> {
  switch (step.do) {
    case 'get':
    case 'has':
    case 'delete':
    case 'pop':
      return cache[step.do](step.key);
    case 'getYoung':
      return cache.get(step.key, { maxAge: step.maxAge });
    case 'incr':
    case 'decr':
      return cache[step.do](step.key, step.delta, step.terms).catch(codeOf);
    case 'push':
      return cache.push(QUEUE, step.value, { side: step.side, ...step.terms });
    case 'peek':
    case 'pull':
      return cache[step.do](QUEUE, { side: step.side }).then((item) => item && plain(item));
    case 'lease':
      return lease(cache, step);
    case 'entry':
      return cache.entry(step.key).then((entry) => entry && plain(entry));
    case 'getMany':
    case 'deleteMany':
      return cache[step.do](step.keys);
    case 'set':
    case 'add':
      return cache[step.do](step.key, step.value, step.terms);
    case 'getOrSet':
      return cache.getOrSet(step.key, () => step.value, step.terms);
    case 'setMany':
      return cache.setMany(
        step.keys.map((key) => [key, step.value] as const),
        step.terms,
      );
    case 'entryMany':
      return cache.entryMany(step.keys).then((entries) => entries.map((entry) => entry && plain(entry)));
    case 'setStream':
      return (cache as DiskCache).setStream(step.key, step.chunks, step.terms);
    case 'getStream':
      return streamed(cache as DiskCache, step.key);
    case 'touch':
      return cache.touch(step.key, { ttl: step.ttl, expires: step.expires });
    case 'clear':
    case 'count':
    case 'cull':
      return cache[step.do]();
    case 'expire':
    case 'vacuum':
      return cache[step.do]().then(() => undefined);
    case 'evict':
      return cache.evict(step.tag);
    case 'deletePrefix':
      return cache.deletePrefix(step.prefix);
    case 'entries':
      return listed(cache.entries()).then((entries) => entries.map(plain));
    case 'keys':
    case 'values':
      return listed<unknown>(cache[step.do](rangeOf(step)));
    case 'peekEntry': {
      const { prefix, tag, after, order } = step;
      const edge = cache.peekEntry(step.end, { prefix, tag, after, order });
      return edge.then((entry) => entry && plain(entry));
    }
    case 'check':
      return cache.check({ fix: step.fix }).then(({ ok }) => ok);
    case 'transact':
      return transact(cache, step);
    case 'advance':
    case 'reopen':
      return Promise.resolve();
  }
}

async function streamed(cache: DiskCache, key: Key): Promise<unknown> {
  const stream = await cache.getStream(key).catch(codeOf);
  return stream instanceof Readable ? Buffer.concat(await stream.toArray()) : stream;
}

/** Takes an item for a time, and acknowledges it, gives it back, keeps it longer, or lets the lease end. */
async function lease(cache: CacheVerbs, step: Extract<Step, { do: 'lease' }>): Promise<unknown> {
  const item = await cache.pull(QUEUE, { side: step.side, lease: step.lease });
  if (item !== undefined && step.ending !== 'none')
    expect(await item[step.ending](2 * step.lease)).toBe(true);
  return item && plain(item);
}

function codeOf(error: unknown): unknown {
  return (error as { code: string }).code;
}

/** The verbs of the transaction's cache answer at once; their promises are only how the steps are written. */
async function transact(
  cache: CacheVerbs,
  { steps, fails }: Extract<Step, { do: 'transact' }>,
): Promise<unknown> {
  const results: Promise<unknown>[] = [];
  const done = cache.transact((tx) => {
    for (const step of steps) {
      // All at once: a list that is read in steps would be read after the transaction.
      if (step.do === 'keys' || step.do === 'values')
        results.push(Promise.resolve([...tx[step.do](rangeOf(step))]));
      else if (step.do === 'entries') results.push(Promise.resolve(Array.from(tx.entries(), plain)));
      else results.push(take(asPromises(tx), step));
    }
    if (fails) throw new TakenBack();
  });
  const isTakenBack = await done.then(
    () => false,
    (error: unknown) => error instanceof TakenBack,
  );
  return isTakenBack ? 'failed' : Promise.all(results);
}

function rangeOf({ prefix, tag, after, order, reverse, limit }: Selection): IterationOptions {
  return { prefix, tag, after, order, reverse, limit };
}

function plain({
  key,
  value,
  expires,
  tags,
}: {
  key: unknown;
  value: unknown;
  expires: unknown;
  tags: unknown;
}) {
  return { key, value, expires, tags };
}

/** Sets that are called together arrive in the order in which they are committed, which is not that of the calls. */
function byKey(steps: Step[]): Step[] {
  return steps.map((step) => {
    if (step.do === 'transact') return { ...step, steps: byKey(step.steps) };
    return 'order' in step ? { ...step, order: undefined } : step;
  });
}

/** For DiskCacheSync, which has no streams. */
function atOnce(steps: Step[]): Step[] {
  return steps.map((step) => {
    if (step.do === 'getStream') return { ...step, do: 'get' };
    if (step.do === 'setStream') return { ...step, do: 'set', value: Buffer.concat(step.chunks) };
    return step;
  });
}

/** A read is a use also where it was done in a transaction that is taken back, which the model does not know. */
function committed(steps: Step[]): Step[] {
  return steps.map((step) => (step.do === 'transact' ? { ...step, fails: false } : step));
}

type Open = (options: DiskCacheOptions, directory: string) => CacheVerbs;

/** Runs steps on a cache and on the model; `isAwaited` says after which steps all calls so far are waited for. */
async function agree(
  open: Open,
  steps: Step[],
  isAwaited: (place: number) => boolean,
  more?: DiskCacheOptions,
): Promise<void> {
  const clock = new FakeClock(START);
  const directory = folderInMemory();
  let opened = steps.length;
  const reopen = () => {
    const eviction = POLICIES[opened++ % POLICIES.length];
    return open({ clock, fileThreshold: FILE_THRESHOLD, eviction, ...more }, directory);
  };
  const model = new PlainCache(clock.now(), more);
  let cache = reopen();
  let calls: { step: Step; given: Promise<unknown>; expected: unknown }[] = [];
  const settle = async () => {
    for (const { step, given, expected } of calls) expect([step, await given]).toEqual([step, expected]);
    calls = [];
  };
  for (const [place, step] of steps.entries()) {
    if (step.do === 'advance' || step.do === 'reopen') await settle();
    if (step.do === 'advance') clock.advance(step.ms);
    if (step.do === 'reopen') {
      await cache.close();
      cache = reopen();
    }
    calls.push({ step, given: take(cache, step), expected: model.take(step) });
    const takesTurns = TAKING_TURNS.has(step.do);
    if (isAwaited(place) || takesTurns) await settle();
  }
  await settle();
  expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  expect(await take(cache, { do: 'entries' })).toEqual(model.take({ do: 'entries' }));
  await cache.close();
}

test('DiskCacheSync does what a plain cache in memory does', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(someSteps, (steps) =>
      agree(
        (options, directory) => asPromises(new DiskCacheSync(directory, options)),
        atOnce(steps),
        () => true,
      ),
    ),
    { numRuns: RUNS },
  );
});

test('DiskCache, awaited, does what a plain cache in memory does', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(someSteps, (steps) =>
      agree(
        (options, directory) => new DiskCache(directory, options),
        byKey(steps),
        () => true,
      ),
    ),
    { numRuns: RUNS },
  );
});

test(
  'DiskCache, its calls mostly not awaited, does what a plain cache in memory does',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, fc.integer({ min: 2, max: 30 }), (steps, every) =>
        agree(
          (options, directory) => new DiskCache(directory, options),
          byKey(steps),
          (place) => place % every === 0,
        ),
      ),
      { numRuns: RUNS },
    );
  },
);

test(
  'DiskCache, with larger values compressed by a thread and its calls mostly not awaited, does what a plain cache does',
  { timeout: 600_000 },
  async () => {
    const compression = { algorithm: 'brotli', level: 10, threshold: FILE_THRESHOLD } as const;
    await fc.assert(
      fc.asyncProperty(someSteps, fc.integer({ min: 2, max: 30 }), (steps, every) =>
        agree(
          (options, directory) => new DiskCache(directory, options),
          byKey(steps),
          (place) => place % every === 0,
          { compression },
        ),
      ),
      { numRuns: RUNS },
    );
  },
);

describe.for<
  [string, (options: DiskCacheOptions, directory: string) => CacheVerbs, (steps: Step[]) => Step[]]
>([
  ['DiskCacheSync', (options, directory) => asPromises(new DiskCacheSync(directory, options)), atOnce],
  ['DiskCache', (options, directory) => new DiskCache(directory, options), byKey],
])('%s, awaited, does what a plain cache does', ([, open, taken]) => {
  test.for<[string, DiskCacheOptions]>([
    ['maxIdle', { maxIdle: 60 }],
    ['maxIdle and a ttl', { maxIdle: 60, ttl: 150, checksum: true }],
    ['a ttl, all as files and with V8', { ttl: 100, fileThreshold: 1, serializer: 'v8', durability: 'full' }],
  ])('with %s', { timeout: 600_000 }, async ([, options]) => {
    await fc.assert(
      fc.asyncProperty(someSteps, (steps) => agree(open, committed(taken(steps)), () => true, options)),
      { numRuns: RUNS / 3 },
    );
  });
});

test('ShardedDiskCacheSync does what a plain cache in memory does', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(someSteps, (steps) =>
      agree(
        (options, directory) => asVerbs(new ShardedDiskCacheSync(directory, options)),
        atOnce(steps),
        () => true,
      ),
    ),
    { numRuns: RUNS / 3 },
  );
});

test(
  'ShardedDiskCache, its calls mostly not awaited, does what a plain cache does',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, fc.integer({ min: 1, max: 30 }), (steps, every) =>
        agree(
          (options, directory) => asVerbs(new ShardedDiskCache(directory, { shards: 3, ...options })),
          byKey(steps),
          (place) => place % every === 0,
        ),
      ),
      { numRuns: RUNS / 3 },
    );
  },
);
