import { DiskCache, type Key, ShardedDiskCache } from '@diskcache/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  agreeing,
  bound,
  listOf,
  sequencesOf,
  transacted,
  type TransactStep,
  type Verbs,
} from './collection-steps.ts';
import { folderInMemory } from '../support/temporary-folder.ts';

/** How many sequences of about 60 steps each test tries: more than 10,000 steps in all. */
const RUNS = Number(process.env.DISKCACHE_MODEL_RUNS ?? 80);
const FILE_THRESHOLD = 200;

type Entries = readonly (readonly [key: Key, value: unknown])[];
type Step =
  | { readonly do: 'get' | 'has' | 'delete' | 'pop' | 'popOr'; readonly key: Key }
  | { readonly do: 'set' | 'setDefault'; readonly key: Key; readonly value: unknown }
  | { readonly do: 'update'; readonly entries: Entries }
  | { readonly do: 'popItem' | 'edge'; readonly end: 'first' | 'last' }
  | { readonly do: 'keys' | 'values' | 'entries'; readonly reverse: boolean }
  | { readonly do: 'size' | 'clear' | 'itself' }
  | TransactStep<Step>;

const someKey: fc.Arbitrary<Key> = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 150 }).map((number) => `key ${number}`) },
  fc.constantFrom('', '/', '@', 'a/b', 's1', 'n1', '%2F', 'x'.repeat(3000)),
  fc.constantFrom(1, -1.5, 1e300, 0),
  fc.constantFrom(new Uint8Array([0x31]), new Uint8Array()),
);
const someValue = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(300), 'y'.repeat(300), null, '', { a: [1n] }) },
);
const simpleStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('get', 'has', 'delete', 'pop', 'popOr'), key: someKey }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('set', 'setDefault'), key: someKey, value: someValue }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('update'),
      entries: fc.array(fc.tuple(someKey, someValue), { maxLength: 100, size: 'max' }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('popItem', 'edge'), end: fc.constantFrom('first', 'last') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('keys', 'values', 'entries'), reverse: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('size', 'size', 'itself', 'clear') }) },
) as fc.Arbitrary<Step>;
const someSteps = sequencesOf(simpleStep);

/** What a Map does. */
class PlainIndex {
  entries = new Map<string, readonly [key: Key, value: unknown]>();

  take(step: Step): unknown {
    const all = [...this.entries.values()];
    switch (step.do) {
      case 'get':
        return this.entries.get(idOf(step.key))?.[1];
      case 'has':
        return this.entries.has(idOf(step.key));
      case 'delete':
        return this.entries.delete(idOf(step.key));
      case 'pop':
      case 'popOr': {
        const found = this.entries.get(idOf(step.key));
        this.entries.delete(idOf(step.key));
        return found === undefined ? (step.do === 'pop' ? undefined : 'none') : found[1];
      }
      case 'set':
        this.entries.set(idOf(step.key), [step.key, step.value]);
        return undefined;
      case 'setDefault':
        if (!this.entries.has(idOf(step.key))) this.entries.set(idOf(step.key), [step.key, step.value]);
        return this.entries.get(idOf(step.key))?.[1];
      case 'update':
        for (const [key, value] of step.entries) this.entries.set(idOf(key), [key, value]);
        return undefined;
      case 'popItem': {
        const found = all.at(step.end === 'first' ? 0 : -1);
        if (found !== undefined) this.entries.delete(idOf(found[0]));
        return found;
      }
      case 'edge':
        return all.at(step.end === 'first' ? 0 : -1);
      case 'keys':
      case 'values':
      case 'entries': {
        const listed = step.reverse ? all.toReversed() : all;
        return step.do === 'entries'
          ? listed
          : listed.map(([key, value]) => (step.do === 'keys' ? key : value));
      }
      case 'size':
        return all.length;
      case 'clear':
        this.entries.clear();
        return undefined;
      case 'itself':
        return undefined;
      case 'transact': {
        const before = new Map(this.entries);
        const results = step.steps.map((one) => this.take(one));
        if (step.fails) this.entries = before;
        return step.fails ? 'failed' : results;
      }
    }
  }
}

/** The types of keys are told apart, as in the cache. */
function idOf(key: Key): string {
  return typeof key === 'object' ? `bytes ${Buffer.from(key).toString('hex')}` : `${typeof key} ${key}`;
}

/** Carries out a step. */
function take(index: Verbs, step: Step): unknown {
  const call = (name: string, ...given: unknown[]) =>
    (index[name] as (...all: unknown[]) => unknown)(...given);
  switch (step.do) {
    case 'get':
    case 'has':
    case 'delete':
    case 'pop':
      return call(step.do, step.key);
    case 'popOr':
      return call('pop', step.key, 'none');
    case 'set':
    case 'setDefault':
      return call(step.do, step.key, step.value);
    case 'update':
      return call('update', step.entries);
    case 'itself':
      return call('update', index);
    case 'popItem':
      return call('popItem', step.end);
    case 'edge':
      return call(step.end);
    case 'keys':
    case 'values':
    case 'entries':
      return listOf(call(step.do, { reverse: step.reverse }));
    case 'size':
      return typeof index.size === 'function' ? call('size') : index.size;
    case 'clear':
      return call('clear');
    case 'transact':
      return transacted(index, step, take);
  }
}

async function agree(
  Cache: typeof DiskCache | typeof ShardedDiskCache,
  steps: readonly Step[],
  door: 'async' | 'sync',
  every: number,
): Promise<void> {
  const cache = new Cache(folderInMemory(), { fileThreshold: FILE_THRESHOLD });
  const open = () => bound(door === 'async' ? cache.index('name') : cache.sync.index('name'));
  const model = new PlainIndex();
  await agreeing(
    steps.filter((step) => door === 'async' || step.do !== 'transact'),
    {
      take: (step) => take(open(), step),
      expected: (step) => model.take(step),
      isLong: (step) =>
        !['get', 'has', 'set', 'delete', 'update', 'size'].includes(step.do) ||
        (step.do === 'update' && step.entries.length > 64),
      every,
    },
  );
  const entries = [...model.entries.values()];
  expect(await listOf(cache.index('name').entries())).toStrictEqual(entries);
  expect(await cache.index('name').equals(entries)).toBe(true);
  expect(await cache.check()).toMatchObject({ problems: [] });
  await cache.index('name').clear();
  expect(await cache.count()).toBe(0);
  await cache.destroy();
}

test.for([
  ['IndexSync', DiskCache, 'sync', 1],
  ['Index, awaited', DiskCache, 'async', 1],
  ['Index, its calls mostly not awaited', DiskCache, 'async', 7],
  ['Index in a sharded cache', ShardedDiskCache, 'async', 7],
] as const)('%s does what a Map does', { timeout: 600_000 }, async ([, Cache, door, every]) => {
  await fc.assert(
    fc.asyncProperty(someSteps, (steps) => agree(Cache, steps, door, every)),
    { numRuns: RUNS },
  );
});
