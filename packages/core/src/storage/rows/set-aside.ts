import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, statSync } from 'node:fs';
import type { Recreation } from '../../events.ts';

/** Which file it is that has a path, whatever else is put there later. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** What belongs to a database beside its own file: without them it is another one, and with another's it is broken. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/**
 * Whether a database has lost all that was in it. A new one is empty too, but has no log yet: only a journal, while the first
 * page is being written, or if that process was killed.
 */
export function wasEmptied(path: string): boolean {
  return (
    statSync(path, { throwIfNoEntry: false })?.size === 0 &&
    (existsSync(`${path}-wal`) || existsSync(`${path}-shm`))
  );
}

/** The file that is at a path now, or undefined. */
export function identityOf(path: string): FileIdentity | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

export function isSameFile(one: FileIdentity | undefined, other: FileIdentity | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}

/** A name for a database that is set aside. */
export function asideName(
  { path, now }: { readonly path: string; readonly now: () => number },
  reason: Recreation['reason'],
): string {
  const time = new Date(now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${path}.${reason}-${time}-${randomBytes(4).toString('hex')}`;
}

/** Gives a database and what belongs to it other names. Who has it open keeps it. Needs the path for itself. */
export function setAside(path: string, aside: string): void {
  for (const suffix of ['', ...COMPANIONS]) {
    if (!existsSync(path + suffix)) continue;
    try {
      renameSync(path + suffix, aside + suffix);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
