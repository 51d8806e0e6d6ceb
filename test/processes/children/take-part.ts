import { setImmediate } from 'node:timers/promises';
import { DiskCache, DiskCacheSync } from '@diskcache/core';
import { given, say, sayLast, told } from '../../support/parent.ts';
import type { Call } from '../../support/linearizable.ts';
import { seededRandom } from '../../support/seeded-random.ts';

interface Given {
  readonly directory: string;
  readonly number: number;
  readonly calls: number;
  readonly door: 'async' | 'sync';
  readonly fileThreshold: number;
}

const { directory, number, calls, door, fileThreshold } = given<Given>();
const cache =
  door === 'async'
    ? new DiskCache(directory, { fileThreshold })
    : new DiskCacheSync(directory, { fileThreshold });
const random = seededRandom(number + 1);
const REGISTERS = ['a', 'b', 'c'];
const VERBS = ['get', 'get', 'get', 'get', 'set', 'set', 'add', 'delete', 'pop', 'swap', 'incr'] as const;

/** Long enough now and then for a file. */
const padding = () => 'x'.repeat(random() < 0.5 ? 10 : 300);
const idOf = (value: unknown) => (typeof value === 'string' ? value.slice(0, value.indexOf(' ')) : value);

async function carriedOut(verb: Call['verb'], key: string, value: string): Promise<unknown> {
  switch (verb) {
    case 'get':
      return idOf(await cache.get(key));
    case 'set':
      await cache.set(key, `${value} ${padding()}`);
      return undefined;
    case 'add':
      return cache.add(key, `${value} ${padding()}`);
    case 'delete':
      return cache.delete(key);
    case 'pop':
      return idOf(await cache.pop(key));
    case 'incr':
      return cache.incr(key);
    case 'swap':
      return cache.transact((tx: DiskCacheSync) => {
        const old = idOf(tx.get(key));
        tx.set(key, `${value} ${padding()}`);
        return old;
      });
  }
}

const now = () => Number(process.hrtime.bigint() / 100n) / 10_000;

say('ready');
await told('start');
const history: Call[] = [];
for (let count = 0; count < calls; count++) {
  const verb = VERBS[Math.floor(random() * VERBS.length)] as Call['verb'];
  const key = verb === 'incr' ? 'counter' : (REGISTERS[Math.floor(random() * REGISTERS.length)] as string);
  const value = `${number}:${count}`;
  // Only what was heard of through the event loop has to be seen.
  await setImmediate();
  const start = now();
  const result = await carriedOut(verb, key, value);
  history.push({ process: number, key, verb, value, result, start, end: now() });
}
await cache.close();
sayLast('history', history);
