/** Trials of the cache as a whole, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { aligned, verdict } from './report.ts';
import { CLEAR_TARGET, ITERATE_TARGET } from './targets.ts';

/** What a trial came to: a table, and how it stands to its targets. */
export interface WholeCacheReport {
  readonly table: string;
  readonly targets: readonly string[][];
}

interface CourseTimes {
  readonly name: string;
  readonly few: number;
  readonly many: number;
  readonly ratio: number;
}

interface ClearTimes {
  readonly longestStallMs: number;
  readonly rows: readonly { readonly name: string; readonly ms: number; readonly ratio: number }[];
}

export type WholeCacheTrial = (directory: string, rounds: number) => WholeCacheReport;

/** How the time of a key grows with the number of keys that are gone through. */
export const iterate: WholeCacheTrial = (directory, rounds) => {
  const courses = run<CourseTimes[]>('go-through', join(directory, 'iterate'), rounds);
  const head = ['', '10,000 keys', '100,000 keys', '×'];
  const rows = courses.map(({ name, few, many, ratio }) => [
    name,
    `${few.toFixed(2)} µs`,
    `${many.toFixed(2)} µs`,
    ratio.toFixed(2),
  ]);
  return {
    table: ['iterate: DiskCache.keys(), by the key', ...aligned([head, ...rows])].join('\n'),
    targets: courses.map(({ name, ratio }) =>
      verdict(
        `keys() ${name}: a key of 100,000 against one of 10,000`,
        `≤ ${ITERATE_TARGET.atMost} ×`,
        `${ratio.toFixed(2)} ×`,
        ratio <= ITERATE_TARGET.atMost,
      ),
    ),
  };
};

/** What clear() takes against the least that SQLite can take for the same rows. */
export const clear: WholeCacheTrial = (directory, rounds) => {
  const { entries, atMost, stallMs } = CLEAR_TARGET;
  const { rows, longestStallMs } = run<ClearTimes>('clear', join(directory, 'clear'), entries, rounds);
  const number = entries.toLocaleString('en');
  const ratio = rows.at(-1)?.ratio ?? Infinity;
  const table = aligned([
    ['', 'time', '×'],
    ...rows.map((row) => [row.name, `${row.ms.toFixed(0)} ms`, row.ratio.toFixed(2)]),
  ]);
  return {
    table: [`clear: of ${number} entries of 100 bytes, in no order`, ...table].join('\n'),
    targets: [
      verdict(
        `DiskCache.clear() of ${number} entries against one raw DELETE of the same rows`,
        `≤ ${atMost} ×`,
        `${ratio.toFixed(2)} ×`,
        ratio <= atMost,
      ),
      verdict(
        `the event loop's longest stall in it`,
        `< ${stallMs} ms`,
        `${longestStallMs.toFixed(1)} ms`,
        longestStallMs < stallMs,
      ),
    ],
  };
};

function run<Result>(script: string, ...given: readonly (string | number)[]): Result {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'cell', `${script}.ts`), ...given.map(String)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`the process of ${script} ended with code ${status}`);
  return JSON.parse(stdout) as Result;
}
