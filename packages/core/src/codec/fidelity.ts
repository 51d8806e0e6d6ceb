import { types } from 'node:util';
import { describe } from '../errors.ts';

/** Deeper than this a value is left to structured clone, which also ends on cycles. */
const JSON_DEPTH = 100;

/** Whether JSON gives back a value equal to this one. Costs under a third of writing and reading it as JSON. */
export function jsonKeeps(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (depth < JSON_DEPTH && jsonKeepsParts(value, depth + 1));
    default:
      return false;
  }
}

/** Strings are passed over without a call: they are most of what is stored. */
function jsonKeepsParts(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    // With properties beside its elements it has more names; a hole is undefined, which JSON does not keep either.
    if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== value.length)
      return false;
    for (let place = 0; place < value.length; place++) {
      const part: unknown = value[place];
      if (typeof part !== 'string' && !jsonKeeps(part, depth)) return false;
    }
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    for (const part of Object.values(value)) {
      if (typeof part !== 'string' && !jsonKeeps(part, depth)) return false;
    }
  }
  // JSON calls toJSON() also where it is not enumerable, or inherited.
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON !== 'function' && Object.getOwnPropertySymbols(value).length === 0;
}

const PLAIN = [Object, Array, Date, RegExp, Map, Set, Boolean, Number, String];
const INTEGERS = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];
const BINARY = [ArrayBuffer, DataView, Buffer, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

/** Prototypes whose instances structured clone gives back whole; an object without one comes back as a plain one. */
const CLONED_WHOLE = new Set<unknown>(
  [...PLAIN, ...INTEGERS, ...BINARY, ...ERRORS].map((type) => type.prototype),
);
CLONED_WHOLE.add(null);

/** The properties that an error has of itself; structured clone keeps these. */
const ERROR_PROPERTIES = new Set(['stack', 'message', 'cause']);
/** Looking for properties beside the elements of a longer typed array would cost more than storing it. */
const LONGEST_SEARCHED = 1024;

/**
 * What structured clone would not give back of a value, in words, or undefined when it gives back all of it.
 *
 * @param path where in the value this part is, for the words
 */
export function cloneLoses(value: unknown, path = 'value', seen = new Set<unknown>()): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return `${path} is ${describe(value)}`;
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (!CLONED_WHOLE.has(Object.getPrototypeOf(value)) && !isDateByAnotherName(value)) {
    return `${path} is ${describe(value)}, which would come back as something else`;
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return `${path} has a property named by a symbol`;
  if (hasLostProperties(value)) return `${path} is ${describe(value)} with properties of its own`;
  for (const [name, part] of parts(value)) {
    const loss = cloneLoses(part, `${path}${name}`, seen);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

/** Test runners put a class of their own in the place of Date, which adds nothing to it. */
function isDateByAnotherName(value: object): boolean {
  return types.isDate(value) && Object.getOwnPropertyNames(Object.getPrototypeOf(value)).length === 1;
}

/** Of plain objects and arrays all properties are kept, of other types only what makes the type. */
function hasLostProperties(value: object): boolean {
  if (value instanceof Error)
    return Object.getOwnPropertyNames(value).some((name) => !ERROR_PROPERTIES.has(name));
  if (value instanceof RegExp) return value.lastIndex !== 0 || Object.keys(value).length > 0;
  if (isPlain(value)) return false;
  const { length = 0 } = value as { length?: number };
  return length <= LONGEST_SEARCHED && Object.keys(value).length !== length;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}

function* parts(value: object): Generator<[name: string, part: unknown]> {
  if (value instanceof Map) {
    for (const [key, part] of value) {
      yield [' (a key)', key];
      yield [`.get(${describe(key)})`, part];
    }
  } else if (value instanceof Set) {
    for (const part of value) yield [' (an element)', part];
  } else if (value instanceof Error) {
    yield ['.cause', value.cause];
  } else if (isPlain(value)) {
    const isArray = Array.isArray(value);
    for (const [name, part] of Object.entries(value)) yield [isArray ? `[${name}]` : `.${name}`, part];
  }
}
