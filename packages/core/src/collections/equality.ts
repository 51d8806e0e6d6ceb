import { isDeepStrictEqual } from 'node:util';
import { allOf, iteratorOf, type Source } from './batches.ts';

/** Whether two values are deeply equal, in content and in type. */
export function areEqual(one: unknown, other: unknown): boolean {
  try {
    return isDeepStrictEqual(one, other);
  } catch {
    // Up to Node.js 24 it reads properties of what is null or undefined in some Sets and keys of Maps.
    return isDeepStrictEqual(withoutNothing(one, new Map()), withoutNothing(other, new Map()));
  }
}

const NULL = Symbol('null');
const UNDEFINED = Symbol('undefined');

/** A copy of arrays, Maps and Sets in which symbols stand for null and undefined. */
function withoutNothing(value: unknown, copies: Map<object, object>): unknown {
  if (value === null) return NULL;
  if (value === undefined) return UNDEFINED;
  if (typeof value !== 'object') return value;
  const copied = copies.get(value);
  if (copied !== undefined) return copied;
  const keep = <Copy extends object>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  const without = (part: unknown) => withoutNothing(part, copies);
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [key, part] of value) copy.set(without(key), without(part));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const part of value) copy.add(without(part));
    return copy;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (!isPlain) return value;
  const copy = keep(Array.isArray(value) ? value.slice() : Object.create(prototype as object | null));
  for (const [name, part] of Object.entries(value))
    Object.defineProperty(copy, name, { value: without(part), enumerable: true });
  return copy;
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
