import { completeName } from '../storage/files/new-file.ts';
import type { FoundFile } from '../storage/files/value-files.ts';
import type { Statements } from '../storage/rows/statements.ts';
import type { CheckedCache } from './check.ts';
import type { Findings } from './findings.ts';

/** Files that are looked at in one step. */
const LOOKED_AT = 256;

interface NamedFile {
  readonly file: string;
  readonly size: number;
}

/** Compares the entries that have files with the files that there are. */
export function* checkFiles(cache: CheckedCache, findings: Findings): Generator<number> {
  yield* filesOfEntries(cache, findings);
  yield* filesOfNone(cache, findings);
}

function* filesOfEntries(cache: CheckedCache, findings: Findings): Generator<number> {
  const { sql, files } = cache.storage;
  for (let rows = sql.filesAfter.all('', LOOKED_AT); rows.length > 0;) {
    findings.files += rows.length;
    const broken = rows.filter(({ file, size }) => files.size(file) !== size);
    if (broken.length > 0) addBroken(cache, findings, broken);
    yield (findings.checked += rows.length);
    rows = sql.filesAfter.all(rows.at(-1)?.file ?? '', LOOKED_AT);
  }
}

/** Looks again: what was replaced between the two looks points to another file by now. */
function addBroken(cache: CheckedCache, findings: Findings, broken: readonly NamedFile[]): void {
  const { repair, storage } = cache;
  const stillBroken = () =>
    broken.flatMap(({ file, size }) => {
      const row = storage.sql.check.ofFile().get(file);
      const found = storage.files.size(file);
      return row === undefined || found === size ? [] : [{ row, file, size, found }];
    });
  let repaired: ReturnType<typeof stillBroken> | undefined;
  repair?.(() => {
    repaired = stillBroken();
    cache.remove(repaired.map(({ row }) => row));
  });
  for (const { file, size, found } of repaired ?? stillBroken()) {
    const isFixed = repaired !== undefined;
    if (found === undefined) findings.add('missing-file', file, isFixed);
    else findings.add('damaged-file', `${file}: ${found} bytes of ${size}`, isFixed);
  }
}

function* filesOfNone(cache: CheckedCache, findings: Findings): Generator<number> {
  const { now, orphanAgeMs, isGoing, repair, storage } = cache;
  const found: string[] = [];
  let looked = 0;
  for (const file of storage.files.list()) {
    if (isOrphan(file, storage.sql, now - orphanAgeMs) && !isGoing(file.name)) found.push(file.name);
    if (++looked % LOOKED_AT === 0) yield (findings.checked += LOOKED_AT);
  }
  // One that its process was just about to remove is gone by now.
  for (const name of found.filter((one) => storage.files.size(one) !== undefined)) {
    if (repair !== undefined) storage.files.removeSync(name);
    findings.add('orphan-file', name, repair !== undefined);
  }
}

/**
 * Whether a file neither belongs to an entry nor has space reserved: one that a process which was killed, or lost power, left
 * over.
 *
 * @param before what was last written to before this, in ms since the epoch, is no file that was just begun
 */
export function isOrphan(
  { name, modified }: FoundFile,
  { hasFile, reservation }: Pick<Statements, 'hasFile' | 'reservation'>,
  before: number,
): boolean {
  return (
    modified < before && hasFile.get(name) === undefined && reservation.get(completeName(name)) === undefined
  );
}
