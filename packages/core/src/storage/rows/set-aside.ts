import { renameSync, statSync } from 'node:fs';

/** Which file it is that has a path, whatever else is put there later. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** What belongs to a database beside its own file: without them it is another one, and with another's it is broken. */
const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** The file that is at a path now, or undefined. */
export function identityOf(path: string): FileIdentity | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

export function isSameFile(one: FileIdentity | undefined, other: FileIdentity | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}

/** Gives a database and what belongs to it other names. Who has it open keeps it. Needs the path for itself. */
export function setAside(path: string, aside: string): void {
  for (const suffix of ['', ...COMPANIONS]) {
    try {
      renameSync(path + suffix, aside + suffix);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
