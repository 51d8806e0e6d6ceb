/** Deeper than this, and so in every cycle, data is copied without having been looked at. */
const LOOKED_AT_DEPTH = 100;

const PLAIN = new Set<unknown>([Object.prototype, Array.prototype, null]);

/**
 * The value itself where it is made of plain data, else a copy in which each instance of a class is what JSON would make
 * of it: the result of its toJSON(), or a plain object with its own properties. Date, Map, Set, bytes and other
 * built-in types stay what they are.
 *
 * DiskCache refuses what would come back as something else. In Keyv and cache-manager, where JSON is the rule, people
 * expect to put a class instance and to get plain data. Functions, symbols, promises and errors stay in the copy, so
 * that DiskCache refuses them: JSON would drop them without a word.
 */
export function plainData(value: unknown): unknown {
  return isPlain(value, 0) ? value : plainCopy(value, '', new Map());
}

function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object') return typeof value !== 'function';
  if (value === null || ArrayBuffer.isView(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!PLAIN.has(prototype)) return prototype === Date.prototype;
  if (depth === LOOKED_AT_DEPTH) return false;
  for (const name in value) {
    const part: unknown = (value as Record<string, unknown>)[name];
    if (typeof part !== 'string' && !isPlain(part, depth + 1)) return false;
  }
  return true;
}

function plainCopy(given: unknown, name: string, copies: Map<object, unknown>): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const known = copies.get(given);
  if (known !== undefined) return known;
  // Once, as JSON does: what toJSON() returns may have one too.
  const value = isBuiltIn(given) || !hasToJson(given) ? given : given.toJSON(name);
  if (typeof value !== 'object' || value === null) return value;
  const made = copies.get(value);
  if (made !== undefined) return made;
  const copyOf = (part: unknown, partName: string) => plainCopy(part, partName, copies);
  // For both, since toJSON() may make another object each time, around what leads back to where it began.
  const noted = <Copy>(copy: Copy): Copy => {
    copies.set(given, copy).set(value, copy);
    return copy;
  };

  if (Array.isArray(value)) {
    const copy = noted([] as unknown[]);
    for (const [index, part] of value.entries()) copy.push(copyOf(part, String(index)));
    return copy;
  }
  if (value instanceof Map) {
    const copy = noted(new Map<unknown, unknown>());
    for (const [key, part] of value) copy.set(copyOf(key, ''), copyOf(part, ''));
    return copy;
  }
  if (value instanceof Set) {
    const copy = noted(new Set<unknown>());
    for (const part of value) copy.add(copyOf(part, ''));
    return copy;
  }
  if (isBuiltIn(value) || !isRecord(value)) return value;

  const copy = noted({} as Record<string, unknown>);
  for (const part of Object.keys(value)) {
    const made = copyOf(value[part], part);
    // One named __proto__ is a property like any other.
    if (part !== '__proto__') copy[part] = made;
    else
      Object.defineProperty(copy, part, {
        value: made,
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return copy;
}

/** What stays what it is, whatever JSON would make of it. */
function isBuiltIn(value: object): boolean {
  return [Array, Map, Set, Date].some((type) => value instanceof type) || ArrayBuffer.isView(value);
}

function hasToJson(value: object): value is { toJSON(name: string): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

/** An object whose properties are all there is to it, unlike a promise, an error or an iterator. */
function isRecord(value: object): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === '[object Object]';
}
