import type { Course } from '../../entry/iteration-options.ts';
import { describeKey, DiskCacheError } from '../../errors.ts';
import type { PageStatements } from '../rows/page-statements.ts';

/** A range of places in the order of insertion, both ends included. */
export interface Places {
  readonly low: number;
  readonly high: number;
}

/**
 * All places that a course has now: what is stored later comes after them, and is left out.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_ABSENT`
 */
export function placesOf(statements: PageStatements, { beside }: Course): Places {
  const last = statements.lastSeq().get()?.seq ?? 0;
  if (beside === undefined) return { low: 0, high: last };
  const seq = beside.seq ?? statements.seqOf().get(beside.key)?.seq;
  if (seq === undefined) throw placeUnknown(beside);
  return beside.side === 'after' ? { low: seq + 1, high: last } : { low: 0, high: seq - 1 };
}

/** For a place in the order that cannot be found. */
export function placeUnknown({ key, side }: NonNullable<Course['beside']>): DiskCacheError {
  return new DiskCacheError(
    'ERR_DISKCACHE_ABSENT',
    `what was stored ${side} key ${describeKey(key)} is not known any more: the key is not in the cache`,
  );
}
