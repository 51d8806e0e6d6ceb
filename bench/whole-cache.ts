/** Trials of the cache as a whole, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Contention, MIXES } from './mixes.ts';
import { aligned, microseconds, verdict } from './report.ts';
import { CLEAR_TARGET, DEQUE_TARGET, ITERATE_TARGET, SHARDED_TARGETS } from './targets.ts';

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

/** What several processes on one cache cost each other, in one DiskCache and in a sharded one. */
export const contend: WholeCacheTrial = (directory, rounds) => {
  const cells = run<Contention[]>('compete', join(directory, 'contend'), rounds);
  const head = ['', 'calls a second', 'verb', 'p50', 'p99', 'max', 'p50 ×', 'p99 ×', 'max ×'];
  const tables = Map.groupBy(
    cells,
    ({ mix, processes }) =>
      `${mix}, ${processes} ${processes === 1 ? 'process' : 'processes'}: ${MIXES[mix].about}`,
  );
  const lines = [...tables].flatMap(([title, some]) => [
    title,
    ...aligned([head, ...some.flatMap(contentionRows)]),
  ]);
  const targets = SHARDED_TARGETS.map(({ mix, statistic, atMost }) => {
    const ratio =
      cells.findLast((cell) => cell.mix === mix && cell.processes > 1)?.ratio[statistic] ?? Infinity;
    return verdict(
      `set() of ${mix} by 4 processes, ShardedDiskCache against DiskCache, ${statistic}`,
      `≤ ${atMost} ×`,
      `${ratio.toFixed(2)} ×`,
      ratio <= atMost,
    );
  });
  return { table: ['contend: several processes on one cache', ...lines].join('\n'), targets };
};

function contentionRows({ door, callsASecond, verbs, ratio }: Contention): string[][] {
  return Object.entries(verbs).map(([verb, { p50, p99, max }], place) => [
    place === 0 ? door : '',
    place === 0 ? Math.round(callsASecond).toLocaleString('en') : '',
    verb,
    ...[p50, p99, max].map(microseconds),
    ...[ratio.p50, ratio.p99, ratio.max].map((one) => (verb === 'set' ? one.toFixed(2) : '')),
  ]);
}

function run<Result>(script: string, ...given: readonly (string | number)[]): Result {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'cell', `${script}.ts`), ...given.map(String)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`the process of ${script} ended with code ${status}`);
  return JSON.parse(stdout) as Result;
}
