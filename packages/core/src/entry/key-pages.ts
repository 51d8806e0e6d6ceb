import { checkOptions } from './entry-options.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import { type Key, keyAfter, prefixRange, validKey } from './key.ts';
import type { PageQuery } from '../storage/rows/statements.ts';

/** Which entries to go through, in the order of their keys: numbers, then strings by their UTF-8 bytes, then bytes. */
export interface IterationOptions {
  /** Only string keys that start with it. @default all keys */
  prefix?: string | undefined;
  /** Only keys that come after it in the direction of the iteration. @default from the start */
  after?: Key | undefined;
  /** Most entries to go through. @default all */
  limit?: number | undefined;
  /** From the last key to the first. @default false */
  reverse?: boolean | undefined;
}

type PagesOf<Row> = Record<
  'forward' | 'backward',
  Record<'bounded' | 'unbounded', { all(query: PageQuery): Row[] }>
>;

const PAGE_ROWS = 256;

/**
 * Goes through entries page by page, each page a SELECT of its own that starts after the last key of the one before: no
 * read stays open in between, and writes of others neither stop nor repeat it.
 */
export class KeyPages<Row extends { readonly key: Key }> {
  readonly #pages: PagesOf<Row>;
  readonly #reverse: boolean;
  #from: Key;
  #to: Key | undefined;
  #left: number;

  /** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` or `ERR_DISKCACHE_KEY` */
  constructor(pages: PagesOf<Row>, options: IterationOptions | undefined) {
    const { prefix, after, limit, reverse } = checkOptions(options, ['prefix', 'after', 'limit', 'reverse']);
    const range = prefix === undefined ? { from: -Infinity, to: undefined } : prefixRange(prefix);
    this.#pages = pages;
    this.#from = range.from;
    this.#to = range.to;
    this.#left = validLimit(limit);
    this.#reverse = validReverse(reverse);
    if (after !== undefined) this.#passBy(validKey(after));
  }

  /** The next page; an empty one is the end. Calling it again after it threw asks for the same page. */
  next(now: number): Row[] {
    if (this.#left === 0) return [];
    const { bounded, unbounded } = this.#pages[this.#reverse ? 'backward' : 'forward'];
    const query = { from: this.#from, now, limit: Math.min(this.#left, PAGE_ROWS) };
    const rows = this.#to === undefined ? unbounded.all(query) : bounded.all({ ...query, to: this.#to });
    this.#left -= rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < query.limit) this.#left = 0;
    else this.#passBy(last.key);
    return rows;
  }

  /** Never widens the range, wherever `key` is. */
  #passBy(key: Key): void {
    if (this.#reverse) {
      if (this.#to === undefined || compareKeys(key, this.#to) < 0) this.#to = key;
    } else {
      const from = keyAfter(key);
      if (compareKeys(from, this.#from) > 0) this.#from = from;
    }
  }
}

function validLimit(limit: unknown): number {
  if (limit === undefined) return Infinity;
  if (typeof limit === 'number' && limit >= 0 && (Number.isInteger(limit) || limit === Infinity))
    return limit;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `limit must be a whole number from 0 up; given ${describe(limit)}`,
  );
}

function validReverse(reverse: unknown): boolean {
  if (reverse === undefined || typeof reverse === 'boolean') return reverse === true;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `reverse must be true or false; given ${describe(reverse)}`,
  );
}

/** As SQLite orders them. */
function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const byType = rank(a) - rank(b);
  return byType !== 0 ? byType : Buffer.compare(asBytes(a), asBytes(b));
}

function rank(key: Key): number {
  return typeof key === 'number' ? 0 : typeof key === 'string' ? 1 : 2;
}

function asBytes(key: Key): Uint8Array {
  return typeof key === 'object' ? key : Buffer.from(String(key));
}
