import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

const OWN_TREE = join(import.meta.dirname, '..', 'own-tree.ts');

export interface Answer {
  readonly status: number;
  /** What X-Cache says. */
  readonly found: string | null;
  readonly type: string | null;
  /** As JSON where it is. */
  readonly body: unknown;
}

/** An app in a process of its own, in its client's tree. */
export class StartedApp {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterableIterator<string>;
  readonly #errors: Promise<string>;
  #url = '';

  private constructor(script: string, env: Record<string, string>) {
    this.#process = spawn(process.execPath, ['--import', OWN_TREE, script], {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#lines = createInterface(this.#process.stdout!)[Symbol.asyncIterator]();
    this.#errors = text(this.#process.stderr!);
  }

  static async start(script: string, env: Record<string, string>): Promise<StartedApp> {
    const app = new StartedApp(script, env);
    for (let line = await app.line(); line !== undefined; line = await app.line()) {
      const url = /^listening on (.+)$/.exec(line)?.[1];
      if (url === undefined) continue;
      app.#url = url;
      return app;
    }
    throw new Error(`the app ended before it listened: ${await app.#errors}`);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The next line that it prints; undefined at the end. */
  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : (value as string);
  }

  async ask(path: string, method = 'GET'): Promise<Answer> {
    const response = await fetch(this.#url + path, { method, headers: { connection: 'close' } });
    const type = response.headers.get('content-type');
    const body = await response.text();
    return {
      status: response.status,
      found: response.headers.get('x-cache'),
      type,
      body: type?.startsWith('application/json') ? JSON.parse(body) : body,
    };
  }

  /** @returns how it ended */
  async kill(signal: NodeJS.Signals): Promise<NodeJS.Signals | number> {
    const ended = this.ended();
    this.#process.kill(signal);
    return ended;
  }

  /** @returns how it ended by itself, when it has */
  async ended(): Promise<NodeJS.Signals | number> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
    return this.#process.signalCode ?? this.#process.exitCode!;
  }

  /** What it wrote to its standard error, once it has ended. */
  errors(): Promise<string> {
    return this.#errors;
  }
}
