import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, InvalidArgumentError } from '../errors.ts';

const LONGEST_READABLE = 40;

/**
 * The folder of the cache of a name that is kept in a sharded one, beside its shards. A name is no path: what is readable of it is only for people, and the hash keeps apart what
 * some file systems would not.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function namedFolder(directory: string, name: unknown): string {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `the name of a cache must be a well-formed, non-empty string; given ${describe(name)}`,
    );
  }
  const readable = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, LONGEST_READABLE);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return join(cachesFolder(directory), `${readable}.${hash}`);
}

/** The folders of all that there are. */
export function namedFolders(directory: string): string[] {
  const parent = cachesFolder(directory);
  try {
    return readdirSync(parent).map((name) => join(parent, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The folder that they are in. */
export function cachesFolder(directory: string): string {
  return join(directory, 'caches');
}
