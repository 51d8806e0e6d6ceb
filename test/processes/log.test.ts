import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child, children } from '../support/child.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';

const MS = process.env.DISKCACHE_TEST_LONG === '1' ? 30_000 : 2_000;
const MIB = 2 ** 20;
/** What the log may take, as it is not part of the limit. */
const LOG_MOST = 16 * MIB;

it.each([
  { call: 'set', processes: 1, of: 'one process that overwrites' },
  { call: 'set', processes: 4, of: 'four processes that overwrite' },
  { call: 'get', processes: 1, of: 'one process that only reads and notes it' },
  { call: 'touch', processes: 1, of: 'one process that renews deadlines' },
])(
  'The write-ahead log stays under 16 MiB with $of without pause',
  async ({ call, processes, of }) => {
    const directory = temporaryFolder();
    openCache({}, directory);
    const busy = children(processes, 'keep-busy', { directory, call, ms: MS, together: 16 });
    await Promise.all(busy.map((one) => one.says('ready')));
    const looking = new Child('measure-space', { directory });
    await looking.says('looking');
    for (const one of busy) one.tell('go');
    const done = await Promise.all(busy.map((one) => one.says<{ calls: number }>('done')));
    looking.tell('stop');
    const { log } = await looking.says<{ log: number }>('most');
    console.log(
      `${of}: ${done.reduce((sum, one) => sum + one.calls, 0)} calls, log ${(log / MIB).toFixed(1)} MiB`,
    );
    for (const one of busy) one.tell('close');
    expect(log).toBeLessThan(LOG_MOST);
  },
  MS + 30_000,
);

it.each([
  { when: 'while writing goes on', goesOn: true },
  { when: 'also when nobody writes any more', goesOn: false },
])(
  'A foreign reader that makes the log grow is told of and stops no write; once it is gone the log shrinks, $when',
  async ({ goesOn }) => {
    const directory = temporaryFolder();
    const clock = new FakeClock();
    const cache = openCache({ clock }, directory);
    const logBytes = () => statSync(join(directory, 'cache.db-wal')).size;
    const value = 'x'.repeat(20_000);
    let written = 0;
    const writeSome = async () => {
      await Promise.all(Array.from({ length: 16 }, () => cache.set(written++ % 100, value)));
    };
    await writeSome();
    const reader = new Child('hold-read', { directory });
    await reader.says('reading');
    const told: number[] = [];
    cache.on('logPinned', (bytes) => told.push(bytes));
    while (told.length === 0 || logBytes() < 24 * MIB) await writeSome();
    expect(told[0]).toBeGreaterThan(4 * MIB);

    reader.tell('release');
    await reader.says('released');
    if (goesOn) while (logBytes() > LOG_MOST) await writeSome();
    else {
      clock.advance(10_000);
      await turnsUntil(() => logBytes() < LOG_MOST);
    }
    expect(await cache.check()).toMatchObject({ ok: true });
  },
  30_000,
);

it(
  'Processes that only write at the same time do not take each other for a foreign reader',
  async () => {
    const directory = temporaryFolder();
    const cache = openCache({}, directory);
    let told = 0;
    cache.on('logPinned', () => told++);
    const others = children(3, 'compete', { directory, door: 'async', together: 64, ms: MS });
    await Promise.all(others.map((one) => one.says('ready')));
    for (const one of others) one.tell('go');
    const ended = Promise.all(others.map((one) => one.says('done')));
    let isOver = false;
    void ended.finally(() => (isOver = true));
    for (let i = 0; !isOver; i++) {
      await Promise.all(
        Array.from({ length: 64 }, (_, j) => cache.set((i * 64 + j) % 1000, 'x'.repeat(100))),
      );
      await turn();
    }
    await ended;
    expect(told).toBe(0);
  },
  MS + 30_000,
);
