import { expect, it } from 'vitest';
import { children } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const WRITERS = 4;
const MS = process.env.DISKCACHE_TEST_LONG === '1' ? 30_000 : 2_000;

it.each([
  { how: 'one set at a time', door: 'async', together: 1 },
  { how: '64 sets at a time', door: 'async', together: 64 },
  { how: 'the synchronous door', door: 'sync', together: 1 },
])(
  'Of four processes that write without pause with $how, none gets less than a quarter of its share',
  async ({ how, door, together }) => {
    const directory = temporaryFolder();
    const writers = children(WRITERS, 'compete', { directory, door, together, ms: MS });
    await Promise.all(writers.map((writer) => writer.says('ready')));
    for (const writer of writers) writer.tell('go');
    const done = await Promise.all(
      writers.map((writer) => writer.says<{ written: number; slowestMs: number }>('done')),
    );
    const written = done.map((one) => one.written);
    const share = written.reduce((sum, one) => sum + one, 0) / WRITERS;
    console.log(
      `${how}: ${written.map((one) => (one / share).toFixed(2)).join(' ')} of the share (${Math.round(share)} sets);`,
      `slowest ${Math.max(...done.map((one) => one.slowestMs)).toFixed(0)} ms`,
    );
    expect(Math.min(...written)).toBeGreaterThan(share / 4);
  },
  MS + 30_000,
);
