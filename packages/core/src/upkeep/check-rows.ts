import type { Key } from '../entry/key.ts';
import { totalsFrom, type Totals } from '../storage/rows/totals.ts';
import type { Storage } from '../storage/storage.ts';
import type { CheckedCache } from './check.ts';
import type { Findings } from './findings.ts';

/** Rows that are looked at in one step, and repaired in one transaction. */
const LOOKED_AT = 4096;
const REPAIRED = 256;

type Counted = Pick<Totals, 'count' | 'space' | 'fileSpace' | 'arrivals'>;

interface TagRow {
  readonly tag: string;
  readonly key: Key;
  readonly isOwned: 0 | 1;
}

interface UseRow {
  readonly id: number;
  readonly isOwned: 0 | 1;
}

interface Wrong {
  readonly kept: Totals;
  readonly counted: Counted;
  /** The greatest seq in use. */
  readonly lastSeq: number;
  readonly withoutPlace: readonly number[];
  readonly withoutTag: readonly number[];
  readonly tags: readonly TagRow[];
  readonly uses: readonly number[];
}

/** Compares the totals with the entries, and the entries with what is noted of them elsewhere in the database. */
export function* checkRows(cache: CheckedCache, findings: Findings): Generator<number> {
  const wrong = yield* lookedAt(cache, findings);
  yield* repaired(cache, findings, wrong);
}

/** All from one snapshot, so that writers do not matter. */
function* lookedAt({ storage, openReader }: CheckedCache, findings: Findings): Generator<number, Wrong> {
  if (openReader === undefined) return yield* lookedAtBy(storage, findings);
  const reader = openReader();
  try {
    return yield* lookedAtBy(reader, findings);
  } finally {
    reader.close();
  }
}

function* lookedAtBy({ sql, transaction }: Storage, findings: Findings): Generator<number, Wrong> {
  const isOwn = !transaction.isOpen;
  if (isOwn) sql.beginRead.run();
  try {
    const kept = isOwn ? totalsFrom(sql.totals.get()) : { ...transaction.totals };
    const reserved = sql.reservedSpace.get() ?? 0;
    const counted: Counted = { count: 0, space: reserved, fileSpace: reserved, arrivals: 0 };
    let lastSeq = 0;
    const withoutPlace: number[] = [];
    const withoutTag: number[] = [];
    const idsOf = (rows: readonly { id: number }[]) => rows.map(({ id }) => id);
    for (let after = Number.MIN_SAFE_INTEGER; ;) {
      const sums = sql.check.sums().get(after, LOOKED_AT);
      const lastId = sums?.lastId ?? null;
      if (sums === undefined || lastId === null) break;
      counted.count += sums.count;
      counted.space += sums.space;
      counted.fileSpace += sums.fileSpace;
      lastSeq = Math.max(lastSeq, sums.lastSeq ?? 0);
      withoutPlace.push(...idsOf(sql.check.withoutPlace().all(after, lastId)));
      withoutTag.push(...idsOf(sql.check.withoutTag().all(after, lastId)));
      after = lastId;
      yield (findings.checked += sums.count);
    }
    for (let after = -1; ;) {
      const { count, last } = sql.check.arrivals().get(after, LOOKED_AT) ?? { count: 0, last: null };
      if (last === null) break;
      counted.arrivals += count;
      lastSeq = Math.max(lastSeq, last);
      after = last;
      yield (findings.checked += count);
    }
    findings.entries = counted.count;
    const tags = yield* orphans<TagRow>(findings, (last) =>
      sql.check.tags().all(last?.tag ?? '', last?.key ?? '', LOOKED_AT),
    );
    const uses = yield* orphans<UseRow>(findings, (last) =>
      sql.check.uses().all(last?.id ?? Number.MIN_SAFE_INTEGER, LOOKED_AT),
    );
    return { kept, counted, lastSeq, withoutPlace, withoutTag, tags, uses: idsOf(uses) };
  } finally {
    if (isOwn) sql.commit.run();
  }
}

function* orphans<Row extends { readonly isOwned: 0 | 1 }>(
  findings: Findings,
  next: (last: Row | undefined) => Row[],
): Generator<number, Row[]> {
  const found: Row[] = [];
  for (let rows = next(undefined); rows.length > 0; rows = next(rows.at(-1))) {
    for (const row of rows) if (row.isOwned === 0) found.push(row);
    yield (findings.checked += rows.length);
  }
  return found;
}

function* repaired(cache: CheckedCache, findings: Findings, wrong: Wrong): Generator<number> {
  const { sql, transaction } = cache.storage;
  const { kept, counted, lastSeq, withoutPlace, withoutTag, tags, uses } = wrong;
  if (isWrong(kept, counted) || kept.seq < lastSeq) {
    findings.add('totals', difference(kept, counted), repairTotals(cache, wrong));
  }
  const fixed = <T>(all: readonly T[], work: (one: T) => void) => piecewise(cache, all, work);
  if (withoutPlace.length > 0) {
    const isFixed = yield* fixed(withoutPlace, (id) =>
      transaction.add({ arrivals: sql.check.notePlace().run(id).changes }),
    );
    findings.add('missing-rows', `the places of ${withoutPlace.length} entries in the order`, isFixed);
  }
  if (withoutTag.length > 0) {
    const isFixed = yield* fixed(withoutTag, (id) => void sql.check.noteTags().run(id));
    findings.add('missing-rows', `tags of ${withoutTag.length} entries`, isFixed);
  }
  if (tags.length > 0) {
    const isFixed = yield* fixed(tags, ({ tag, key }) => void sql.check.removeTag().run(tag, key));
    findings.add('orphan-rows', `${tags.length} notes of tags`, isFixed);
  }
  if (uses.length > 0) {
    const isFixed = yield* fixed(uses, (id) => void sql.check.removeUse().run(id));
    findings.add('orphan-rows', `${uses.length} notes of uses`, isFixed);
  }
}

/** @returns whether all was done */
function* piecewise<T>(
  { repair }: CheckedCache,
  all: readonly T[],
  work: (one: T) => void,
): Generator<number, boolean> {
  for (let start = 0; start < all.length; start += REPAIRED) {
    if (repair?.(() => all.slice(start, start + REPAIRED).forEach(work)) !== true) return false;
    yield 0;
  }
  return true;
}

/**
 * The totals are off by as much now as they were in the snapshot, whatever was written since: each write adds to them what it
 * adds to the entries. Unless they were set anew.
 */
function repairTotals({ repair, storage }: CheckedCache, { kept, counted, lastSeq }: Wrong): boolean {
  const { transaction } = storage;
  let isFixed = false;
  repair?.(() => {
    isFixed = transaction.totals.resets === kept.resets;
    if (!isFixed) return;
    transaction.add({
      count: counted.count - kept.count,
      space: counted.space - kept.space,
      fileSpace: counted.fileSpace - kept.fileSpace,
      arrivals: counted.arrivals - kept.arrivals,
      seq: Math.max(0, lastSeq - kept.seq),
      resets: 1,
    });
  });
  return isFixed;
}

function isWrong(kept: Counted, counted: Counted): boolean {
  return (Object.keys(counted) as (keyof Counted)[]).some((name) => kept[name] !== counted[name]);
}

function difference(kept: Counted, counted: Counted): string {
  const text = ({ count, space, fileSpace, arrivals }: Counted) =>
    `${count} entries of ${space} bytes, ${fileSpace} of them in files, ${arrivals} places`;
  return `kept: ${text(kept)}; counted: ${text(counted)}`;
}
