import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { describe, InvalidArgumentError } from '../errors.ts';

/** A key is in the row and in the index, and is compared on the way to every entry: a longer one is cut. */
const LONGEST = 1024;
/** What is left of it to be read, and to be found by deletePrefix(). */
const START = 256;

/**
 * One string key for several parts: the same for equal parts, another for others, on every machine.
 *
 * Parts are strings, numbers, booleans, null, bigints, Dates, bytes, and arrays, plain objects, Maps and Sets of these.
 * `1` and `'1'` are different parts; objects, Maps and Sets are equal whatever the order of what is in them. As in a Key,
 * 0 and -0 are one number, and a Buffer is the same as a Uint8Array with its bytes. `undefined` means "not there": parts
 * at the end and properties that are undefined make no difference.
 *
 * The key is the parts in a kind of JSON, with commas between them: `cacheKey('user', 1)` is `"user",1`. Of one longer than
 * 1,024 characters the first 256 are kept, followed by `#sha256:` and the SHA-256 of all.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_KEY` when a part has no such form, as functions, symbols, instances of other
 *   classes and what contains itself
 * @example
 * ```ts
 * import { cacheKey } from '@diskcache/core';
 *
 * console.log(cacheKey('search', { page: 2, query: 'node' })); // "search",{"page":2,"query":"node"}
 * console.log(cacheKey(1) === cacheKey('1')); // false
 * ```
 */
export function cacheKey(...parts: unknown[]): string {
  let count = parts.length;
  while (count > 0 && parts[count - 1] === undefined) count--;
  let text = '';
  for (let place = 0; place < count; place++) text += (place > 0 ? ',' : '') + partText(parts[place], place);
  return text.length <= LONGEST ? text : cut(text);
}

/** No text that is not cut ends so: it would have to end inside a string, or have `#` outside of one. */
function cut(text: string): string {
  const hash = createHash('sha256').update(text).digest('base64url');
  return `${text.slice(0, START).toWellFormed()}#sha256:${hash}`;
}

function partText(part: unknown, place: number): string {
  try {
    return canonical(part, new Set());
  } catch (error) {
    const reason =
      error instanceof RangeError
        ? 'what is nested too deep'
        : error instanceof Refused
          ? error.what
          : undefined;
    if (reason === undefined) throw error;
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_KEY',
      `part ${place} of a key must be made of strings, numbers, booleans, null, bigints, Dates, bytes, arrays, plain objects, Maps and Sets; given ${reason}`,
    );
  }
}

/** What cannot be told apart from others like it. */
class Refused {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

/** Each kind begins as no other does, and ends where it can be seen. @param around the objects that it is in */
function canonical(value: unknown, around: Set<object>): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return value === 0 ? '0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      return value === null ? 'null' : canonicalObject(value, around);
    default:
      throw new Refused(describe(value));
  }
}

function canonicalObject(value: object, around: Set<object>): string {
  if (types.isUint8Array(value)) return `bytes(${base64Of(value)})`;
  if (around.has(value)) throw new Refused('what contains itself');
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new Refused('an object with a property named by a symbol');
  around.add(value);
  const text = partsText(value, (part) => canonical(part, around));
  around.delete(value);
  return text;
}

function partsText(value: object, text: (part: unknown) => string): string {
  if (Array.isArray(value) && isKind(value, 'Array')) {
    if (hasMore(value, value.length)) throw new Refused('an array with properties of its own');
    return `[${Array.from(value, text).join()}]`;
  }
  if (isPlain(value)) return `{${propertyTexts(value, text).sort().join()}}`;
  if (!hasMore(value)) {
    if (types.isDate(value) && isDateAlone(value)) return `Date(${value.getTime()})`;
    if (types.isSet(value) && isKind(value, 'Set')) return `Set[${Array.from(value, text).sort().join()}]`;
    if (types.isMap(value) && isKind(value, 'Map')) {
      return `Map{${Array.from(value, ([key, part]) => `${text(key)}:${text(part)}`)
        .sort()
        .join()}}`;
    }
  }
  throw new Refused(describe(value));
}

function propertyTexts(value: object, text: (part: unknown) => string): string[] {
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([name, part]) => `${JSON.stringify(name)}:${text(part)}`);
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Whether there are properties beside the elements. Names come in order: elements first. */
function hasMore(value: object, elements = 0): boolean {
  const last = Object.keys(value).at(-1);
  return last !== undefined && !(String(Number(last) >>> 0) === last && Number(last) < elements);
}

/** Of whichever realm: what has no prototype, or one that ends the chain as Object's does. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || isKind(value, 'Object');
}

/** Test runners put a class of their own in the place of Date, which adds nothing to it. */
function isDateAlone(value: Date): boolean {
  return (
    isKind(value, 'Date') || Object.getOwnPropertyNames(Object.getPrototypeOf(value) as object).length === 1
  );
}

/** Whether it is an instance of nothing else: of the class of that name, of whichever realm. */
function isKind(value: object, name: string): boolean {
  const prototype: object = Object.getPrototypeOf(value);
  return prototype?.constructor?.name === name && Object.hasOwn(prototype, 'constructor');
}
