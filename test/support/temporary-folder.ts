import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A file system in memory, which Linux has: there nothing has to wait for a disk to sync. */
const IN_MEMORY = '/dev/shm';

/** A new folder on disk that is removed when the running test ends, after whatever the test asks for later. */
export function temporaryFolder(): string {
  return newFolder(tmpdir());
}

/** The same in memory where the system has that: for tests of some MB at most that are not about the disk. */
export function folderInMemory(): string {
  return newFolder(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir());
}

function newFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'diskcache-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
