import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child, children } from '../support/child.ts';
import { openSharded } from '../support/sharded.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LONG = process.env.DISKCACHE_TEST_LONG === '1';
const MIB = 2 ** 20;
const SLACK = 16 * MIB;
/** Of 8 shards. */
const SLACK_OF_SHARDS = 8 * 8 * MIB;
/** How many times its limit is written into each cache. */
const TIMES = 10;

interface Workload {
  readonly what: string;
  readonly phases: readonly (readonly number[])[];
  /** Smaller where values are small, as there are so many of them. */
  readonly sizeLimit: number;
  readonly keys: number;
  readonly together?: number;
}

const WORKLOADS: readonly Workload[] = [
  { what: '100-byte values', phases: [[100]], sizeLimit: 1 * MIB, keys: 1e9 },
  { what: 'values of 1 to 2 KB', phases: [[1000, 1300, 1700, 2000]], sizeLimit: 3 * MIB, keys: 1e9 },
  { what: '20 KB rows', phases: [[20_000]], sizeLimit: 8 * MIB, keys: 1e9 },
  { what: '200 KB files', phases: [[200_000]], sizeLimit: 24 * MIB, keys: 1e9 },
  {
    what: 'values of all sizes and overwrites',
    phases: [[100, 1500, 20_000, 100, 200_000, 3000]],
    sizeLimit: 12 * MIB,
    keys: 997,
  },
  {
    what: 'files almost as large as the limit',
    phases: [[22 * MIB]],
    sizeLimit: 24 * MIB,
    keys: 1e9,
    together: 2,
  },
  {
    what: 'rows, then files, then rows',
    phases: [[2000], [200_000], [2000]],
    sizeLimit: 16 * MIB,
    keys: 1e9,
  },
  {
    what: 'values of a fifth of the limit and small ones',
    phases: [[6 * MIB, 5 * MIB, 1000, 20_000]],
    sizeLimit: 30 * MIB,
    keys: 1e9,
    together: 3,
  },
];

interface Space {
  readonly all: number;
  readonly log: number;
  readonly looks: number;
}

function limitOf({ sizeLimit }: Workload): number {
  return LONG ? Math.max(32 * MIB, sizeLimit) : sizeLimit;
}

async function fill(
  directory: string,
  writers: number,
  door: string,
  workload: Workload,
  isSharded = false,
): Promise<{ most: Space; largest: number }> {
  const sizeLimit = limitOf(workload);
  const looking = new Child('measure-space', { directory });
  await looking.says('looking');
  const { phases, keys, together = 16 } = workload;
  const bytes = (TIMES * sizeLimit) / writers;
  const filling = children(writers, 'fill', {
    directory,
    door,
    isSharded,
    sizeLimit,
    bytes,
    phases,
    keys,
    together,
  });
  const done = await Promise.all(filling.map((one) => one.says<{ largest: number }>('done')));
  looking.tell('stop');
  const most = await looking.says<Space>('most');
  await Promise.all(filling.map(({ ended }) => ended));
  console.log(
    `${writers} × ${door}${isSharded ? ' of 8 shards' : ''}, ${workload.what}, limit ${sizeLimit / MIB} MiB:`,
    `${(most.all / MIB).toFixed(1)} MiB on disk of ${((sizeLimit * 1.1 + (isSharded ? SLACK_OF_SHARDS : SLACK)) / MIB).toFixed(1)} allowed,`,
    `log ${(most.log / MIB).toFixed(1)} MiB, ${most.looks} looks`,
  );
  return { most, largest: Math.max(...done.map((one) => one.largest)) };
}

for (const { writers, door, of, which } of [
  { writers: 1, door: 'async', of: 'the asynchronous door', which: [0, 1, 2, 3, 4, 5, 6] },
  { writers: 1, door: 'sync', of: 'the synchronous door', which: [0, 2, 4, 5, 6] },
  { writers: 1, door: 'stream', of: 'streams', which: [3, 4, 7] },
  { writers: 2, door: 'stream', of: 'streams of two processes', which: [7] },
  { writers: 4, door: 'async', of: 'four processes', which: [2, 3, 4, 5] },
  { writers: 4, door: 'sync', of: 'four processes, synchronously', which: [2, 4, 5] },
]) {
  it.each(WORKLOADS.filter((_, number) => LONG || which.includes(number)))(
    `Ten times the limit of $what through ${of} keep the folder within the limit × 1.1 + 16 MiB`,
    async (workload) => {
      const directory = temporaryFolder();
      const sizeLimit = limitOf(workload);
      const { most, largest } = await fill(directory, writers, door, workload);
      expect(most.looks).toBeGreaterThan(10);
      expect(most.all).toBeLessThanOrEqual(sizeLimit * 1.1 + SLACK);
      expect(largest).toBeLessThanOrEqual(sizeLimit);
      // As much as needed is evicted, and not much more.
      expect(largest).toBeGreaterThan(sizeLimit * 0.8);
      expect(await openCache({ sizeLimit }, directory).check()).toMatchObject({ ok: true, problems: [] });
    },
    LONG ? 600_000 : 60_000,
  );
}

it.each(WORKLOADS.filter((_, number) => LONG || [0, 2, 4, 5].includes(number)))(
  'Ten times the limit of $what through four processes keep the folder of 8 shards within the limit × 1.1 + 8 MiB a shard',
  async (workload) => {
    const directory = temporaryFolder();
    const sizeLimit = limitOf(workload);
    const { most } = await fill(directory, 4, 'async', workload, true);
    expect(most.looks).toBeGreaterThan(10);
    expect(most.all).toBeLessThanOrEqual(sizeLimit * 1.1 + SLACK_OF_SHARDS);
    const cache = openSharded({ sizeLimit }, directory);
    expect(await cache.size()).toBeLessThanOrEqual(sizeLimit);
    expect(await cache.size()).toBeGreaterThan(sizeLimit * 0.7);
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  },
  LONG ? 600_000 : 60_000,
);
