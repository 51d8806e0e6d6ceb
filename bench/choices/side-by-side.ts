import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../ratios.ts';
import { aligned } from '../report.ts';

/** Does one call; what it returns is awaited if it is a promise. */
export type Call = (call: number) => unknown;

export interface Scale {
  /** What the table is about. */
  readonly title: string;
  readonly rounds: number;
  /** Calls of one contender in one round. */
  readonly calls: number;
  /** Done after each contender's round, untimed. */
  readonly after?: (contender: string) => unknown;
}

interface Times {
  readonly p50: number[];
  readonly p99: number[];
  readonly mean: number[];
}

/**
 * Runs contenders in turns, one round each, and prints the medians over the rounds in µs; ratios are of the means, against
 * the first contender, round by round.
 *
 * @returns each contender's p50
 */
export async function sideBySide(
  contenders: Readonly<Record<string, Call>>,
  { title, rounds, calls, after }: Scale,
): Promise<Readonly<Record<string, number>>> {
  const names = Object.keys(contenders);
  const times = new Map(names.map((name) => [name, { p50: [], p99: [], mean: [] } as Times]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, call] of Object.entries(contenders)) {
      const each = await timed(call, calls, (round + 1) * calls);
      if (round >= 0) note(times.get(name) as Times, each);
      await after?.(name);
    }
  }
  const first = times.get(names[0] as string) as Times;
  const rows = [...times].map(([name, { p50, p99, mean }]) => [
    name,
    ...[p50, p99, mean].map((values) => median(values).toFixed(1)),
    median(mean.map((time, round) => time / (first.mean[round] as number))).toFixed(2),
  ]);
  console.log([title, ...aligned([['', 'p50', 'p99', 'mean', 'mean ×'], ...rows]), ''].join('\n'));
  return Object.fromEntries([...times].map(([name, { p50 }]) => [name, median(p50)]));
}

async function timed(call: Call, calls: number, from: number): Promise<Float64Array> {
  const times = new Float64Array(calls);
  let last = performance.now();
  for (let index = 0; index < calls; index++) {
    const result = call(from + index);
    if (result instanceof Promise) await result;
    const now = performance.now();
    times[index] = (now - last) * 1000;
    last = now;
  }
  return times;
}

function note(times: Times, each: Float64Array): void {
  times.mean.push(each.reduce((sum, one) => sum + one, 0) / each.length);
  each.sort();
  times.p50.push(each[each.length >> 1] as number);
  times.p99.push(each[Math.floor(each.length * 0.99)] as number);
}

/** A folder for one run, removed when the process ends. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'diskcache-choice-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
