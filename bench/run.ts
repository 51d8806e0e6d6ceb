/** Runs the trials: a process per trial and subject, round by round in turns, and prints what it comes to. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cell, fill } from './cell/cell.ts';
import { choice } from './command-line.ts';
import { machine } from './machine.ts';
import { memoryCost } from './memory.ts';
import { type Cells, memoryRow, targetRow, targetTable, trialTable } from './report.ts';
import type { Subject } from './subjects/subject.ts';
import { SUBJECT_NAMES, subjectNamed } from './subjects/subjects.ts';
import { MEMORY_TARGET, TARGETS } from './targets.ts';
import { type Trial, TRIALS } from './trials.ts';

const MEMORY = 'memory';
/** For a subject's threads to finish what the round left them, before the next subject's. */
const BETWEEN_ROUNDS_MS = 10;

const { isQuick, isSaved, ...only } = choice({
  trials: [...TRIALS.map(({ name }) => name), MEMORY],
  subjects: SUBJECT_NAMES,
});
const rounds = isQuick ? 5 : 15;
const directory = mkdtempSync(join(tmpdir(), 'diskcache-bench-'));
const filled = join(directory, 'filled');
const printed: string[] = [];
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const subjects = await Promise.all(SUBJECT_NAMES.map(subjectNamed));
print(machine(directory).join('\n'));
print(introduction());

const measured = new Map<string, Cells>();
for (const trial of TRIALS.filter(({ name }) => isAskedFor(name))) {
  const cells = await cellsOf(trial);
  measured.set(trial.name, cells);
  print(trialTable(trial, cells));
}
const targets = TARGETS.map((target) => targetRow(target, measured.get(target.trial)));
if (isAskedFor(MEMORY)) targets.push(memoryRow(memoryCost(directory, MEMORY_TARGET.entries)));
print(targetTable(targets.filter((row) => row !== undefined)));
if (isSaved) save();

async function cellsOf(trial: Trial): Promise<Cells> {
  const calls = trial.calls[isQuick ? 'quick' : 'full'];
  const cells = new Map<string, Cell>();
  for (const subject of subjects.filter((one) => takesPart(one, trial))) {
    const copy = join(directory, 'cells', subject.name);
    copyFilled(subject, trial, copy);
    const given = {
      trial: trial.name,
      subject: subject.name,
      directory: copy,
      warmUpCalls: trial.calls.quick,
    };
    cells.set(subject.name, await Cell.start(given));
  }
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells.values()) {
      await cell.measure(calls);
      await sleep(BETWEEN_ROUNDS_MS);
    }
  }
  await Promise.all([...cells.values()].map((cell) => cell.end()));
  rmSync(join(directory, 'cells'), { recursive: true, force: true });
  return cells;
}

/** Each subject's directory is filled once for a data set. */
function copyFilled(subject: Subject, { data }: Trial, copy: string): void {
  mkdirSync(copy, { recursive: true });
  if (!subject.isPersistent) return;
  const original = join(filled, `${subject.name}-${data}`);
  if (mkdirSync(original, { recursive: true }) !== undefined) fill(subject.name, data, original);
  cpSync(original, copy, { recursive: true });
}

function takesPart(subject: Subject, trial: Trial): boolean {
  if (trial.isFull === true && subject.openFull === undefined) return false;
  const isCompared =
    subject.name === trial.baseline ||
    TARGETS.some((one) => one.trial === trial.name && one.against === subject.name);
  return only.subjects.length === 0 || only.subjects.includes(subject.name) || isCompared;
}

function isAskedFor(trial: string): boolean {
  return only.trials.length === 0 || only.trials.includes(trial);
}

function introduction(): string {
  const lines = subjects.map(({ name, about, note }) =>
    [`  ${name.padEnd(18)}${about}`, ...(note === undefined ? [] : [`${' '.repeat(20)}(${note})`])].join(
      '\n',
    ),
  );
  const medians = `Medians over ${rounds} rounds in turns; max and stall are the worst of all rounds.`;
  const ratios =
    "× is the median of each round's ratio to the first line's round, or the second's for writes.";
  return ['Subjects', ...lines, '', medians, ratios].join('\n');
}

function print(text: string): void {
  console.log(`${text}\n`);
  printed.push(text);
}

function save(): void {
  const results = join(import.meta.dirname, 'results');
  const commit = /^commit\s+(\w+)/.exec(printed[0] as string)?.[1];
  const name = `${new Date().toISOString().slice(0, 10)}-${commit}${isQuick ? '-quick' : ''}.txt`;
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, name), `${printed.join('\n\n')}\n`);
  console.log(`Saved as bench/results/${name}.`);
}
