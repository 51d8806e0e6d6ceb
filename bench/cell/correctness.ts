import { isDeepStrictEqual } from 'node:util';
import type { FullStore, Store, Value } from '../subjects/subject.ts';
import { type DataSet, keyOf, seededRandom } from '../workload.ts';

const SAMPLES = 100;
const CONCURRENT = 64;

/**
 * Asks a filled store for what it should know and has it store something: a wrong answer, however fast, is none.
 *
 * @returns what was wrong, or undefined
 */
export async function wrongAnswer(store: Store, data: DataSet): Promise<string | undefined> {
  const random = seededRandom(2);
  const numbers = Array.from({ length: SAMPLES }, () => Math.floor(random() * data.entries));
  const isThere = async (key: string, value: Value) => isDeepStrictEqual(await store.get(key), value);

  for (const number of numbers) {
    if (!(await isThere(keyOf(number), data.value(number)))) return 'get() of an entry gave something else';
  }
  if ((await store.get('absent')) !== undefined) return 'get() of a missing key gave something';

  const keys = [...numbers.map(keyOf), 'absent'];
  const expected = [...numbers.map((number) => data.value(number)), undefined];
  if (!isDeepStrictEqual([...(await store.getMany(keys))], expected)) return 'getMany() gave something else';

  await store.set('checked', data.value(1));
  if (!(await isThere('checked', data.value(1)))) return 'get() after set() of a new key gave something else';
  await store.set('checked', data.value(2));
  if (!(await isThere('checked', data.value(2)))) return 'get() after an overwrite gave something else';

  const together = Array.from({ length: CONCURRENT }, (_, number) => number);
  await Promise.all(together.map((number) => store.set(`checked:${number}`, data.value(number))));
  for (const number of together) {
    if (!(await isThere(`checked:${number}`, data.value(number)))) return 'a concurrent set() was lost';
  }
  return undefined;
}

/** The same of a store that has to drive out an entry for each new one. */
export async function wrongEviction(store: FullStore, data: DataSet): Promise<string | undefined> {
  const before = await store.count();
  for (let number = 0; number < SAMPLES; number++) {
    await store.set(`one more ${number}`, data.value(number));
    if (!isDeepStrictEqual(await store.get(`one more ${number}`), data.value(number))) {
      return 'set() in a full cache drove out what was just stored';
    }
  }
  const after = await store.count();
  return after > before ? `a full cache grew from ${before} entries to ${after}` : undefined;
}
