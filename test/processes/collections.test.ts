import { expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { Child, children } from '../support/child.ts';
import { notLinearizable, type Specification } from '../support/linearizable.ts';
import { type CollectionCall, DEQUE, INDEX } from '../support/plain-collections.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CALLS = process.env.DISKCACHE_TEST_LONG === '1' ? 10_000 : 1_000;
const KINDS = { deque: DEQUE, index: INDEX } as const;

test.for([
  ['deque', 'values in rows', 1_000_000],
  ['deque', 'values in files and rows', 200],
  ['index', 'values in rows', 1_000_000],
  ['index', 'values in files and rows', 200],
] as const)(
  'what four processes do at once with one %s, %s, is as if they had done it one after the other',
  { timeout: 600_000 },
  async ([kind, , fileThreshold]) => {
    const directory = temporaryFolder();
    const all = (['async', 'async', 'async', 'sync'] as const).map(
      (door, number) =>
        new Child('take-part-in-collection', { directory, door, number, kind, calls: CALLS, fileThreshold }),
    );
    for (const one of all) await one.says('ready');
    for (const one of all) one.tell('start');
    const history = (await Promise.all(all.map((one) => one.says<CollectionCall[]>('history')))).flat();
    expect(history).toHaveLength(4 * CALLS);
    const specification = KINDS[kind] as Specification<unknown, CollectionCall>;
    expect(notLinearizable(history, specification)).toBeUndefined();

    const cache = openCache({}, directory);
    expect(await cache.check()).toMatchObject({ problems: [] });
    await (kind === 'deque' ? cache.deque('name') : cache.index('name')).clear();
    expect(await cache.count()).toBe(0);
  },
);

test('of what four processes append, each item is popped once, by those that wait for it', async () => {
  const directory = temporaryFolder();
  const all = children(4, 'append-and-pop', { directory, items: 300 });
  for (const one of all) await one.says('ready');
  for (const one of all) one.tell('start');
  const popped = await Promise.all(all.map((one) => one.says<[appender: number, item: number][]>('popped')));
  expect(popped.flat().toSorted((a, b) => a[0] - b[0] || a[1] - b[1])).toEqual(
    Array.from({ length: 1200 }, (_, index) => [Math.floor(index / 300), index % 300]),
  );
  for (const own of popped) {
    for (const items of Map.groupBy(own, ([appender]) => appender).values())
      expect(items).toEqual(items.toSorted((a, b) => a[1] - b[1]));
  }
});

test('a process that is killed while it appends and pops leaves a sound deque and index', async () => {
  const directory = temporaryFolder();
  for (let round = 0; round < 5; round++) {
    const all = children(2, 'change-until-killed', { directory, fileThreshold: 300 });
    for (const one of all) await one.says('changing');
    await all[1]?.says('changed');
    for (const one of all) one.kill();
    for (const one of all) await one.ended;
    const cache = openCache({ fileThreshold: 300 }, directory);
    const [deque, index] = [cache.deque<string>('name'), cache.index<string, string>('name')];
    const items = await listed(deque);
    expect(items).toHaveLength(await deque.size());
    expect(await deque.at(-1)).toEqual(items.at(-1));
    const entries = await listed(index);
    expect(entries).toHaveLength(await index.size());
    for (const [key, value] of entries) expect(value.startsWith(key)).toBe(true);
    expect(await cache.check()).toMatchObject({ problems: [] });
    await cache.close();
  }
}, 60_000);
