import Keyv from '@keyvhq/core';
import commonJsMemoize from '@keyvhq/memoize';
import { DiskCache } from '@diskcache/core';
import { KeyvDiskStore } from '@diskcache/keyv';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

/** Its own types lack what it returns, and say what a transpiled module would have. */
type Memoize = <Fn extends (...given: never[]) => Promise<unknown>>(
  fn: Fn,
  keyv: Keyv,
  options: { key: (...given: Parameters<Fn>) => string; ttl: number; staleTtl?: number },
) => Fn & { keyv: Keyv };
const memoize = commonJsMemoize as unknown as Memoize;

function open() {
  const clock = new FakeClock(Date.now());
  const cache = new DiskCache(folderInMemory(), { clock });
  onTestFinished(() => cache.close());
  const keyv = (namespace: string) => new Keyv({ store: new KeyvDiskStore({ cache }), namespace });
  return { clock, cache, keyv };
}

test('a function computes once for each key, over restarts', async () => {
  const { keyv } = open();
  const compute = vi.fn(async (n: number) => ({ square: n * n }));
  const options = { key: (n: number) => `square ${n}`, ttl: 60_000 };
  for (let i = 0; i < 2; i++) {
    const square = memoize(compute, keyv('squares'), options);
    expect(await square(3)).toEqual({ square: 9 });
    expect(await square(4)).toEqual({ square: 16 });
  }
  expect(compute).toHaveBeenCalledTimes(2);
});

test('a function computes again once its value has expired', async () => {
  const { clock, keyv } = open();
  const compute = vi.fn(async () => 'text');
  const text = memoize(compute, keyv('texts'), { key: () => 'key', ttl: 60_000 });
  await text();
  clock.advance(60_000);
  await text();
  expect(compute).toHaveBeenCalledTimes(2);
});

test('a stale value is given once more, and computed anew behind', async () => {
  const { keyv } = open();
  let version = 0;
  const compute = vi.fn(async () => ++version);
  const text = memoize(compute, keyv('texts'), { key: () => 'key', ttl: 60_000, staleTtl: 120_000 });
  expect(await text()).toBe(1);
  expect(await text()).toBe(1);
  await vi.waitFor(async () => expect(await text.keyv.get('key')).toBe(2));
});

test('clear() empties its namespace and no other', async () => {
  const { keyv } = open();
  const [one, two] = [keyv('one'), keyv('two')];
  await one.set('key', 1);
  await two.set('key', 2);
  await one.clear();
  expect([await one.get('key'), await two.get('key')]).toEqual([undefined, 2]);
});

test('has(), delete() and the iterator work on its namespace', async () => {
  const { cache, keyv } = open();
  const mine = keyv('mine');
  await mine.set('a', 1);
  await mine.set('b:c', { d: [2] });
  await cache.set('other:a', 1);
  expect([await mine.has('a'), await mine.has('none')]).toEqual([true, false]);
  const entries = mine.iterator();
  expect((await entries.next()).value).toEqual(['a', 1]);
  expect((await entries.next()).value).toEqual(['b:c', { d: [2] }]);
  expect((await entries.next()).done).toBe(true);
  expect([await mine.delete('a'), await mine.delete('a')]).toEqual([true, false]);
});
