import type { Value } from './subjects/subject.ts';

/** What is in the cache when a trial begins. */
export interface DataSet {
  readonly entries: number;
  readonly value: (number: number) => Value;
}

export type DataSetName = 'strings' | 'objects' | 'files';

export const DATA_SETS: Readonly<Record<DataSetName, DataSet>> = {
  strings: { entries: 100_000, value: (number) => text(number, 100) },
  objects: { entries: 20_000, value: person },
  files: { entries: 400, value: (number) => bytes(number, 100_000) },
};

/** Enough to have each write change something, few enough to be made beforehand. */
const VALUES = 64;
const CHOICES = 1 << 16;
/** Prime, so that neighbours in rank are no neighbours on disk. */
const SCATTER = 7919;

/**
 * The keys and values of one process, the same ones for every subject, made before anything is timed.
 */
export class Workload {
  readonly keys: readonly string[];
  readonly #values: readonly Value[];
  readonly #uniform: readonly string[];
  readonly #zipf: readonly string[];
  readonly #missing: readonly string[];
  #new = 0;

  constructor({ entries, value }: DataSet) {
    this.keys = Array.from({ length: entries }, (_, number) => keyOf(number));
    this.#values = Array.from({ length: VALUES }, (_, number) => value(entries + number));
    const random = seededRandom(1);
    const choose = (from: (number: number) => string, number: () => number) =>
      Array.from({ length: CHOICES }, () => from(number()));
    const present = (number: number) => this.keys[number] as string;
    const anyNumber = () => Math.floor(random() * entries);
    this.#uniform = choose(present, anyNumber);
    this.#missing = choose((number) => `missing:${number}`, anyNumber);
    // A rank whose logarithm is evenly spread: the chance of rank r is in proportion to 1/r.
    this.#zipf = choose(present, () => (Math.floor(entries ** random()) * SCATTER) % entries);
  }

  uniform(call: number): string {
    return this.#uniform[call % CHOICES] as string;
  }

  zipf(call: number): string {
    return this.#zipf[call % CHOICES] as string;
  }

  missing(call: number): string {
    return this.#missing[call % CHOICES] as string;
  }

  /** A key that no one had before, at no particular place among the others. */
  newKey(): string {
    return `new:${Math.imul(++this.#new, 0x9e3779b1) >>> 0}`;
  }

  value(call: number): Value {
    return this.#values[call % VALUES] as Value;
  }
}

export function keyOf(number: number): string {
  return `key:${number}`;
}

/** The entries of a data set, in pieces. */
export function* entriesOf({ entries, value }: DataSet, piece = 5000): Generator<[string, Value][]> {
  for (let start = 0; start < entries; start += piece) {
    const length = Math.min(piece, entries - start);
    yield Array.from({ length }, (_, index) => [keyOf(start + index), value(start + index)]);
  }
}

/** Mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function text(number: number, length: number): string {
  return `value ${number} `.padEnd(length, 'the quick brown fox jumps over the lazy dog ');
}

export function bytes(number: number, length: number): Buffer {
  const random = seededRandom(number);
  const made = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) made.writeUInt32LE(random() * 2 ** 32, at);
  return made;
}

/** About 1 KB as JSON, three levels deep. */
export function person(number: number): object {
  return {
    id: number,
    name: `Person ${number}`,
    email: `person.${number}@example.org`,
    isActive: number % 3 > 0,
    score: number / 7,
    tags: ['alpha', 'beta', 'gamma', `group ${number % 10}`],
    address: {
      street: `${number % 100} Example Street`,
      city: 'Example',
      location: { lat: 52.5, lon: 13.4 },
    },
    orders: Array.from({ length: 5 }, (_, order) => ({
      id: number * 10 + order,
      title: `Order ${order} of person ${number}`,
      price: order * 9.99,
      isPaid: order % 2 === 0,
    })),
    about: text(number, 300),
    manager: null,
  };
}
