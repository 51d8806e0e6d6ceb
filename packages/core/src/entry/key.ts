import { describe, InvalidArgumentError } from '../errors.ts';

/**
 * What an entry is found by: a well-formed string, a finite number or bytes, of any length. They are kept apart by type:
 * `1`, `'1'` and the byte 0x31 are three different keys. 0 and -0 are one. Bytes come back as a Uint8Array.
 */
export type Key = string | number | Uint8Array;

/** Half-open range of stored keys, as SQLite compares them. */
export interface KeyRange {
  readonly from: string;
  readonly to: string | Uint8Array;
}

/**
 * The key as it is stored: itself, once it is sure to come back unchanged.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_KEY`
 */
export function validKey(key: unknown): Key {
  if (typeof key === 'string') {
    if (key.isWellFormed()) return key;
    throw invalidKey('a string with a lone surrogate, which has no UTF-8 form');
  }
  if (typeof key === 'number' && Number.isFinite(key)) return key;
  // A copy, since the caller may change it before it is written.
  if (key instanceof Uint8Array) return new Uint8Array(key);
  throw invalidKey(describe(key));
}

function invalidKey(given: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'ERR_DISKCACHE_KEY',
    `key must be a well-formed string, a finite number or a Uint8Array; given ${given}`,
  );
}

/** A stored key as it was given: SQLite hands bytes back as Buffer. */
export function givenKey(stored: Key): Key {
  return Buffer.isBuffer(stored) ? new Uint8Array(stored) : stored;
}

/** Something for use in a Map or Set that is equal for equal keys, and only for those. */
export function keyIdentity(key: Key): string | number {
  if (typeof key === 'number') return key;
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `\0s${key}` : key;
  return `\0b${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}

/**
 * All string keys that start with `prefix`.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_KEY` when it is not a well-formed string
 */
export function prefixRange(prefix: unknown): KeyRange {
  if (typeof prefix !== 'string' || !prefix.isWellFormed()) {
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_KEY',
      `prefix must be a well-formed string; given ${describe(prefix)}`,
    );
  }
  return { from: prefix, to: firstAfter(prefix) };
}

/** SQLite orders text by its UTF-8 bytes, which is the order of code points, and puts all text before all bytes. */
function firstAfter(prefix: string): string | Uint8Array {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) as number;
    if (point === 0x10ffff) continue;
    return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
  }
  return new Uint8Array(0);
}

/** The least key that is greater than `key`. */
export function keyAfter(key: Key): Key {
  if (typeof key === 'string') return `${key}\0`;
  if (typeof key === 'object') return Buffer.concat([key, new Uint8Array(1)]);
  return nextNumber(key);
}

/** Numbers, then text in the order of its UTF-8 bytes, then bytes: as SQLite orders them. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'object' && typeof b === 'object') return Buffer.compare(a, b);
  return rank(a) - rank(b);
}

function rank(key: Key): number {
  return typeof key === 'number' ? 0 : typeof key === 'string' ? 1 : 2;
}

/** The order of code points is that of UTF-16 but for what takes two units, which comes last. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let place = 0; place < shared; place++) {
    const [one, other] = [a.charCodeAt(place), b.charCodeAt(place)];
    if (one !== other) return unitRank(one) - unitRank(other);
  }
  return a.length - b.length;
}

function unitRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** The next double: of doubles with one sign, the order of their bits is the order of their size. */
function nextNumber(number: number): number {
  if (number === 0) return Number.MIN_VALUE;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, number);
  bits.setBigInt64(0, bits.getBigInt64(0) + (number > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}
