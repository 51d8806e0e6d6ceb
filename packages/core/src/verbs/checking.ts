import type { AtOnce } from '../calls/at-once.ts';
import { describe, InvalidArgumentError, TimeoutError } from '../errors.ts';
import type { Engine } from '../engine/engine.ts';
import { progressOptions } from '../entry/progress-options.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import { checkSteps, orphanAge } from '../upkeep/check.ts';
import { openForCheck } from '../upkeep/check-connection.ts';
import type { CheckOptions, CheckReport } from '../upkeep/findings.ts';
import { order } from '../upkeep/thread.ts';

/** The options when they are right. @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function validCheckOptions(options: CheckOptions | undefined): CheckOptions & { fix: boolean } {
  const { fix = false, ...rest } = progressOptions(options, ['fix', 'onProgress', 'signal']);
  if (typeof fix === 'boolean') return { ...rest, fix };
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `option 'fix' must be true or false; given ${describe(fix)}`,
  );
}

/** Has a thread check the cache. */
export async function checkByThread(
  engine: Engine,
  { fix = false, onProgress, signal }: CheckOptions,
): Promise<CheckReport> {
  signal?.throwIfAborted();
  await engine.removals.settled();
  const { timeoutMs, sizeLimit, readOnly } = engine.settings;
  const report = await order('check', engine.directory, engine.now(), {
    check: { fix, timeoutMs, sizeLimit, readOnly },
    signal,
    onProgress: (checked) => onProgress?.({ checked }),
  });
  if (report === undefined) throw signal?.reason;
  if (fix) {
    engine.storage.forgetAll();
    await engine.log?.synced();
  }
  return report;
}

/** Checks the cache on the caller's thread. */
export function checkAtOnce(
  engine: Engine,
  calls: AtOnce,
  { fix = false, onProgress, signal }: CheckOptions,
): CheckReport {
  if (fix) engine.assertWritable();
  engine.assertOpen();
  const { storage, removals, evictor } = engine;
  const repair = (work: () => void) => {
    try {
      calls.write({ work });
      return true;
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    }
  };
  const readAlone = () =>
    openForCheck(engine.directory, { ...engine.settings, readOnly: true }, () => engine.now());
  const steps = checkSteps({
    storage,
    openReader: storage.transaction.isOpen ? undefined : readAlone,
    now: engine.now(),
    orphanAgeMs: orphanAge(engine.settings.timeoutMs),
    isGoing: (file) => removals.has(file),
    repair: fix ? repair : undefined,
    remove: (rows) => evictor.removeMany(rows),
  });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = next(steps);
      if (done === true) return value;
      onProgress?.({ checked: value });
    }
  } finally {
    // Ends the snapshot where it did not come to the end.
    steps.return(undefined as never);
  }
}

function next(steps: Generator<number, CheckReport>): IteratorResult<number, CheckReport> {
  try {
    return steps.next();
  } catch (error) {
    throw storageError(error, 'cannot check');
  }
}
