import { setTimeout as sleep } from 'node:timers/promises';
import type { Stepwise } from '../calls/call.ts';
import { monotonicMs } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { progressOptions, type RemovalOptions } from '../entry/progress-options.ts';
import { TimeoutError } from '../errors.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';
import { isThreadFailure, order } from '../upkeep/thread.ts';
import { type Slice, Steps } from './steps.ts';

/** What takes a few ms at the most to remove in one go, 3 µs a page. */
const SHORT = { pages: 1024, files: 256 };
/** What may be removed in one go, with all writers waiting: up to 256 MiB, which takes some 200 ms. */
const LONG = { pages: 65_536, files: 16_384 };
const RETRY_MS = 4;

/**
 * Removes all entries: in one go where they are not too many, which is done by a thread where it would keep the event loop;
 * else row by row until they are not. Ends although others may go on adding.
 */
export function clearing(
  engine: Engine,
  options: RemovalOptions | undefined,
  removeRows: (rows: readonly ReplacedRow[], wanted: number) => Slice,
): Stepwise {
  const { storage, evictor, live } = engine;
  let greatestId: number | undefined;
  const steps: Steps<{ removed: number }> = new Steps(
    progressOptions(options),
    (removed) => ({ removed }),
    ({ amount, mayTakeLong }) => {
      storage.sql.endAllLeases.run();
      if (storage.isWithin(mayTakeLong ? LONG : SHORT)) {
        const inUse = live.countInUse();
        return { done: inUse + evictor.removeAll(), isLast: true };
      }
      greatestId ??= storage.sql.greatestId.get() ?? 0;
      return removeRows(storage.sql.upTo.all(greatestId, amount), amount);
    },
    async ({ step, read }) => {
      while (!(await read(() => storage.isWithin(LONG)))) if (await step()) return;
      if (await read(() => storage.isWithin(SHORT))) return;
      steps.assertWanted();
      steps.doneElsewhere(await clearedByThread(engine));
    },
  );
  return steps;
}

/** @returns how many entries are gone; 0 also where there is no thread to do it, so that they go row by row */
async function clearedByThread(engine: Engine): Promise<number> {
  const { timeoutMs, random } = engine.settings;
  let tries = 0;
  const retried = async (error: unknown): Promise<'busy' | 'no thread'> => {
    if (isThreadFailure(error)) return 'no thread';
    if (engine.recovery.from(error)) return 'busy';
    if (await engine.fullDisk.makeRoom({ error, tries: tries++ })) return 'busy';
    throw error;
  };
  for (const end = monotonicMs() + timeoutMs; monotonicMs() < end;) {
    // The thread knows nothing of notes that are not written.
    const inUse = engine.live.countInUse();
    const cleared = await order('clear', engine.directory, engine.now()).catch(retried);
    if (cleared === 'no thread') return 0;
    if (cleared !== 'busy') {
      await engine.log?.synced();
      engine.removals.discard(cleared.files);
      engine.uses.clear();
      engine.storage.forgetAll();
      return inUse + cleared.live;
    }
    await sleep(RETRY_MS * (0.5 + random()));
  }
  throw new TimeoutError(timeoutMs);
}
