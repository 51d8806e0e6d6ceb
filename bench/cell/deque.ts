/** A process of the deque trial: node cell/deque.ts <directory> <items> <rounds>; prints µs a call, and ratios, as JSON. */
import { DiskCache } from '@diskcache/core';
import { median } from '../ratios.ts';
import { entriesOf, keyOf, seededRandom, text } from '../workload.ts';

const CALLS = 4000;
/** How far from the middle `at` goes. */
const MIDDLE = 1000;

const [directory, count, rounds] = process.argv.slice(2) as [string, string, string];
const items = Number(count);
const random = seededRandom(5);
const anyOf = (most: number) => Math.floor(random() * most);
const value = (number: number) => text(number, 100);

const cache = new DiskCache(directory);
for (const piece of entriesOf({ entries: items, value }, 10_000))
  await cache.transact((tx) => tx.setMany(piece));
const [whole, gaps] = [cache.deque<string>('whole'), cache.deque<string>('gaps')];
for (const deque of [whole, gaps])
  await deque.extend(Array.from({ length: items }, (_, number) => value(number)));
// Every tenth is taken out.
await cache.transact((tx) => {
  const deque = tx.deque('gaps');
  for (let place = 0; place < deque.size; place += 9) deque.delete(place);
});

const middle = () => items / 2 - MIDDLE + anyOf(2 * MIDDLE);
const TRIALS: Readonly<Record<string, () => Promise<unknown>>> = {
  'get of any key, beside them': () => cache.get(keyOf(anyOf(items))),
  'at() in the middle': () => whole.at(middle()),
  'at() anywhere': () => whole.at(anyOf(items)),
  'at() anywhere, every tenth item removed': () => gaps.at(anyOf(0.9 * items)),
  'rotate(1000)': () => whole.rotate(1000),
  'reverse()': () => whole.reverse(),
  'append()': () => whole.append(value(1)),
  'popLeft()': () => whole.popLeft(),
};

const times = new Map(Object.keys(TRIALS).map((name) => [name, [] as number[]]));
for (let round = -1; round < Number(rounds); round++) {
  for (const [name, call] of Object.entries(TRIALS)) {
    const start = performance.now();
    for (let done = 0; done < CALLS; done++) {
      const given = await call();
      if (/^(at|get|pop)/.test(name) && typeof given !== 'string') throw new Error(`${name} gave nothing`);
    }
    if (round >= 0) times.get(name)?.push(((performance.now() - start) * 1000) / CALLS);
  }
}
const [gets = []] = times.values();
console.log(
  JSON.stringify(
    [...times].map(([name, own]) => ({
      name,
      us: median(own),
      ratio: median(own.map((time, round) => time / (gets[round] as number))),
    })),
  ),
);
await cache.close();
