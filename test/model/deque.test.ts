import { DiskCache, ShardedDiskCache } from '@diskcache/core';
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

type End = 'Left' | '';
type Step =
  | { readonly do: 'append' | 'appendLeft'; readonly value: unknown }
  | { readonly do: 'extend' | 'extendLeft'; readonly values: readonly unknown[] }
  | {
      readonly do:
        | 'pop'
        | 'popLeft'
        | 'peek'
        | 'peekLeft'
        | 'reverse'
        | 'clear'
        | 'size'
        | 'list'
        | 'back'
        | 'itself';
    }
  | { readonly do: 'at' | 'delete' | 'rotate'; readonly index: number; readonly value?: unknown }
  | { readonly do: 'set'; readonly index: number; readonly value: unknown }
  | { readonly do: 'remove' | 'count' | 'includes'; readonly value: unknown }
  | TransactStep<Step>;

/** Few different ones, so that the same value is there several times; some so long that they are files. */
const someValue = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(300), 'y'.repeat(300), null, '') },
  { weight: 1, arbitrary: fc.constantFrom({ a: 1 }, { a: [1n] }, ['deep', { b: null }]) },
);
const someIndex = fc.integer({ min: -40, max: 40 });
const simpleStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('append', 'appendLeft'), value: someValue }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('extend', 'extendLeft'),
      values: fc.array(someValue, { maxLength: 20 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('pop', 'popLeft') }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('peek', 'peekLeft', 'reverse', 'size', 'list', 'back') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear', 'itself') }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('at', 'delete', 'rotate'), index: someIndex }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('set'), index: someIndex, value: someValue }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('remove', 'count', 'includes'), value: someValue }),
  },
) as fc.Arbitrary<Step>;
const someSteps = sequencesOf(simpleStep);

const isSame = (one: unknown, other: unknown) => {
  try {
    expect(one).toStrictEqual(other);
    return true;
  } catch {
    return false;
  }
};

/** What an array does. */
class PlainDeque {
  items: unknown[] = [];
  readonly #maxLength: number;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  take(step: Step): unknown {
    const { items } = this;
    switch (step.do) {
      case 'append':
      case 'appendLeft':
        return this.#add(step.do === 'append' ? '' : 'Left', [step.value]);
      case 'extend':
      case 'extendLeft':
        return this.#add(step.do === 'extend' ? '' : 'Left', step.values);
      case 'itself':
        return this.#add('', [...items]);
      case 'pop':
        return items.pop();
      case 'popLeft':
        return items.shift();
      case 'peek':
        return items.at(-1);
      case 'peekLeft':
        return items[0];
      case 'at':
        return items.at(step.index);
      case 'set':
      case 'delete': {
        const place = step.index < 0 ? step.index + items.length : step.index;
        if (place < 0 || place >= items.length) return false;
        if (step.do === 'delete') items.splice(place, 1);
        else items[place] = step.value;
        return true;
      }
      case 'rotate':
        if (items.length > 0) {
          const right = ((step.index % items.length) + items.length) % items.length;
          items.unshift(...items.splice(items.length - right));
        }
        return undefined;
      case 'reverse':
        items.reverse();
        return undefined;
      case 'clear':
        items.length = 0;
        return undefined;
      case 'size':
        return items.length;
      case 'list':
        return [...items];
      case 'back':
        return items.toReversed();
      case 'remove': {
        const place = items.findIndex((item) => isSame(item, step.value));
        if (place !== -1) items.splice(place, 1);
        return place !== -1;
      }
      case 'count':
        return items.filter((item) => isSame(item, step.value)).length;
      case 'includes':
        return items.some((item) => isSame(item, step.value));
      case 'transact': {
        const before = [...items];
        const results = step.steps.map((one) => this.take(one));
        if (step.fails) this.items = before;
        return step.fails ? 'failed' : results;
      }
    }
  }

  #add(end: End, values: readonly unknown[]): number {
    for (const value of values) {
      if (end === '') this.items.push(value);
      else this.items.unshift(value);
      if (this.items.length > this.#maxLength) {
        if (end === '') this.items.shift();
        else this.items.pop();
      }
    }
    // What there was beyond the limit before goes, too; here there never is.
    return this.items.length;
  }
}

