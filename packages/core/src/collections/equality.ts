import { isDeepStrictEqual } from 'node:util';
import { serialize } from 'node:v8';
import { allOf, iteratorOf, type Source } from './batches.ts';

/** Whether two values are deeply equal, in content and in type. */
export function areEqual(one: unknown, other: unknown): boolean {
  try {
    return isDeepStrictEqual(one, other);
  } catch {
    // Up to Node.js 24 it throws for some Sets that hold null: then those are equal that are written alike.
    return serialize(one).equals(serialize(other));
  }
}

/** Whether two give equal values in the same order, as many of each. */
export async function giveTheSame(one: AsyncIterable<unknown>, other: Source<unknown>): Promise<boolean> {
  const iterator = iteratorOf('other', other);
  await using others = closing(iterator);
  for await (const value of one) {
    const next = await others.iterator.next();
    if (next.done === true || !areEqual(value, next.value)) return false;
  }
  return (await others.iterator.next()).done === true;
}

/** The same of what gives them at once. */
export function giveTheSameSync(one: Iterable<unknown>, other: Iterable<unknown>): boolean {
  const others = allOf('other', other);
  let place = 0;
  for (const value of one) {
    if (place === others.length || !areEqual(value, others[place++])) return false;
  }
  return place === others.length;
}

/** Something that ends an iteration also when it is left early. */
function closing(iterator: Iterator<unknown> | AsyncIterator<unknown>) {
  return { iterator, [Symbol.asyncDispose]: async () => void (await iterator.return?.()) };
}
