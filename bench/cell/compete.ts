/** Has processes contend for a cache of each kind, in turns: node cell/compete.ts <directory> <rounds>; prints Contention[] as JSON. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ContendedVerb, type Contention, MIXES, type MixName, type VerbTimes } from '../mixes.ts';
import { median } from '../ratios.ts';

const DOORS = ['DiskCache', 'ShardedDiskCache'] as const;
const VERBS = ['get', 'set', 'delete'] as const satisfies readonly ContendedVerb[];

interface Told {
  readonly times: Record<ContendedVerb, number[]>;
  readonly ms: number;
}

interface Round {
  readonly callsASecond: number;
  readonly verbs: Partial<Record<ContendedVerb, VerbTimes>>;
}

const [directory, rounds] = process.argv.slice(2) as [string, string];
const cells: Contention[] = [];
for (const mix of Object.keys(MIXES) as MixName[]) {
  for (const processes of MIXES[mix].processes) {
    const all = DOORS.map((): Round[] => []);
    for (let round = 0; round < Number(rounds); round++) {
      const places = [...DOORS.keys()];
      // Who comes first is not always the same.
      for (const place of round % 2 === 0 ? places : places.reverse())
        all[place]?.push(await contended(DOORS[place] as string, mix, processes));
    }
    for (const [place, door] of DOORS.entries())
      cells.push({ mix, processes, door, ...summary(all[place] as Round[], all[0] as Round[]) });
  }
}
console.log(JSON.stringify(cells));

async function contended(door: string, mix: MixName, processes: number): Promise<Round> {
  const folder = join(directory, 'contended');
  rmSync(folder, { recursive: true, force: true });
  const script = join(import.meta.dirname, 'contend.ts');
  const children = Array.from({ length: processes }, (_, number) =>
    fork(script, [door, folder, mix, String(number)], { serialization: 'advanced' }),
  );
  const ended = children.map((child) => once(child, 'exit') as Promise<[code: number | null]>);
  await Promise.all(children.map((child) => once(child, 'message')));
  const told = children.map((child) => once(child, 'message') as Promise<[Told]>);
  for (const child of children) child.send('go');
  const results = (await Promise.all(told)).map(([one]) => one);
  for (const [code] of await Promise.all(ended))
    if (code !== 0) throw new Error(`a process ended with code ${code}`);
  const ms = Math.max(...results.map((one) => one.ms));
  const verbs: Round['verbs'] = {};
  for (const verb of VERBS) {
    const times = results.flatMap((one) => one.times[verb]);
    if (times.length > 0) verbs[verb] = timesOf(times);
  }
  return { callsASecond: (1000 * processes * MIXES[mix].calls) / ms, verbs };
}

function timesOf(times: readonly number[]): VerbTimes {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => 1000 * (sorted[Math.floor(part * (sorted.length - 1))] as number);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function summary(
  all: readonly Round[],
  others: readonly Round[],
): Pick<Contention, 'callsASecond' | 'verbs' | 'ratio'> {
  const verbs: Round['verbs'] = {};
  for (const verb of VERBS) {
    const times = all.map((round) => round.verbs[verb]).filter((one) => one !== undefined);
    if (times.length > 0) verbs[verb] = medians(times);
  }
  const [sets, otherSets] = [all, others].map((some) => some.map((round) => round.verbs.set as VerbTimes));
  const ratios = (sets as VerbTimes[]).map(({ p50, p99, max }, round) => {
    const other = otherSets?.[round] as VerbTimes;
    return { p50: p50 / other.p50, p99: p99 / other.p99, max: max / other.max };
  });
  return { callsASecond: median(all.map((round) => round.callsASecond)), verbs, ratio: medians(ratios) };
}

function medians(times: readonly VerbTimes[]): VerbTimes {
  const of = (name: keyof VerbTimes) => median(times.map((one) => one[name]));
  return { p50: of('p50'), p99: of('p99'), max: of('max') };
}
