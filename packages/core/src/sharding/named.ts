import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, InvalidArgumentError } from '../errors.ts';

/** What is kept in a sharded cache beside its shards, by a name that the user gives it; each kind has a folder. */
const KINDS = ['caches', 'deques', 'indexes'] as const;
export type NamedKind = (typeof KINDS)[number];

const LONGEST_READABLE = 40;

/**
 * The folder of what has this name. A name is no path: what is readable of it is only for people, and the hash keeps apart what
 * some file systems would not.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION`
 */
export function namedFolder(directory: string, kind: NamedKind, name: unknown): string {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `the name of a cache must be a well-formed, non-empty string; given ${describe(name)}`,
    );
  }
  const readable = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, LONGEST_READABLE);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return join(directory, kind, `${readable}.${hash}`);
}

/** The folders of all that there is, and those that they are in. */
export function namedFolders(directory: string): { readonly parent: string; readonly folders: string[] }[] {
  return KINDS.map((kind) => join(directory, kind)).flatMap((parent) => {
    try {
      return [{ parent, folders: readdirSync(parent).map((name) => join(parent, name)) }];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}
