import type { Engine } from '../engine/engine.ts';
import type { Key } from '../entry/key.ts';
import { describe, describeKey, DiskCacheError } from '../errors.ts';

interface KeptFailure {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
}

/** Longer messages are cut: a failure is kept in each key's row. */
const LONGEST_MESSAGE = 2000;

/** Codes of errors that leave a value as good as it is, although it cannot be stored. */
const NOT_STORED = new Set([
  'ERR_DISKCACHE_FULL',
  'ERR_DISKCACHE_TOO_LARGE',
  'ERR_DISKCACHE_TIMEOUT',
  'ERR_DISKCACHE_STORAGE',
]);

/** Whether an error is of the cache's disk or limits, and no reason to withhold a value that was computed. */
export function isOnlyOfStorage(error: unknown): boolean {
  return error instanceof DiskCacheError && NOT_STORED.has(error.code);
}

/** For a failure that no call rejects with. */
export function computeFailure(key: Key, cause: unknown): DiskCacheError {
  const reason = cause instanceof Error ? cause.message : describe(cause);
  const message = `the value of key ${describeKey(key)} could not be computed: ${reason}`;
  return new DiskCacheError('ERR_DISKCACHE_COMPUTE', message, { cause });
}

/** Tells the 'error' event. A listener that throws breaks no call. */
export function report(engine: Engine, error: unknown): void {
  queueMicrotask(() => engine.events.report(error));
}

/** What is kept of a failure: what it says, and nothing of the classes or the stack it came with. */
export function failureText(error: unknown): string {
  const isError = error instanceof Error;
  const code = isError && 'code' in error ? error.code : undefined;
  return JSON.stringify({
    name: isError ? String(error.name) : 'Error',
    message: (isError ? String(error.message) : describe(error)).slice(0, LONGEST_MESSAGE),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
  } satisfies KeptFailure);
}

/** The error that calls get while a failure is kept. */
export function keptFailure(key: Key, text: string, until: number): DiskCacheError {
  const { name, message, code } = JSON.parse(text) as KeptFailure;
  const cause = Object.assign(new Error(message), { name }, code === undefined ? {} : { code });
  return new DiskCacheError(
    'ERR_DISKCACHE_KEPT_FAILURE',
    `the value of key ${describeKey(key)} could not be computed (${name}: ${message}), which errorTtl keeps until ${new Date(until).toISOString()}`,
    { cause },
  );
}
