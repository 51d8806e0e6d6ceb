import { randomInt } from 'node:crypto';
import type { CollectionTx, CollectionView } from '../collection-store.ts';
import { KEPT } from '../entry/named-key.ts';
import type { KeyText } from './index-keys.ts';

/** What is kept of an index beside its entries, as JSON. */
interface Stored {
  readonly size: number;
  /** The numbers of its first page and of its last. */
  readonly first: number;
  readonly last: number;
  /** The keys on the last page; the others are entries of their own. */
  readonly lastPage: readonly KeyText[];
}

/** Some keys of an index, in their order. */
export interface IndexPage {
  readonly number: number;
  readonly keys: readonly KeyText[];
}

/** A page is full with so many keys, or characters: it is a row of some KB. */
const PAGE_KEYS = 64;
const PAGE_CHARACTERS = 4096;
const FARTHEST_START = 2 ** 47;
const DIGITS = 16;

/**
 * An index as it is in one transaction or snapshot. Of each of its entries the value is an entry of the cache under its own
 * key, and the number of the page another one; the order of the keys is in pages. An index begins with a page number at
 * random, so that what is left of an earlier one, as while the cache is being cleared, is not taken for its own.
 */
export class IndexState {
  readonly #view: CollectionView;
  readonly #prefix: string;
  readonly #isNew: boolean;
  #size: number;
  readonly #first: number;
  #last: number;
  #lastPage: KeyText[];
  #isChanged = false;

  constructor(view: CollectionView, prefix: string) {
    this.#view = view;
    this.#prefix = prefix;
    const text = view.get<string>(prefix);
    this.#isNew = text === undefined;
    const stored = text === undefined ? newIndex() : (JSON.parse(text) as Stored);
    this.#size = stored.size;
    this.#first = stored.first;
    this.#last = stored.last;
    this.#lastPage = [...stored.lastPage];
  }

  get size(): number {
    return this.#size;
  }

  /** The number of the last page. */
  get last(): number {
    return this.#last;
  }

  /** Whether a key is in the index; its value may be gone, with its file. */
  has(key: KeyText): boolean {
    return this.#pageOf(key) !== undefined;
  }

  /** Adds a key at the end, unless it is there. */
  add(tx: CollectionTx, key: KeyText): void {
    if (this.has(key)) return;
    this.#isChanged = true;
    this.#lastPage.push(key);
    this.#size++;
    tx.set(placeKey(this.#prefix, key), this.#last, KEPT);
    const characters = this.#lastPage.reduce((sum, { length }) => sum + length, 0);
    if (this.#lastPage.length >= PAGE_KEYS || characters >= PAGE_CHARACTERS) {
      this.#write(tx, { number: this.#last, keys: this.#lastPage });
      this.#last++;
      this.#lastPage = [];
    }
  }

  /** Takes a key out. @returns whether it was there */
  remove(tx: CollectionTx, key: KeyText): boolean {
    const number = this.#pageOf(key);
    if (number === undefined) return false;
    const without = (keys: readonly KeyText[]) => keys.filter((one) => one !== key);
    if (number === this.#last) this.#lastPage = without(this.#lastPage);
    else this.#write(tx, { number, keys: without(this.#read(number)) });
    tx.delete(placeKey(this.#prefix, key));
    this.#isChanged = true;
    this.#size--;
    return true;
  }

  /** Takes all keys of a page out. */
  removePage(tx: CollectionTx, { number, keys }: IndexPage): void {
    for (const key of keys) tx.delete(placeKey(this.#prefix, key));
    if (number === this.#last) this.#lastPage = [];
    else this.#write(tx, { number, keys: [] });
    this.#isChanged = true;
    this.#size -= keys.length;
  }

  /** The key at an end. */
  edge(end: 'first' | 'last'): KeyText | undefined {
    const isBackward = end === 'last';
    for (
      let page = this.page(undefined, isBackward);
      page !== undefined;
      page = this.page(page.number, isBackward)
    ) {
      const key = isBackward ? page.keys.at(-1) : page.keys[0];
      if (key !== undefined) return key;
    }
    return undefined;
  }

  /** The page after one, or before it; without one the first, or the last. It can be empty. */
  page(beside: number | undefined, isBackward: boolean): IndexPage | undefined {
    const lastPage = { number: this.#last, keys: this.#lastPage };
    if (isBackward && (beside === undefined || beside > this.#last)) return lastPage;
    const from = beside ?? this.#first - 1;
    if (!isBackward && from >= this.#last) return undefined;
    const [key] = this.#view.keys({
      prefix: pageKeyPrefix(this.#prefix),
      after: pageKey(this.#prefix, from),
      reverse: isBackward,
      limit: 1,
    });
    const number = key === undefined ? undefined : Number(String(key).slice(-DIGITS));
    const isOurs = number !== undefined && number >= this.#first && number < this.#last;
    if (isOurs) return { number, keys: this.#read(number) };
    return isBackward ? undefined : lastPage;
  }

  /** Writes what has changed beside the pages. */
  save(tx: CollectionTx): void {
    if (!this.#isChanged) return;
    if (this.#size === 0) {
      if (!this.#isNew) tx.delete(this.#prefix);
      return;
    }
    const stored: Stored = {
      size: this.#size,
      first: this.#first,
      last: this.#last,
      lastPage: this.#lastPage,
    };
    tx.set(this.#prefix, JSON.stringify(stored), KEPT);
  }

  #pageOf(key: KeyText): number | undefined {
    const number = this.#view.get<number>(placeKey(this.#prefix, key));
    return number !== undefined && number >= this.#first && number <= this.#last ? number : undefined;
  }

  #read(number: number): readonly KeyText[] {
    const text = this.#view.get<string>(pageKey(this.#prefix, number));
    return text === undefined ? [] : (JSON.parse(text) as KeyText[]);
  }

  #write(tx: CollectionTx, { number, keys }: IndexPage): void {
    const key = pageKey(this.#prefix, number);
    if (keys.length === 0) tx.delete(key);
    else tx.set(key, JSON.stringify(keys), KEPT);
  }
}

/** The key of the entry that holds a value. */
export function valueKey(prefix: string, key: KeyText): string {
  return `${prefix}/v/${key}`;
}

/** Something that the queues of an index have in common. */
export function queuePrefix(prefix: string, queue: string): string {
  return `${prefix}/q/${queue}`;
}

/** What all keys begin with that are about what is being computed. */
export function computingPrefix(prefix: string): string {
  return `${prefix}/m/`;
}

/** What calls of a memoized function wait for together; no entry has it. */
export function computedKey(prefix: string, key: KeyText): string {
  return `${computingPrefix(prefix)}k/${key}`;
}

/** The key of the entry that says which computation may store its result. */
export function computationKey(prefix: string, key: KeyText): string {
  return `${computingPrefix(prefix)}c/${key}`;
}

function placeKey(prefix: string, key: KeyText): string {
  return `${prefix}/p/${key}`;
}

function pageKeyPrefix(prefix: string): string {
  return `${prefix}/o/`;
}

function pageKey(prefix: string, number: number): string {
  return pageKeyPrefix(prefix) + String(number).padStart(DIGITS, '0');
}

function newIndex(): Stored {
  const start = randomInt(FARTHEST_START) + 1;
  return { size: 0, first: start, last: start, lastPage: [] };
}
