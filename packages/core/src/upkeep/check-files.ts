import type { ValueFiles } from '../storage/files/value-files.ts';
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
  const hasRow = (file: string) => storage.sql.hasFile.get(file) !== undefined;
  const found: string[] = [];
  let looked = 0;
  for (const { name, isOrphan } of looks(storage.files, hasRow, now - orphanAgeMs)) {
    if (isOrphan && !isGoing(name)) found.push(name);
    if (++looked % LOOKED_AT === 0) yield (findings.checked += LOOKED_AT);
  }
  // One that its process was just about to remove is gone by now.
  for (const name of found.filter((one) => storage.files.size(one) !== undefined)) {
    if (repair !== undefined) storage.files.removeSync(name);
    findings.add('orphan-file', name, repair !== undefined);
  }
}

/** Files that no row points to: what a process that was killed, or lost power, left over. */
export function* orphans(
  files: ValueFiles,
  hasRow: (name: string) => boolean,
  before: number,
): Generator<string> {
  for (const { name, isOrphan } of looks(files, hasRow, before)) if (isOrphan) yield name;
}

function* looks(
  files: ValueFiles,
  hasRow: (name: string) => boolean,
  before: number,
): Generator<{ name: string; isOrphan: boolean }> {
  for (const { name, modified } of files.list()) yield { name, isOrphan: modified < before && !hasRow(name) };
}
