import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Outcome {
  ok: boolean;
  output: string;
}

/** A directory outside the repository, as a user's project would be. */
export class Scratch {
  readonly directory = mkdtempSync(join(tmpdir(), 'diskcache-packed-'));

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  /** Runs a program here; standard output and error come back together. */
  run(program: string, ...args: string[]): Promise<Outcome> {
    return run(program, args, this.directory);
  }

  /** Runs one of the repository's own tools here. */
  tool(name: 'attw' | 'publint' | 'tsc', ...args: string[]): Promise<Outcome> {
    return this.run(join(root, 'node_modules/.bin', name), ...args);
  }

  async npm(...args: string[]): Promise<string> {
    const { ok, output } = await this.run('npm', ...args);
    if (!ok) throw new Error(`npm ${args.join(' ')} failed:\n${output}`);
    return output;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function run(program: string, args: string[], cwd: string): Promise<Outcome> {
  const shell = process.platform === 'win32' && !program.endsWith('.exe');
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd, env, shell }, done);
    child.stdin?.end();

    function done(error: ExecFileException | null, stdout: string, stderr: string): void {
      resolve({ ok: error === null, output: stdout + stderr });
    }
  });
}
