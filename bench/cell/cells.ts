import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Subject } from '../subjects/subject.ts';
import type { Trial } from '../trials.ts';
import { Cell } from './cell.ts';
import type { Filled } from './filled.ts';

/** For a subject's threads to finish what the round left them, before the next subject's. */
const BETWEEN_ROUNDS_MS = 10;

/** The cells of a trial, by subject. */
export type Cells = ReadonlyMap<string, Cell>;

/** How much of it there is to be. */
export interface Extent {
  readonly rounds: number;
  /** Which of a trial's numbers of calls a round has. */
  readonly calls: keyof Trial['calls'];
}

/** Measures a trial: prepares all subjects, then has each do one round after another, in turns. */
export async function measured(
  trial: Trial,
  subjects: readonly Subject[],
  filled: Filled,
  directory: string,
  extent: Extent,
): Promise<Cells> {
  const cells: Cell[] = [];
  for (const some of chunks(subjects, availableParallelism())) {
    cells.push(...(await Promise.all(some.map((subject) => prepared(trial, subject, filled, directory)))));
  }
  for (let round = 0; round < extent.rounds; round++) {
    for (const cell of cells) {
      await cell.measure(trial.calls[extent.calls]);
      await sleep(BETWEEN_ROUNDS_MS);
    }
  }
  await Promise.all(cells.map((cell) => cell.end()));
  for (const { subject } of cells) rmSync(join(directory, subject), { recursive: true, force: true });
  return new Map(cells.map((cell) => [cell.subject, cell]));
}

async function prepared(trial: Trial, subject: Subject, filled: Filled, directory: string): Promise<Cell> {
  const copy = join(directory, subject.name);
  await filled.copy(subject, trial.data, copy);
  return Cell.start({
    trial: trial.name,
    subject: subject.name,
    directory: copy,
    warmUpCalls: trial.warmUpCalls ?? trial.calls.quick,
  });
}

function* chunks<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}
