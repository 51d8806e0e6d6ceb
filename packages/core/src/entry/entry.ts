import { givenKey, type Key } from './key.ts';
import type { FullEntryRow } from '../storage/rows/statements.ts';

/** An entry with what is recorded about it. */
export interface Entry<Value = unknown> {
  readonly key: Key;
  readonly value: Value;
  /** Its deadline in ms since the epoch, if it has one. */
  readonly expires: number | undefined;
  readonly tags: readonly string[];
  /** Bytes of the value as stored. */
  readonly size: number;
  /** When it was last set, in ms since the epoch. */
  readonly storedAt: number;
}

export function entryOf(row: FullEntryRow, value: unknown): Entry {
  return {
    key: givenKey(row.key),
    value,
    expires: row.expires ?? undefined,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    size: row.size,
    storedAt: Math.floor(row.stored),
  };
}
