/** Trials of the cache as a whole, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { aligned, verdict } from './report.ts';
import { CLEAR_TARGET, DEQUE_TARGET, ITERATE_TARGET } from './targets.ts';

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

interface DequeTimes {
  readonly name: string;
  readonly us: number;
  readonly ratio: number;
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

/** What a call on a long deque costs, as a multiple of one get(). */
export const deque: WholeCacheTrial = (directory, rounds) => {
  const { items, atMost } = DEQUE_TARGET;
  const rows = run<DequeTimes[]>('deque', join(directory, 'deque'), items, rounds);
  const number = items.toLocaleString('en');
  const ratio = rows.find(({ name }) => name === 'at() in the middle')?.ratio ?? Infinity;
  const table = aligned([
    ['', 'time', '×'],
    ...rows.map((row) => [row.name, `${row.us.toFixed(1)} µs`, row.ratio.toFixed(2)]),
  ]);
  return {
    table: [`deque: of ${number} items of 100 bytes, calls awaited one by one`, ...table].join('\n'),
    targets: [
      verdict(
        `Deque.at() in the middle of ${number} items against one get()`,
        `≤ ${atMost} ×`,
        `${ratio.toFixed(2)} ×`,
        ratio <= atMost,
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
