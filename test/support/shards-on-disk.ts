import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { valueFiles } from './on-disk.ts';

/** All that there is of a limit, in the units of shares. */
export const WHOLE = 2 ** 50;

export interface ShardTotals {
  readonly count: number;
  readonly space: number;
  readonly sizeShare: number;
  readonly entryShare: number;
}

/** The folders of the shards of a cache. */
export function shardFolders(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => /^(\d+-)?\d+$/.test(name))
    .map((name) => join(directory, name));
}

/** The totals of all shards at one moment: with the locks of all, as another process would take them. */
export function totalsAtOnce(directory: string): ShardTotals[] {
  const opened = shardFolders(directory).map(
    (folder) => new Database(join(folder, 'cache.db'), { timeout: 20_000 }),
  );
  try {
    for (const db of opened) db.exec('BEGIN IMMEDIATE');
    return opened.map((db) => {
      const text = db.prepare('SELECT totals FROM arrival WHERE totals IS NOT NULL').pluck().get() as string;
      const none = { sizeShare: 0, entryShare: 0 };
      return {
        ...none,
        ...(JSON.parse(text) as Partial<typeof none> & Omit<ShardTotals, keyof typeof none>),
      };
    });
  } finally {
    for (const db of opened) db.close();
  }
}

/** Holds the lock of one shard as another process would. @returns what lets go of it */
export function lockShard(directory: string, shard: number): () => void {
  const db = new Database(join(shardFolders(directory)[shard] as string, 'cache.db'), { timeout: 0 });
  db.exec('BEGIN IMMEDIATE');
  onTestFinished(() => void db.close());
  return () => db.exec('ROLLBACK');
}

export function sumOf(all: readonly ShardTotals[], name: keyof ShardTotals): number {
  return all.reduce((sum, one) => sum + one[name], 0);
}

/** The value files of all shards. */
export function valueFilesOfShards(directory: string): string[] {
  return shardFolders(directory).flatMap(valueFiles);
}
