/** What several processes do to one cache at a time. */
export type ContendedVerb = 'get' | 'set' | 'delete';

export interface Mix {
  readonly about: string;
  readonly keys: number;
  /** Of all calls; the rest are delete(). */
  readonly share: { readonly get: number; readonly set: number };
  /** How long a value is, by a number from 0 to below 1. */
  readonly lengthOf: (random: number) => number;
  /** Between two calls a process does nothing for so long, on average. */
  readonly pauseMs: number;
  /** How many processes there are, in one cell after the other. */
  readonly processes: readonly number[];
  /** Of each process, in a round. */
  readonly calls: number;
}

const SETS = { keys: 10_000, share: { get: 0, set: 1 }, lengthOf: () => 100, processes: [4] } as const;

export const MIXES = {
  'sets-paced': {
    about: 'set() about every 2 ms: 10,000 keys, 100-byte strings',
    ...SETS,
    pauseMs: 2,
    calls: 1500,
  },
  sets: {
    about: 'the same without a pause',
    ...SETS,
    pauseMs: 0,
    calls: 6000,
  },
  mixed: {
    about:
      "python-diskcache's published mix: 90 % get, 9 % set, 1 % delete of 100 keys, strings of up to 495 bytes",
    keys: 100,
    share: { get: 0.9, set: 0.09 },
    lengthOf: (random) => Math.floor(496 * random),
    pauseMs: 0,
    processes: [1, 4],
    calls: 20_000,
  },
} as const satisfies Readonly<Record<string, Mix>>;

export type MixName = keyof typeof MIXES;

/** How the calls of one verb went, in all processes together, in µs. */
export interface VerbTimes {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What so many processes came to with one kind of cache: medians over the rounds. */
export interface Contention {
  readonly mix: MixName;
  readonly processes: number;
  readonly door: string;
  readonly callsASecond: number;
  readonly verbs: Readonly<Partial<Record<ContendedVerb, VerbTimes>>>;
  /** set() as a multiple of what it took the first kind of cache: medians of the rounds' ratios. */
  readonly ratio: VerbTimes;
}
