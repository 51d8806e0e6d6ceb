import { ThrownByBody } from '../storage/rows/sqlite-error.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Engine } from './engine.ts';
import { carriedOut } from './transaction-body.ts';

/** On its way out of the body of a snapshot: the file of an entry that it saw is gone. */
class FileGone {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }
}

/** Files that were gone in a snapshot that was given up for it, and may be so again in the next one. */
const gone = new Set<string>();

/**
 * What a body returns that only reads, all as it is at one moment. It is called again where the file of an entry was gone
 * that it read, since another process may have replaced the entry meanwhile.
 */
export function inSnapshot<View, Result>(engine: Engine, body: (view: View) => Result, view: View): Result {
  return inSnapshots([engine], body, view);
}

/** The same of several caches, each as it is at a moment of its own. */
export function inSnapshots<View, Result>(
  engines: readonly Engine[],
  body: (view: View) => Result,
  view: View,
): Result {
  const work = () => carriedOut(body, view);
  try {
    for (;;) {
      try {
        return engines.reduce<() => Result>((inner, engine) => () => opened(engine, inner), work)();
      } catch (error) {
        if (!(error instanceof ThrownByBody) || !(error.error instanceof FileGone)) throw error;
        gone.add(error.error.file);
      }
    }
  } finally {
    gone.clear();
  }
}

function opened<Result>({ storage }: Engine, reads: () => Result): Result {
  return storage.snapshot(() => {
    // Now, and not with the first read of the body, it is found out whether the database can be read.
    storage.sql.dataVersion.get();
    return reads();
  });
}

/** Says, in a read, that the file of a row is gone. In a snapshot that may be so since the row is an old one. */
export function fileIsGone({ storage }: Engine, file: string): void {
  if (storage.isReading && !storage.transaction.isWriting && !gone.has(file)) throw new FileGone(file);
}

/** For a verb that changes something, called where only reads may be. */
export function writesInSnapshot(): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_TRANSACTION',
    'the body of snapshot() may only read; to change something use transact()',
  );
}
