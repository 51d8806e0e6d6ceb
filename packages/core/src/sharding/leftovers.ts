import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../options.ts';
import { destroy } from '../storage/destruction.ts';
import { SHARD_FOLDER } from '../storage/directory.ts';
import type { Layout } from './layout.ts';

/** Removes the folders of shards of another layout, which a process has left that was killed while it laid out anew. */
export async function removeLeftovers(
  directory: string,
  { generation }: Layout,
  settings: Pick<Settings, 'timeoutMs' | 'random'>,
): Promise<void> {
  for (const name of readdirSync(directory)) {
    const found = SHARD_FOLDER.exec(name);
    if (found !== null && Number(found[1] ?? 0) !== generation)
      await destroy({ ...settings, directory: join(directory, name) });
  }
}
