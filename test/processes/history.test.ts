import { expect, test } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { type Call, notLinearizable } from '../support/linearizable.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CALLS = process.env.DISKCACHE_TEST_LONG === '1' ? 50_000 : 2_000;

test.for([
  ['values in rows', 1_000_000],
  ['values in files and rows', 200],
] as const)(
  'what four processes do at once, %s, is as if they had done it one after the other',
  { timeout: 600_000 },
  async ([, fileThreshold]) => {
    const directory = temporaryFolder();
    const all = (['async', 'async', 'async', 'sync'] as const).map(
      (door, number) => new Child('take-part', { directory, door, number, calls: CALLS, fileThreshold }),
    );
    for (const one of all) await one.says('ready');
    for (const one of all) one.tell('start');
    const history = (await Promise.all(all.map((one) => one.says<Call[]>('history')))).flat();
    expect(history).toHaveLength(4 * CALLS);
    for (const calls of Map.groupBy(history, ({ key }) => key).values())
      expect(notLinearizable(calls)).toBeUndefined();

    const cache = openCache({}, directory);
    expect(await cache.get('counter')).toBe(history.filter(({ verb }) => verb === 'incr').length);
    expect(await cache.check()).toMatchObject({ problems: [] });
  },
);

test('of what four processes push, each item is pulled once, in the order of who pushed it', async () => {
  const directory = temporaryFolder();
  const all = Array.from(
    { length: 4 },
    (_, number) => new Child('push-and-pull', { directory, number, items: 500 }),
  );
  for (const one of all) await one.says('ready');
  for (const one of all) one.tell('start');
  const pulled = await Promise.all(all.map((one) => one.says<[pusher: number, item: number][]>('pulled')));
  expect(pulled.flat().toSorted((a, b) => a[0] - b[0] || a[1] - b[1])).toEqual(
    Array.from({ length: 2000 }, (_, index) => [Math.floor(index / 500), index % 500]),
  );
  for (const own of pulled) {
    for (const items of Map.groupBy(own, ([pusher]) => pusher).values())
      expect(items).toEqual(items.toSorted((a, b) => a[1] - b[1]));
  }
});
