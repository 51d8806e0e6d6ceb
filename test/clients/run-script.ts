import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const OWN_TREE = join(import.meta.dirname, 'own-tree.ts');

/** Runs a script in a process of its own, in its client's tree. @returns what it printed, which must be JSON */
export async function runScript<Printed>(script: string, ...args: string[]): Promise<Printed> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', OWN_TREE, script, ...args]);
  return JSON.parse(stdout) as Printed;
}
