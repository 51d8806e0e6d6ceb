import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { type Child, children } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Says of each process when it computes; those that never do are only waited for until they end. */
function computingIn(all: readonly Child[]): Promise<Child>[] {
  const computing = all.map((one) => one.says('computing').then(() => one));
  for (const one of computing) one.catch(() => undefined);
  return computing;
}

it('20 callers in each of 4 processes make one computation of a cold key, and all get its value', async () => {
  const directory = temporaryFolder();
  const all = children(4, 'compute', { directory, door: 'async', keys: 1, callers: 20, isHeld: true });
  for (const one of all) await one.says('ready');
  for (const one of all) one.tell('go');
  const computing = await Promise.any(computingIn(all));
  for (const one of all) await one.says('called');
  computing.tell('finish');
  const values = (await Promise.all(all.map((one) => one.says<string[]>('values')))).flat();
  expect(values.length).toBe(80);
  expect(new Set(values)).toEqual(new Set([`0 of ${all.indexOf(computing)}`]));
}, 30_000);

it.each(['async', 'sync'] as const)(
  '4 processes that ask for 100 cold keys at one time compute each once (%s)',
  async (door) => {
    const directory = temporaryFolder();
    const all = children(4, 'compute', { directory, door, keys: 100, callers: 2, isHeld: false });
    for (const one of all) await one.says('ready');
    for (const one of all) one.tell('go');
    const values = await Promise.all(all.map((one) => one.says<string[]>('values')));
    for (const one of all) await one.ended;
    const computed = all.flatMap((one) => one.said<number>('computing'));
    expect(computed.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, key) => key));
    for (const ofOne of values) expect(ofOne.slice(0, 100)).toEqual(values[0]?.slice(0, 100));
    expect(await openCache({}, directory).check()).toMatchObject({ ok: true, entries: 100 });
  },
  30_000,
);

it.each(['keyv', 'cache-manager'])(
  'getOrSet() of the stores of %s makes one computation in 3 processes',
  async (adapter) => {
    const all = children(3, 'compute-by-store', { directory: temporaryFolder(), adapter });
    for (const one of all) await one.says('ready');
    for (const one of all) one.tell('go');
    const computing = await Promise.any(computingIn(all));
    for (const one of all) await one.says('called');
    computing.tell('finish');
    const expected = new Map([['by', all.indexOf(computing)]]);
    for (const one of all) expect(await one.says('value')).toEqual(expected);
    expect(all.flatMap((one) => one.said('computing'))).toEqual([]);
  },
  30_000,
);

it('When the process that computes is killed another takes over within the lease', async () => {
  const directory = temporaryFolder();
  const lease = 1000;
  const all = children(3, 'compute', { directory, door: 'async', keys: 1, callers: 5, isHeld: true, lease });
  for (const one of all) await one.says('ready');
  for (const one of all) one.tell('go');
  const computing = computingIn(all);
  const first = await Promise.any(computing);
  for (const one of all) await one.says('called');
  first.kill();
  await first.ended;
  const killed = performance.now();
  const others = all.filter((one) => one !== first);
  const second = await Promise.any(computing.filter((_, place) => all[place] !== first));
  const tookMs = performance.now() - killed;
  console.log(`taken over ${tookMs.toFixed(0)} ms after the kill, with a lease of ${lease} ms`);
  second.tell('finish');
  const values = (await Promise.all(others.map((one) => one.says<string[]>('values')))).flat();
  expect(new Set(values)).toEqual(new Set([`0 of ${all.indexOf(second)}`]));
  // The last renewal was before the kill; who waits looks every 150 ms at the most.
  expect(tookMs).toBeLessThan(lease + 500);
}, 30_000);
