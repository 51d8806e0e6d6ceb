import type { Cell } from './cell/cell.ts';
import type { Cells } from './cell/cells.ts';
import type { MemoryCost } from './memory.ts';
import { largestOf, medianOf, ratio } from './ratios.ts';
import { MEMORY_TARGET, type Target } from './targets.ts';
import type { Trial } from './trials.ts';

const HEAD = ['', 'p50', 'p99', 'mean', 'max', 'stall', 'p50 ×', 'mean ×'];

/** A trial as a table, with ratios against its baseline. */
export function trialTable(trial: Trial, cells: Cells): string {
  const baseline = cells.get(trial.baseline);
  const rows = [...cells.values()].map((cell) => row(cell, baseline));
  const title = `${trial.name}: ${trial.about}`;
  return [title, ...aligned([HEAD, ...rows])].join('\n');
}

function row(cell: Cell, baseline: Cell | undefined): string[] {
  if (cell.wrong !== undefined) return [cell.subject, `disqualified: ${cell.wrong}`];
  const { rounds, subject } = cell;
  const stall = largestOf(rounds, 'stall');
  const against = (statistic: 'p50' | 'mean') =>
    baseline === undefined || baseline.wrong !== undefined
      ? '–'
      : ratio(rounds, baseline.rounds, statistic).toFixed(2);
  return [
    subject,
    microseconds(medianOf(rounds, 'p50')),
    microseconds(medianOf(rounds, 'p99')),
    microseconds(medianOf(rounds, 'mean')),
    microseconds(largestOf(rounds, 'max')),
    stall === 0 ? '' : `${stall.toFixed(1)} ms`,
    against('p50'),
    against('mean'),
  ];
}

/** A target and what was measured, or undefined when its cells were not. */
export function targetRow(target: Target, cells: Cells | undefined): string[] | undefined {
  const subject = cells?.get(target.subject);
  const against = cells?.get(target.against);
  if (subject === undefined || against === undefined) return undefined;
  const isMeasured = subject.wrong === undefined && against.wrong === undefined;
  const measured = isMeasured ? ratio(subject.rounds, against.rounds, target.statistic) : Infinity;
  return verdict(
    `${target.claim}, ${target.statistic}`,
    `≤ ${target.atMost} ×`,
    isMeasured ? `${measured.toFixed(2)} ×` : 'disqualified',
    measured <= target.atMost,
  );
}

export function memoryRow({ entries, empty, full }: MemoryCost): string[] {
  const cost = full - empty;
  return verdict(
    `open DiskCache of ${entries.toLocaleString('en')} entries over an empty one (${full.toFixed(0)} against ${empty.toFixed(0)} MiB)`,
    `< ${MEMORY_TARGET.atMostMiB} MiB`,
    `${cost.toFixed(1)} MiB`,
    cost < MEMORY_TARGET.atMostMiB,
  );
}

export function targetTable(rows: readonly string[][]): string {
  return ['Targets', ...aligned([['', 'target', 'measured', ''], ...rows])].join('\n');
}

/** A line of the targets. */
export function verdict(claim: string, target: string, measured: string, isMet: boolean): string[] {
  return [claim, target, measured, isMet ? 'pass' : 'MISS'];
}

export function microseconds(time: number): string {
  if (time < 100) return `${time.toFixed(time < 10 ? 2 : 1)} µs`;
  return time < 10_000 ? `${time.toFixed(0)} µs` : `${(time / 1000).toFixed(1)} ms`;
}

/** The first column to the left, the others to the right. */
export function aligned(rows: readonly string[][]): string[] {
  const widths: number[] = [];
  for (const cells of rows) {
    if (cells.length === rows[0]?.length)
      cells.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  return rows.map((cells) =>
    `  ${cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')}`.trimEnd(),
  );
}
