import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { median } from './ratios.ts';

const HOLD = join(import.meta.dirname, 'cell/hold.ts');
const PROCESSES = 3;

export interface MemoryCost {
  readonly entries: number;
  /** Resident memory of a process with an empty cache, and with the full one, in MiB. */
  readonly empty: number;
  readonly full: number;
}

/**
 * What an open cache of many entries costs in memory: fresh processes in turns open an empty and a large cache and read from
 * it. Also fills the large one, in a process of its own.
 */
export function memoryCost(directory: string, entries: number): MemoryCost {
  const large = join(directory, 'large');
  const empty = join(directory, 'empty');
  hold('fill', large, entries);
  hold('fill', empty, 0);
  const turns = Array.from({ length: PROCESSES }, () => ({
    empty: hold('read', empty, entries),
    full: hold('read', large, entries),
  }));
  return {
    entries,
    empty: median(turns.map((turn) => turn.empty)),
    full: median(turns.map((turn) => turn.full)),
  };
}

function hold(what: 'fill' | 'read', directory: string, entries: number): number {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--expose-gc', HOLD, what, directory, String(entries)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`a process of the memory trial ended with code ${status}`);
  return Number(stdout);
}
