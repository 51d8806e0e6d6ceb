import { isDeepStrictEqual } from 'node:util';
import type { Specification, TimedCall } from './linearizable.ts';

/** A call on a deque or an index, by the name of its verb. */
export interface CollectionCall extends TimedCall {
  readonly verb: string;
  readonly given: readonly unknown[];
}

type Verbs<State> = Readonly<
  Record<string, (state: State, ...given: never[]) => readonly [after: State, result: unknown]>
>;

function specified<State>(initial: State, verbs: Verbs<State>): Specification<State, CollectionCall> {
  return {
    initial,
    mark: (state) => JSON.stringify(state),
    after(before, { verb, given, result }) {
      const [state, expected] = (
        verbs[verb] as (state: State, ...given: unknown[]) => readonly [State, unknown]
      )(before, ...given);
      return isDeepStrictEqual(result, expected) ? { state } : 'impossible';
    },
  };
}

type Items = readonly unknown[];

const turned = (items: Items, steps: number) => {
  const right = items.length === 0 ? 0 : ((steps % items.length) + items.length) % items.length;
  return [...items.slice(items.length - right), ...items.slice(0, items.length - right)];
};

/** A deque as an array, in one process. */
export const DEQUE = specified<Items>([], {
  append: (items, value: unknown) => [[...items, value], items.length + 1],
  appendLeft: (items, value: unknown) => [[value, ...items], items.length + 1],
  pop: (items) => [items.slice(0, -1), items.at(-1)],
  popLeft: (items) => [items.slice(1), items[0]],
  at: (items, index: number) => [items, items.at(index)],
  set: (items, index: number, value: unknown) =>
    index < items.length ? [items.with(index, value), true] : [items, false],
  delete: (items, index: number) =>
    index < items.length ? [items.toSpliced(index, 1), true] : [items, false],
  rotate: (items, steps: number) => [turned(items, steps), undefined],
  reverse: (items) => [items.toReversed(), undefined],
  size: (items) => [items, items.length],
});

type Entries = readonly (readonly [key: string, value: unknown])[];

const without = (entries: Entries, key: unknown) => entries.filter((entry) => entry[0] !== key);
const valueIn = (entries: Entries, key: string) => entries.find((entry) => entry[0] === key)?.[1];
const stored = (entries: Entries, key: string, value: unknown): Entries =>
  entries.some((entry) => entry[0] === key)
    ? entries.map((entry) => (entry[0] === key ? [key, value] : entry))
    : [...entries, [key, value]];

/** An index as a list of pairs, in one process. */
export const INDEX = specified<Entries>([], {
  get: (entries, key: string) => [entries, valueIn(entries, key)],
  has: (entries, key: string) => [entries, valueIn(entries, key) !== undefined],
  set: (entries, key: string, value: unknown) => [stored(entries, key, value), undefined],
  setDefault: (entries, key: string, value: unknown) =>
    valueIn(entries, key) === undefined
      ? [stored(entries, key, value), value]
      : [entries, valueIn(entries, key)],
  delete: (entries, key: string) => [without(entries, key), valueIn(entries, key) !== undefined],
  pop: (entries, key: string) => [without(entries, key), valueIn(entries, key)],
  popItem: (entries, end: 'first' | 'last') => {
    const found = entries.at(end === 'first' ? 0 : -1);
    return [without(entries, found?.[0]), found];
  },
  size: (entries) => [entries, entries.length],
});
