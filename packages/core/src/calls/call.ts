import type { AGAIN } from '../engine/slice.ts';
import type { PreparedValue, UnfinishedValue } from '../engine/value-layout.ts';
import type { Key } from '../entry/key.ts';
import type { FullEntryRow } from '../storage/rows/statements.ts';

/** What a call concerns: some keys, or all that there are. Calls that concern the same key keep their order. */
export type Concerned = readonly Key[] | 'every key';

/** A change, told apart from how it is carried out: at once by DiskCacheSync, in its turn by DiskCache. */
export interface Write<Result> {
  readonly concerned: Concerned;
  /** What is done under the lock; it can be called again, in a later transaction, when one was taken back. */
  readonly work: () => Result | typeof AGAIN;
  /** Whether that cannot be done twice, as somebody else's code does it. */
  readonly isOnce?: boolean;
}

/** A change that stores a value, which is finished first, and whose file if it has one is written first. */
export interface Put<Value extends PreparedValue | UnfinishedValue> {
  readonly concerned: Concerned;
  /** Whose entry it replaces, if there is one: that is to be the last to go for its file. */
  readonly replaced?: Key;
  readonly value: Value;
  /** Writes the row. @returns whether it was written, so that its file stays */
  readonly work: (value: PreparedValue) => boolean | typeof AGAIN;
  /** Whether it is certain already that nothing will be written: spares the writing of a file that would go again. */
  readonly isInVain?: () => boolean;
}

/** A change that works with values which are finished first, and whose files are written first. */
export interface StagedPut<Result> {
  readonly concerned: Concerned;
  readonly values: readonly (PreparedValue | UnfinishedValue)[];
  readonly work: (values: readonly PreparedValue[]) => Result;
  /** Whether that cannot be done twice. */
  readonly isOnce: boolean;
}

/** A change that takes an entry out, and its value with it. */
export interface Take {
  readonly concerned: Concerned;
  /** Says under the lock which live entry it is, if there is one. */
  readonly pick: () => FullEntryRow | undefined;
}

/** A change that may be long, done step by step with others in between. */
export interface Stepwise {
  /** What all steps so far came to. */
  readonly result: number;
  /**
   * Does one step under the lock.
   *
   * @param mayTakeLong whether the caller's thread is there for nothing else
   * @returns whether it was the last
   */
  readonly step: (mayTakeLong: boolean) => boolean;
  /** To be called after each step, once it is committed. What it throws ends the call. */
  readonly stepped: () => void;
  /** What is done before the steps where the event loop must not be kept. */
  readonly elsewhere?: ((calls: ElsewhereCalls) => Promise<void>) | undefined;
}

/** What of a change is done on the caller's thread all the same. */
export interface ElsewhereCalls {
  /** Has a step done. @returns whether it was the last */
  readonly step: () => Promise<boolean>;
  readonly read: <T>(work: () => T) => T | Promise<T>;
}

/** Reads the next rows of what is gone through, which can be none; undefined at the end. */
export type NextPage<Row> = () => Row[] | undefined;

/** A value, and the row that it is from. */
export interface Loaded<Row> {
  readonly row: Row;
  readonly value: unknown;
}
