import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';

/** A second connection to the database of a cache, as another program would have it. */
export function foreignConnection(directory: string, options?: Database.Options): Database.Database {
  const db = new Database(join(directory, 'cache.db'), options);
  onTestFinished(() => void db.close());
  return db;
}

/** The paths of all value files below the folder of a cache, finished or not. */
export function valueFiles(directory: string): string[] {
  const values = join(directory, 'values');
  const isThere = statSync(values, { throwIfNoEntry: false }) !== undefined;
  if (!isThere) return [];
  return readdirSync(values, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((file) => join(file.parentPath, file.name));
}

/** How many transactions the write-ahead log holds: frames that end a commit (https://www.sqlite.org/fileformat2.html). */
export function transactionsInLog(directory: string): number {
  const log = readFileSync(join(directory, 'cache.db-wal'));
  if (log.length === 0) return 0;
  const frameBytes = log.readUInt32BE(8) + 24;
  const salts = log.toString('latin1', 16, 24);
  let commits = 0;
  for (let frame = 32; frame + frameBytes <= log.length; frame += frameBytes) {
    if (log.toString('latin1', frame + 8, frame + 16) !== salts) break;
    if (log.readUInt32BE(frame + 4) > 0) commits++;
  }
  return commits;
}

/** Overwrites a part of a file in its place, as a stray write would do it. */
export function overwritten(path: string, position: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, position);
  } finally {
    closeSync(file);
  }
}
