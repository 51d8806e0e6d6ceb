import type { Key, Side } from '@diskcache/core';
import fc from 'fast-check';

/** One call of a verb, or something that happens to the cache. */
export type Step =
  | { readonly do: 'get' | 'has' | 'entry' | 'delete' | 'pop'; readonly key: Key }
  | { readonly do: 'getYoung'; readonly key: Key; readonly maxAge: number }
  | { readonly do: 'incr' | 'decr'; readonly key: Key; readonly delta: number; readonly terms: Terms }
  | { readonly do: 'push'; readonly value: unknown; readonly side: Side; readonly terms: Terms }
  | { readonly do: 'peek' | 'pull'; readonly side: Side }
  | {
      readonly do: 'lease';
      readonly side: Side;
      readonly lease: number;
      readonly ending: 'ack' | 'release' | 'extend' | 'none';
    }
  | { readonly do: 'getOrSet'; readonly key: Key; readonly value: unknown; readonly terms: Terms }
  | { readonly do: 'set' | 'add'; readonly key: Key; readonly value: unknown; readonly terms: PinnableTerms }
  | { readonly do: 'setMany'; readonly keys: Key[]; readonly value: unknown; readonly terms: PinnableTerms }
  | {
      readonly do: 'setStream';
      readonly key: Key;
      readonly chunks: Uint8Array[];
      readonly terms: PinnableTerms;
    }
  | { readonly do: 'getStream'; readonly key: Key }
  | ({ readonly do: 'touch'; readonly key: Key } & Lifetime)
  | { readonly do: 'getMany' | 'entryMany' | 'deleteMany'; readonly keys: Key[] }
  | { readonly do: 'clear' | 'count' | 'expire' | 'cull' | 'vacuum' | 'entries' | 'reopen' }
  | { readonly do: 'check'; readonly fix: boolean }
  | { readonly do: 'evict'; readonly tag: string }
  | { readonly do: 'deletePrefix'; readonly prefix: string }
  | ({ readonly do: 'keys' | 'values' } & Selection)
  | ({ readonly do: 'peekEntry'; readonly end: 'first' | 'last' } & Selection)
  | { readonly do: 'transact'; readonly steps: Step[]; readonly fails: boolean }
  | { readonly do: 'advance'; readonly ms: number };

/** Which entries are gone through, and in what order. */
export interface Selection {
  readonly prefix: string | undefined;
  readonly tag: string | undefined;
  readonly after: Key | undefined;
  readonly order: 'key' | 'insertion' | undefined;
  readonly reverse: boolean;
  readonly limit: number;
}

/** At most one of the two. */
export interface Lifetime {
  readonly ttl: number | undefined;
  readonly expires: number | undefined;
}

export interface Terms extends Lifetime {
  readonly tags: string[] | undefined;
}

export interface PinnableTerms extends Terms {
  readonly pinned: boolean | undefined;
}

/** When the first step is done, in ms since the epoch. */
export const START = Date.UTC(2026, 0, 1);

/** The prefix of the queue. */
export const QUEUE = 'a';

/** Values of at least so many bytes are files. */
export const FILE_THRESHOLD = 100;

const key = fc.constantFrom<Key[]>('a', 'a1', 'ab', 'b', '1', '', 1, 2, new Uint8Array([0x61]));
const keys = fc.array(key, { maxLength: 5 });
const side = fc.constantFrom('front', 'back');
const tag = fc.constantFrom('red', 'green', 'blue');
const lifetime = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ ttl: fc.integer({ min: 1, max: 200 }), expires: fc.constant(undefined) }),
  },
  { weight: 4, arbitrary: fc.constant({ ttl: undefined, expires: undefined }) },
  {
    weight: 1,
    arbitrary: fc.record({
      ttl: fc.constant(undefined),
      expires: fc.integer({ min: START - 10, max: START + 500 }),
    }),
  },
);
const tags = fc.option(fc.uniqueArray(tag, { maxLength: 3 }), { nil: undefined });
const terms = fc.tuple(lifetime, tags).map(([when, which]) => ({ ...when, tags: which }));
const pinned = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.boolean() },
);
const pinnable = fc.tuple(terms, pinned).map(([other, isPinned]) => ({ ...other, pinned: isPinned }));
const value = fc.oneof(
  fc.string({ maxLength: 10 }),
  fc.integer(),
  fc.jsonValue({ maxDepth: 1 }),
  fc.integer({ min: FILE_THRESHOLD, max: 3 * FILE_THRESHOLD }).map((size) => 'x'.repeat(size)),
  fc.uint8Array({ minLength: FILE_THRESHOLD, maxLength: FILE_THRESHOLD + 5 }),
);

/** In the order of insertion `after` may name an entry that has expired and is there or not: its own tests are for that. */
const order = fc.oneof(
  fc.record({ order: fc.constant('insertion' as const), after: fc.constant(undefined) }),
  fc.record({
    order: fc.constantFrom(undefined, 'key' as const),
    after: fc.option(key, { nil: undefined, freq: 2 }),
  }),
);
const selection = fc.record({
  prefix: fc.constantFrom(undefined, undefined, '', 'a'),
  tag: fc.option(tag, { nil: undefined, freq: 3 }),
  reverse: fc.boolean(),
  limit: fc.integer({ min: 0, max: 12 }),
});
const selected = <Verb extends object>(verb: fc.Arbitrary<Verb>) =>
  fc.tuple(verb, selection, order).map(([what, which, how]) => ({ ...what, ...which, ...how }));

const verbs: fc.WeightedArbitrary<Step>[] = [
  { weight: 12, arbitrary: fc.record({ do: fc.constant('set'), key, value, terms: pinnable }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add'), key, value, terms: pinnable }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('getOrSet'), key, value, terms }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('setMany'), keys, value, terms: pinnable }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('get', 'has', 'entry'), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('delete', 'pop'), key }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('getYoung'), key, maxAge: fc.integer({ min: 1, max: 300 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('incr', 'decr'),
      key,
      delta: fc.integer({ min: -9, max: 9 }),
      terms,
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('push'), value, side, terms }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('peek', 'pull'), side }) },
  {
    weight: 3,
    arbitrary: fc.tuple(key, lifetime).map(([one, when]) => ({ do: 'touch' as const, key: one, ...when })),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('getMany', 'entryMany', 'deleteMany'), keys }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('count', 'entries', 'expire', 'cull', 'vacuum', 'clear') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('evict'), tag }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('deletePrefix'), prefix: fc.constantFrom('', 'a', '1') }),
  },
  { weight: 5, arbitrary: selected(fc.record({ do: fc.constantFrom('keys' as const, 'values' as const) })) },
  {
    weight: 2,
    arbitrary: selected(
      fc.record({
        do: fc.constant('peekEntry' as const),
        end: fc.constantFrom('first' as const, 'last' as const),
      }),
    ),
  },
];

const events: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('lease'),
      side,
      lease: fc.integer({ min: 1, max: 100 }),
      ending: fc.constantFrom('ack', 'release', 'extend', 'none'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('transact'),
      steps: fc.array(fc.oneof(...verbs), { maxLength: 6 }),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('advance'),
      ms: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(15_000)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('setStream'),
      key,
      chunks: fc.array(fc.uint8Array({ maxLength: FILE_THRESHOLD }), { maxLength: 3 }),
      terms: pinnable,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('getStream'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('check'), fix: fc.boolean() }) },
];

export const someSteps = fc.array(fc.oneof(...verbs, ...events), { minLength: 20, maxLength: 60 });
