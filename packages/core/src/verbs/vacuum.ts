import type { Stepwise } from '../calls/call.ts';
import type { Engine } from '../engine/engine.ts';
import { progressOptions, type ProgressOptions } from '../entry/progress-options.ts';
import { PAGE_BYTES } from '../storage/rows/schema.ts';
import { Steps } from './steps.ts';

/** What vacuum() may be told. */
export type VacuumOptions = ProgressOptions<{
  /** Bytes that the database gave back so far. */
  readonly freed: number;
}>;

/** Gives back the pages of the database that hold nothing, some at a time. */
export function vacuuming(engine: Engine, options: VacuumOptions | undefined): Stepwise {
  const { storage } = engine;
  return new Steps(
    progressOptions(options),
    (freed) => ({ freed }),
    ({ amount }) => {
      const before = storage.databaseBytes();
      if (before.free > 0) storage.giveBack(Math.min(before.free, amount * PAGE_BYTES));
      const after = storage.databaseBytes();
      return { done: before.all - after.all, isLast: after.free === 0 || after.all === before.all };
    },
  );
}
