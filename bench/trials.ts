import type { Store } from './subjects/subject.ts';
import type { DataSetName, Workload } from './workload.ts';

/** One thing that is measured of every subject. */
export interface Trial {
  readonly name: string;
  readonly about: string;
  readonly data: DataSetName;
  /** The subject that ratios are against. */
  readonly baseline: 'sqlite' | 'sqlite-ordered';
  /** Whether each new entry has to drive out another; subjects without a limit are left out. */
  readonly isFull?: boolean;
  /** Whether it is about getOrSet(); subjects without it are left out. */
  readonly computes?: boolean;
  /** Whether the event loop's longest stall is measured as well. */
  readonly showsStall?: boolean;
  /** How many calls one round is. */
  readonly calls: { readonly quick: number; readonly full: number };
  /** How many calls there are before anything is timed. @default a quick round */
  readonly warmUpCalls?: number;
  /** What one call does at once; times are given by the operation. */
  readonly operationsPerCall?: number;
  /** The call that is timed. What it returns is awaited if it is a promise. */
  readonly call: (store: Store, workload: Workload, call: number) => unknown;
}

const CONCURRENT = 64;
const MANY = 100;
/** So many calls that what is asked for often was asked for more than once. */
const A_WHILE = 65_536;

export const TRIALS: readonly Trial[] = [
  {
    name: 'get-zipf',
    about: 'get of a key that is there, few keys asked for often; 100-byte strings, 100,000 entries',
    data: 'strings',
    baseline: 'sqlite',
    calls: { quick: 4000, full: 20_000 },
    warmUpCalls: A_WHILE,
    call: (store, workload, call) => store.get(workload.zipf(call)),
  },
  {
    name: 'get-uniform',
    about: 'get of a key that is there, all asked for alike; 100-byte strings, 100,000 entries',
    data: 'strings',
    baseline: 'sqlite',
    calls: { quick: 4000, full: 20_000 },
    call: (store, workload, call) => store.get(workload.uniform(call)),
  },
  {
    name: 'get-or-set-hit',
    about:
      'getOrSet of a key that is there, against a get, all asked for alike; 100-byte strings, 100,000 entries',
    data: 'strings',
    baseline: 'sqlite',
    computes: true,
    calls: { quick: 4000, full: 20_000 },
    call: (store, workload, call) =>
      store.getOrSet?.(workload.uniform(call), unexpected) ?? store.get(workload.uniform(call)),
  },
  {
    name: 'get-miss',
    about: 'get of a key that is not there; 100,000 entries',
    data: 'strings',
    baseline: 'sqlite',
    calls: { quick: 4000, full: 20_000 },
    call: (store, workload, call) => store.get(workload.missing(call)),
  },
  {
    name: 'get-many',
    about: 'getMany of 100 keys, by the key; 100-byte strings, 100,000 entries',
    data: 'strings',
    baseline: 'sqlite',
    calls: { quick: 60, full: 200 },
    operationsPerCall: MANY,
    call: (store, workload, call) =>
      store.getMany(Array.from({ length: MANY }, (_, index) => workload.uniform(call * MANY + index))),
  },
  {
    name: 'set-overwrite',
    about: 'awaited set of a key that is there; 100-byte strings, 100,000 entries',
    data: 'strings',
    baseline: 'sqlite-ordered',
    showsStall: true,
    calls: { quick: 4000, full: 8000 },
    call: (store, workload, call) => store.set(workload.uniform(call), workload.value(call)),
  },
  {
    name: 'set-new',
    about: 'awaited set of a new key; 100-byte strings, 100,000 entries and more',
    data: 'strings',
    baseline: 'sqlite-ordered',
    showsStall: true,
    calls: { quick: 1500, full: 8000 },
    call: (store, workload, call) => store.set(workload.newKey(), workload.value(call)),
  },
  {
    name: 'set-concurrent',
    about: '64 sets called together, by the set; 100-byte strings, 100,000 entries',
    data: 'strings',
    baseline: 'sqlite-ordered',
    showsStall: true,
    calls: { quick: 64, full: 150 },
    operationsPerCall: CONCURRENT,
    call: (store, workload, call) =>
      together(CONCURRENT, (index) => {
        const one = call * CONCURRENT + index;
        return store.set(workload.uniform(one), workload.value(one));
      }),
  },
  {
    name: 'set-full',
    about:
      'awaited set of a new key in a full cache, which drives out another; 100-byte strings, 100,000 entries',
    data: 'strings',
    baseline: 'sqlite-ordered',
    isFull: true,
    showsStall: true,
    calls: { quick: 1500, full: 8000 },
    call: (store, workload, call) => store.set(workload.newKey(), workload.value(call)),
  },
  {
    name: 'object-get',
    about: 'get of a 1 KB object, 20,000 entries',
    data: 'objects',
    baseline: 'sqlite',
    calls: { quick: 1500, full: 8000 },
    call: (store, workload, call) => store.get(workload.uniform(call)),
  },
  {
    name: 'object-set',
    about: 'awaited set of a 1 KB object that is there, 20,000 entries',
    data: 'objects',
    baseline: 'sqlite-ordered',
    showsStall: true,
    calls: { quick: 1000, full: 4000 },
    call: (store, workload, call) => store.set(workload.uniform(call), workload.value(call)),
  },
  {
    name: 'file-get',
    about: 'get of a 100 KB Buffer, 400 entries',
    data: 'files',
    baseline: 'sqlite',
    showsStall: true,
    calls: { quick: 150, full: 500 },
    call: (store, workload, call) => store.get(workload.uniform(call)),
  },
  {
    name: 'file-set',
    about: 'awaited set of a 100 KB Buffer that is there, 400 entries',
    data: 'files',
    baseline: 'sqlite-ordered',
    showsStall: true,
    calls: { quick: 100, full: 300 },
    call: (store, workload, call) => store.set(workload.uniform(call), workload.value(call)),
  },
];

function unexpected(): never {
  throw new Error('computed although it is there');
}

/** A promise for all of them, or nothing where they were done at once. */
function together(count: number, call: (index: number) => unknown): Promise<unknown[]> | undefined {
  const results = Array.from({ length: count }, (_, index) => call(index));
  return results[0] instanceof Promise ? Promise.all(results) : undefined;
}
