import { setImmediate } from 'node:timers/promises';
import { DiskCache } from '@diskcache/core';
import { given, say, sayLast, told } from '../../support/parent.ts';
import type { CollectionCall } from '../../support/plain-collections.ts';
import { seededRandom } from '../../support/seeded-random.ts';

interface Given {
  readonly directory: string;
  readonly number: number;
  readonly calls: number;
  readonly door: 'async' | 'sync';
  readonly kind: 'deque' | 'index';
  readonly fileThreshold: number;
}

const { directory, number, calls, door, kind, fileThreshold } = given<Given>();
const cache = new DiskCache(directory, { fileThreshold });
const opened = door === 'async' ? cache : cache.sync;
const collection = (kind === 'deque' ? opened.deque('name') : opened.index('name')) as unknown as Record<
  string,
  unknown
>;
const random = seededRandom(number + 1);
const oneOf = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)] as T;

/** Long enough now and then for a file. */
const newValue = (count: number) => `${number}:${count}:${'x'.repeat(random() < 0.7 ? 5 : 300)}`;
const place = () => Math.floor(random() * 5);
const someKey = () => oneOf(['a', 'b', 'c', 'd']);

/** So that there are few items, and each verb meets none now and then. */
const CALLS: Record<Given['kind'], readonly ((count: number) => [verb: string, ...given: unknown[]])[]> = {
  deque: [
    (count) => ['append', newValue(count)],
    (count) => ['appendLeft', newValue(count)],
    (count) => ['append', newValue(count)],
    () => ['pop'],
    () => ['popLeft'],
    () => ['popLeft'],
    () => ['at', place()],
    () => ['at', place()],
    (count) => ['set', place(), newValue(count)],
    () => ['delete', place()],
    () => ['rotate', place() - 2],
    () => ['reverse'],
    () => ['size'],
  ],
  index: [
    () => ['get', someKey()],
    () => ['get', someKey()],
    () => ['has', someKey()],
    (count) => ['set', someKey(), newValue(count)],
    (count) => ['set', someKey(), newValue(count)],
    (count) => ['setDefault', someKey(), newValue(count)],
    () => ['delete', someKey()],
    () => ['pop', someKey()],
    () => ['popItem', oneOf(['first', 'last'])],
    () => ['size'],
  ],
};

const now = () => Number(process.hrtime.bigint() / 100n) / 10_000;

say('ready');
await told('start');
const history: CollectionCall[] = [];
for (let count = 0; count < calls; count++) {
  const [verb, ...args] = oneOf(CALLS[kind])(count);
  // Only what was heard of through the event loop has to be seen.
  await setImmediate();
  const start = now();
  const member = collection[verb];
  const result = typeof member === 'function' ? await member.apply(collection, args) : member;
  history.push({ process: number, verb, given: args, result, start, end: now() });
}
await cache.close();
sayLast('history', history);
