import { Storage } from '../storage/storage.ts';

export interface CheckConnectionOptions {
  readonly timeoutMs: number;
  readonly sizeLimit: number;
  readonly readOnly: boolean;
}

/** Opens a cache for check() alone: nothing is kept in memory, and a database that cannot be used stays where it is. */
export function openForCheck(
  directory: string,
  { timeoutMs, sizeLimit, readOnly }: CheckConnectionOptions,
  now: () => number,
): Storage {
  return new Storage({
    directory,
    sizeLimit,
    timeoutMs,
    drawn: 0,
    memoryLimit: 0,
    isDurable: false,
    readOnly,
    onCorrupt: 'throw',
    now,
    onRecreate: () => undefined,
  });
}
