import { monotonicMs, nextTurn, sleepSync } from '../clock.ts';
import { DiskCacheError } from '../errors.ts';
import { damageOf } from '../storage/rows/sqlite-error.ts';
import { Storage } from '../storage/storage.ts';
import { checkSteps, orphanAge } from './check.ts';
import { openForCheck } from './check-connection.ts';
import { type CheckReport, Findings } from './findings.ts';

/** What the thread has to know to check a cache. */
export interface CheckTerms {
  readonly fix: boolean;
  /** How long a repair may wait for the lock. */
  readonly timeoutMs: number;
  readonly sizeLimit: number;
  /** Whether the cache is only to be read. */
  readonly readOnly: boolean;
}

const LONGEST_PAUSE_MS = 4;

/**
 * Checks a cache on a connection of its own, which is a reader for as long as it takes. The thread does other things
 * between the steps.
 *
 * @param progress told how much was looked at so far; returns whether to go on
 * @returns undefined when it was not to go on
 */
export async function checkOnThread(
  directory: string,
  now: number,
  terms: CheckTerms,
  progress: (checked: number) => boolean,
): Promise<CheckReport | undefined> {
  const { fix, timeoutMs } = terms;
  const storage = openedOrDamaged(() => openForCheck(directory, terms, () => now));
  if (!(storage instanceof Storage)) return storage;
  const steps = checkSteps({
    storage,
    now,
    orphanAgeMs: orphanAge(timeoutMs),
    isGoing: () => false,
    repair: fix ? (work) => transacted(storage, timeoutMs, work) : undefined,
    remove: (rows) => storage.removeMany(rows),
  });
  try {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      if (!progress(step.value)) return undefined;
      await nextTurn();
    }
  } finally {
    steps.return(undefined as never);
    storage.close();
  }
}

/** Opens a cache. One whose database is so damaged that it cannot be opened is checked already. */
function openedOrDamaged(open: () => Storage): Storage | CheckReport {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof DiskCacheError) || (damageOf(error) ?? damageOf(error.cause)) === undefined)
      throw error;
    const findings = new Findings();
    findings.add('database', error.message);
    return { ok: false, problems: findings.problems, entries: 0, files: 0 };
  }
}

function transacted(storage: Storage, timeoutMs: number, work: () => void): boolean {
  for (const end = monotonicMs() + timeoutMs; !storage.begin();) {
    if (monotonicMs() > end) return false;
    sleepSync(LONGEST_PAUSE_MS * Math.random());
  }
  try {
    work();
    for (const file of storage.transaction.commit()) storage.files.removeSync(file);
    return true;
  } catch (error) {
    storage.transaction.rollback();
    throw error;
  }
}
