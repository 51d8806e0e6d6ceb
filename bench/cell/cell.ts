import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CellArguments, Order, Report } from './messages.ts';
import type { Round } from './timing.ts';

const MEASURE = join(import.meta.dirname, 'measure.ts');

/** One trial of one subject, in a process of its own that is still while others measure. */
export class Cell {
  readonly subject: string;
  readonly rounds: Round[] = [];
  readonly #process: ChildProcess;
  readonly #exit: Promise<never>;
  #wrong: string | undefined;

  private constructor({ subject, ...given }: CellArguments) {
    this.subject = subject;
    this.#process = fork(MEASURE, [JSON.stringify({ subject, ...given })]);
    this.#exit = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`the process of ${given.trial}, ${subject} ended with code ${code}`);
    });
  }

  /** Resolves when the subject was checked and has warmed up. */
  static async start(given: CellArguments): Promise<Cell> {
    const cell = new Cell(given);
    await cell.#take();
    return cell;
  }

  /** Why there are no rounds: the subject gave a wrong answer. */
  get wrong(): string | undefined {
    return this.#wrong;
  }

  async measure(calls: number): Promise<void> {
    if (this.#wrong !== undefined) return;
    this.#process.send({ round: { calls } } satisfies Order);
    await this.#take();
  }

  async end(): Promise<void> {
    this.#process.send('end' satisfies Order);
    await this.#exit.catch(() => undefined);
  }

  async #take(): Promise<void> {
    const [report] = (await Promise.race([once(this.#process, 'message'), this.#exit])) as [Report];
    if ('round' in report) this.rounds.push(report.round);
    if ('wrong' in report) this.#wrong = report.wrong;
  }
}
