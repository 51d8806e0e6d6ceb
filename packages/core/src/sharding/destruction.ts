import { readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCacheError } from '../errors.ts';
import { SHARD_FOLDER, SHARDS_FILE } from '../storage/directory.ts';
import { destroy, destroySync } from '../storage/destruction.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import { layoutLock } from './layout.ts';
import { cachesFolder, namedFolders } from './named-caches.ts';
import type { Shards } from './shards.ts';

/** Removes a sharded cache that this process has closed, and all caches in it, from the disk. */
export async function destroyShards({ directory, settings }: Shards): Promise<void> {
  forgetLayout(directory);
  for (const folder of cacheFolders(directory)) await destroy({ ...settings, directory: folder });
  removeCachesFolder(directory);
  await destroy({ ...settings, directory });
}

/** The same on the caller's thread. */
export function destroyShardsSync({ directory, settings }: Shards): void {
  forgetLayout(directory);
  for (const folder of cacheFolders(directory)) destroySync({ ...settings, directory: folder });
  removeCachesFolder(directory);
  destroySync({ ...settings, directory });
}

/** Those who have it open go on with as many shards as there were: as long as there are such, the layout stays. */
function forgetLayout(directory: string): void {
  const path = join(directory, SHARDS_FILE);
  const lock = layoutLock(directory, { timeoutMs: 0, readOnly: false });
  try {
    if (!lock.exists) return;
    lock.alone(() => {
      for (const file of [path, `${path}.tmp`]) ignoring(['ENOENT'], () => unlinkSync(file));
      lock.remove();
    });
  } catch (error) {
    if (!(error instanceof DiskCacheError && error.code === 'ERR_DISKCACHE_TIMEOUT'))
      throw storageError(error, `cannot remove the cache in ${directory}`);
  }
}

function cacheFolders(directory: string): string[] {
  let names: string[] = [];
  ignoring(['ENOENT'], () => (names = readdirSync(directory)));
  const shards = names.filter((name) => SHARD_FOLDER.test(name)).map((name) => join(directory, name));
  return [...shards, ...namedFolders(directory)];
}

/** Stays where something else is in it. */
function removeCachesFolder(directory: string): void {
  ignoring(['ENOENT', 'ENOTEMPTY'], () => rmdirSync(cachesFolder(directory)));
}

function ignoring(codes: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
