import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a visit of a page showed. */
export interface Visit {
  readonly found: string;
  readonly ms: number;
  /** The process that made the answer. */
  readonly madeBy: number;
}

const main = join(import.meta.dirname, '..', 'app', 'main.js');

/** The app in a process of its own. */
export class RunningApp {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  static async start(cacheDirectory: string): Promise<RunningApp> {
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, CACHE_DIRECTORY: cacheDirectory, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface(child.stdout)) {
      const url = /^listening on (.+)$/.exec(line)?.[1];
      if (url !== undefined) return new RunningApp(child, url);
    }
    throw new Error('the app ended before it listened');
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async visit(path: string): Promise<Visit> {
    const start = performance.now();
    const response = await fetch(this.#url + path);
    // Each answer says who made it: as JSON, or in a comment of the picture.
    const madeBy = Number(
      /"madeBy":(\d+)|<!-- (\d+) -->/
        .exec(await response.text())
        ?.slice(1)
        .join(''),
    );
    return { found: response.headers.get('x-cache') ?? '?', ms: performance.now() - start, madeBy };
  }

  async ask<Answer>(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<Answer> {
    const response = await fetch(this.#url + path, { method });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
    return (await response.json()) as Answer;
  }

  /** Ends the process as the operating system does it: it gets no chance to save anything. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exit;
  }
}
