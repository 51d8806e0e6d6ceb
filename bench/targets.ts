import type { MixName, VerbTimes } from './mixes.ts';
import type { Statistic } from './ratios.ts';
import type { SubjectName } from './subjects/subjects.ts';

/** What a change may not lose: a subject's time in a trial as a multiple of another subject's. */
export interface Target {
  readonly claim: string;
  readonly trial: string;
  readonly subject: SubjectName;
  readonly against: SubjectName;
  readonly statistic: Statistic;
  readonly atMost: number;
}

export const TARGETS: readonly Target[] = [
  ...['get-zipf', 'get-uniform'].map((trial): Target => ({
    claim: `DiskCacheSync.get against a SELECT by key (${trial})`,
    trial,
    subject: 'disk-cache-sync',
    against: 'sqlite',
    statistic: 'p50',
    atMost: 1.3,
  })),
  {
    claim: 'awaited DiskCache.set against an autocommit UPSERT with an order index',
    trial: 'set-overwrite',
    subject: 'disk-cache',
    against: 'sqlite-ordered',
    statistic: 'mean',
    atMost: 0.6,
  },
  {
    claim: '64 concurrent DiskCache.set, by the set, against the same',
    trial: 'set-concurrent',
    subject: 'disk-cache',
    against: 'sqlite-ordered',
    statistic: 'mean',
    atMost: 0.5,
  },
  ...(['5', '6'] as const).map((version): Target => ({
    claim: `createKeyv() get in Keyv ${version} against its own Map in memory`,
    trial: 'get-zipf',
    subject: `keyv${version}-disk-cache`,
    against: `keyv${version}-map`,
    statistic: 'p50',
    atMost: 1.25,
  })),
];

/** Resident memory that an open cache of so many entries may cost over an empty one. */
export const MEMORY_TARGET = { entries: 1_000_000, atMostMiB: 64 };

/** What a key may cost among 100,000 that are gone through, as a multiple of one among 10,000. */
export const ITERATE_TARGET = { atMost: 2 };

/** What clear() may take, as a multiple of one raw DELETE, and for how long the event loop may stand still meanwhile. */
export const CLEAR_TARGET = { entries: 300_000, atMost: 2, stallMs: 50 };

/** What at() in the middle of a deque may cost, as a multiple of one get(). */
export const DEQUE_TARGET = { items: 100_000, atMost: 10 };

/** What set() of one of 4 processes may take in a sharded cache, as a multiple of that in one DiskCache. */
export const SHARDED_TARGETS: readonly { mix: MixName; statistic: keyof VerbTimes; atMost: number }[] = [
  { mix: 'sets-paced', statistic: 'p99', atMost: 0.75 },
  { mix: 'sets', statistic: 'max', atMost: 0.75 },
];
