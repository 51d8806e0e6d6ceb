import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

function run(command: string, ...given: string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, given, { encoding: 'utf8' });
  return status === 0 ? undefined : ((stderr || error?.message) ?? 'failed');
}

/** Whether file systems can be mounted here, which takes Linux and a privileged user. */
export const canMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'diskcache-mount-'));
  const problem = run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder);
  if (problem === undefined) run('umount', folder);
  else console.log(`skipped: no file system can be mounted here: ${problem}`);
  rmdirSync(folder);
  return problem === undefined;
})();

function mounted(folder: string, ...commands: string[][]): string {
  onTestFinished(() => void run('umount', '-l', folder));
  for (const command of commands) {
    const problem = run('mount', ...command);
    if (problem !== undefined) throw new Error(problem);
  }
  return folder;
}

/** A new folder on a file system of its own of so many bytes, in memory, which may hold so many files and folders. */
export function smallDisk(bytes: number, names = 0): string {
  const folder = temporaryFolder();
  return mounted(folder, ['-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${names}`, 'tmpfs', folder]);
}

/** Another path for a folder, through which nothing in it can be changed. */
export function readOnlyView(of: string): string {
  const folder = temporaryFolder();
  return mounted(folder, ['--bind', of, folder], ['-o', 'remount,ro,bind', folder]);
}
