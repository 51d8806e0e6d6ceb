import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

interface Message {
  readonly name: string;
  readonly content: unknown;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const CHILDREN = join(import.meta.dirname, '..', 'processes', 'children');

/**
 * A process of its own that runs a script of processes/children. What script and test tell each other has a name, and
 * waiting for it fails when the process ends first. It is killed when the test has ended.
 */
export class Child {
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #unread: Message[] = [];
  #waiting: (() => void)[] = [];
  #ending: Ending | undefined;

  constructor(script: string, given: object, { runAs }: { runAs?: number | undefined } = {}) {
    this.#process = fork(join(CHILDREN, `${script}.ts`), [JSON.stringify(given)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      execArgv: [],
      ...(runAs === undefined ? {} : { uid: runAs }),
    });
    let stderr = '';
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.#process.on('message', (message: Message) => {
      this.#unread.push(message);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        this.#ending = { code, signal, stderr };
        this.#wake();
        resolve(this.#ending);
      });
    });
    onTestFinished(async () => {
      this.kill();
      await this.ended;
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Waits until the script says something of this name. @returns what came with it */
  async says<Content = unknown>(name: string): Promise<Content> {
    for (;;) {
      const at = this.#unread.findIndex((message) => message.name === name);
      if (at !== -1) return this.#unread.splice(at, 1)[0]?.content as Content;
      if (this.#ending !== undefined) {
        const { code, signal, stderr } = this.#ending;
        throw new Error(`the process ended (${signal ?? code}) before it said '${name}': ${stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Everything of this name that was said and not waited for. */
  said<Content = unknown>(name: string): Content[] {
    return this.#unread
      .filter((message) => message.name === name)
      .map((message) => message.content as Content);
  }

  tell(name: string, content?: unknown): void {
    this.#process.send({ name, content });
  }

  /** Has it stand still, as a machine does that is overloaded, until resume(). */
  stop(): void {
    this.#process.kill('SIGSTOP');
  }

  resume(): void {
    this.#process.kill('SIGCONT');
  }

  /** As `kill -9` does it. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Several processes of one script, each with its number. */
export function children(count: number, script: string, given: object): Child[] {
  return Array.from({ length: count }, (_, number) => new Child(script, { ...given, number }));
}
