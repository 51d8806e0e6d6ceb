import { givenKey, type Key } from './key.ts';
import type { FullEntryRow } from '../storage/rows/statements.ts';

/** An entry with what is recorded about it. */
export interface Entry<Value = unknown> {
  readonly key: Key;
  /** A new one at each read: changing it changes nothing that is stored. */
  readonly value: Value;
  /** Its deadline in ms since the epoch; undefined for none. With option `maxIdle`, as it stands without a further use. */
  readonly expires: number | undefined;
  /** Each once, in the order in which set() was given them; empty when there are none. */
  readonly tags: readonly string[];
  /** Bytes of the value as stored: serialized, and compressed where it is; 8 for a number. */
  readonly size: number;
  /** When it was last set, in ms since the epoch, by the clock of the process that did so. touch() does not change it. */
  readonly storedAt: number;
}

/** @param expires its deadline, where uses have moved that which the row has */
export function entryOf(row: FullEntryRow, value: unknown, expires = row.expires): Entry {
  return {
    key: givenKey(row.key),
    value,
    expires: expires ?? undefined,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    size: row.size,
    storedAt: Math.floor(row.stored),
  };
}