/** Carries out a step. */
function take(deque: Verbs, step: Step): unknown {
  const call = (name: string, ...given: unknown[]) =>
    (deque[name] as (...all: unknown[]) => unknown)(...given);
  switch (step.do) {
    case 'append':
    case 'appendLeft':
    case 'remove':
    case 'count':
    case 'includes':
      return call(step.do, step.value);
    case 'extend':
    case 'extendLeft':
      return call(step.do, step.values);
    case 'at':
    case 'delete':
    case 'rotate':
      return call(step.do, step.index);
    case 'set':
      return call('set', step.index, step.value);
    case 'itself':
      return call('extend', deque);
    case 'size':
      return typeof deque.size === 'function' ? call('size') : deque.size;
    case 'list':
    case 'back':
      return listOf(call('values', { reverse: step.do === 'back' }));
    case 'transact':
      return transacted(deque, step, take);
    default:
      return call(step.do);
  }
}

const LONG: readonly Step['do'][] = [
  'itself',
  'list',
  'back',
  'remove',
  'count',
  'includes',
  'transact',
  'clear',
];

async function agree(
  Cache: typeof DiskCache | typeof ShardedDiskCache,
  steps: readonly Step[],
  maxLength: number,
  door: 'async' | 'sync',
  every: number,
) {
  const cache = new Cache(folderInMemory(), { fileThreshold: FILE_THRESHOLD });
  const options = { maxLength };
  const open = () =>
    bound(door === 'async' ? cache.deque('name', options) : cache.sync.deque('name', options));
  const model = new PlainDeque(maxLength);
  await agreeing(
    steps.filter((step) => door === 'async' || step.do !== 'transact'),
    {
      take: (step) => take(open(), step),
      expected: (step) => model.take(step),
      isLong: (step) => LONG.includes(step.do),
      every,
    },
  );
  expect(await listOf(cache.deque('name').values())).toStrictEqual(model.items);
  expect(await cache.deque('name').equals(model.items)).toBe(true);
  expect(await cache.check()).toMatchObject({ problems: [] });
  await cache.deque('name').clear();
  expect(await cache.count()).toBe(0);
  await cache.destroy();
}

const someMaxLength = fc.constantFrom(Infinity, Infinity, 0, 1, 7);

test.for([
  ['DequeSync', DiskCache, 'sync', 1],
  ['Deque, awaited', DiskCache, 'async', 1],
  ['Deque, its calls mostly not awaited', DiskCache, 'async', 7],
  ['Deque in a sharded cache', ShardedDiskCache, 'async', 7],
] as const)('%s does what an array does', { timeout: 600_000 }, async ([, Cache, door, every]) => {
  await fc.assert(
    fc.asyncProperty(someSteps, someMaxLength, (steps, maxLength) =>
      agree(Cache, steps, maxLength, door, every),
    ),
    { numRuns: RUNS },
  );
});

test('a deque of many gaps does what an array does', { timeout: 600_000 }, async () => {
  const someEdits = fc.array(
    fc.record({
      index: fc.integer({ min: -3000, max: 3000 }),
      do: fc.constantFrom(
        'delete',
        'delete',
        'delete',
        'at',
        'rotate',
        'pop',
        'popLeft',
        'append',
        'reverse',
        'set',
      ),
      value: fc.integer(),
    }),
    { minLength: 1500, maxLength: 2000, size: 'max' },
  ) as unknown as fc.Arbitrary<Step[]>;
  await fc.assert(
    fc.asyncProperty(someEdits, async (edits) => {
      const cache = new DiskCache(folderInMemory());
      const model = new PlainDeque(Infinity);
      const start: Step = { do: 'extend', values: Array.from({ length: 3000 }, (_, item) => item) };
      expect(take(bound(cache.sync.deque('name')), start)).toBe(model.take(start));
      cache.sync.transact((tx) => {
        const deque = bound(tx.deque('name'));
        for (const step of edits) expect([step, take(deque, step)]).toStrictEqual([step, model.take(step)]);
      });
      expect(await listOf(cache.deque('name').values())).toStrictEqual(model.items);
      cache.sync.deque('name').clear();
      expect(await cache.count()).toBe(0);
      await cache.destroy();
    }),
    { numRuns: Math.ceil(RUNS / 20) },
  );
});
