import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** An app in a process of its own, which ends with the running test. */
export class StartedApp {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  static async start(script: string, cacheDirectory: string): Promise<StartedApp> {
    const child = spawn(process.execPath, [script], {
      env: { ...process.env, CACHE_DIRECTORY: cacheDirectory, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    for await (const line of createInterface(child.stdout)) {
      const url = /^listening on (.+)$/.exec(line)?.[1];
      if (url !== undefined) return new StartedApp(child, url);
    }
    throw new Error('the app ended before it listened');
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  async ask(path: string, method = 'GET'): Promise<{ found: string | null; body: Record<string, unknown> }> {
    const response = await fetch(this.#url + path, { method });
    const body = (await response.json()) as Record<string, unknown>;
    return { found: response.headers.get('x-cache'), body };
  }

  async end(signal: NodeJS.Signals): Promise<NodeJS.Signals | number> {
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    const [code, endedBy] = (await exit) as [number, NodeJS.Signals];
    return endedBy ?? code;
  }
}
