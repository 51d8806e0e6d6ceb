/** Runs the trials: a process per trial and subject, round by round in turns, and prints what it comes to. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cells, type Extent, measured } from './cell/cells.ts';
import { Filled } from './cell/filled.ts';
import { choice } from './command-line.ts';
import { machine } from './machine.ts';
import { memoryCost } from './memory.ts';
import { memoryRow, targetRow, targetTable, trialTable } from './report.ts';
import type { Subject } from './subjects/subject.ts';
import { SUBJECT_NAMES, subjectNamed } from './subjects/subjects.ts';
import { MEMORY_TARGET, TARGETS } from './targets.ts';
import { type Trial, TRIALS } from './trials.ts';
import { clear, contend, deque, iterate, type WholeCacheTrial } from './whole-cache.ts';

const MEMORY = 'memory';
const WHOLE_CACHE: Readonly<Record<string, WholeCacheTrial>> = { iterate, clear, deque, contend };

const { isQuick, isSaved, ...only } = choice({
  trials: [...TRIALS.map(({ name }) => name), ...Object.keys(WHOLE_CACHE), MEMORY],
  subjects: SUBJECT_NAMES,
});
const extent: Extent = isQuick ? { rounds: 5, calls: 'quick' } : { rounds: 15, calls: 'full' };
const directory = mkdtempSync(join(tmpdir(), 'diskcache-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const subjects = await Promise.all(SUBJECT_NAMES.map(subjectNamed));
const { lines, commit } = machine(directory);
const printed: string[] = [];
print(lines.join('\n'));
print(introduction());

const filled = new Filled(join(directory, 'filled'));
const results = new Map<string, Cells>();
for (const trial of TRIALS.filter(({ name }) => isAskedFor(name))) {
  const some = subjects.filter((subject) => takesPart(subject, trial));
  const cells = await measured(trial, some, filled, join(directory, 'cells'), extent);
  results.set(trial.name, cells);
  print(trialTable(trial, cells));
}
const targets = TARGETS.map((target) => targetRow(target, results.get(target.trial)));
for (const [name, trial] of Object.entries(WHOLE_CACHE)) {
  if (!isAskedFor(name)) continue;
  const report = trial(directory, isQuick ? 3 : 9);
  print(report.table);
  targets.push(...report.targets);
}
if (isAskedFor(MEMORY)) targets.push(memoryRow(memoryCost(directory, MEMORY_TARGET.entries)));
const rows = targets.filter((row) => row !== undefined);
if (rows.length > 0) print(targetTable(rows));
if (isSaved) save();

function takesPart(subject: Subject, trial: Trial): boolean {
  if (trial.isFull === true && subject.openFull === undefined) return false;
  if (trial.computes === true && subject.computes !== true && subject.name !== trial.baseline) return false;
  if (subject.onlyWrites === true && trial.baseline !== subject.name) return false;
  const isCompared =
    subject.name === trial.baseline ||
    TARGETS.some((one) => one.trial === trial.name && one.against === subject.name);
  return only.subjects.length === 0 || only.subjects.includes(subject.name) || isCompared;
}

function isAskedFor(trial: string): boolean {
  return only.trials.length === 0 || only.trials.includes(trial);
}

function introduction(): string {
  const about = subjects.map(({ name, about, note }) =>
    [`  ${name.padEnd(18)}${about}`, ...(note === undefined ? [] : [`${' '.repeat(20)}(${note})`])].join(
      '\n',
    ),
  );
  return [
    'Subjects',
    ...about,
    '',
    `Each line: medians over ${extent.rounds} rounds in turns; max and stall are the worst of all rounds.`,
    "×: median of each round's ratio to the same round of sqlite, for writes of sqlite-ordered.",
  ].join('\n');
}

function print(text: string): void {
  console.log(`${text}\n`);
  printed.push(text);
}

function save(): void {
  const folder = join(import.meta.dirname, 'results');
  const name = `${new Date().toISOString().slice(0, 10)}-${commit}${isQuick ? '-quick' : ''}.txt`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `${printed.join('\n\n')}\n`);
  console.log(`Saved as bench/results/${name}.`);
}
