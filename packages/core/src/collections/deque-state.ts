import { randomInt } from 'node:crypto';
import type { CollectionTx, CollectionView } from '../collection-store.ts';
import { KEPT } from '../entry/named-key.ts';
import { DequeParts, partOf, partText } from './deque-parts.ts';
import { Rope, type RopeEnd, type Run } from './rope.ts';

/** The end of a deque at which items are put or taken. */
export type DequeEnd = 'left' | 'right';

/** What is kept of a deque beside its items, as JSON. */
interface Stored {
  /** A part of the keys of all its items, which are others once it was cleared. */
  readonly life: string;
  /** Earlier lives of which something may be left. */
  readonly past: readonly PastLife[];
  /** The least id of an item, and one more than the greatest. */
  readonly low: number;
  readonly high: number;
  readonly isReversed: boolean;
  readonly nextPart: number;
  readonly rope: string;
}

interface PastLife {
  readonly life: string;
  /** When it ended, in ms since the epoch. */
  readonly ended: number;
}

/** After so long a clear() that has not removed all it let go of was killed. */
const ABANDONED_MS = 60_000;
const LONGEST_LIFE = 2 ** 48 - 1;

/**
 * A deque as it is in one transaction or snapshot. Each item is an entry, by an id that it keeps. The order of the items is
 * a rope of ids, in one entry more as long as it is short: new ids grow on the one side and fall on the other, so that it
 * is long only where much was removed from the middle.
 */
export class DequeState {
  readonly #view: CollectionView;
  readonly #key: string;
  readonly #isNew: boolean;
  #stored: Stored;
  #parts: DequeParts;
  #rope: Rope;
  #low: number;
  #high: number;
  #isReversed: boolean;
  #past: readonly PastLife[];

  constructor(view: CollectionView, key: string) {
    this.#view = view;
    this.#key = key;
    const text = view.get<string>(key);
    this.#isNew = text === undefined;
    const stored = text === undefined ? newLife() : (JSON.parse(text) as Stored);
    this.#stored = stored;
    ({ low: this.#low, high: this.#high, isReversed: this.#isReversed, past: this.#past } = stored);
    this.#parts = new DequeParts(view, `${key}/${stored.life}/p`, stored.nextPart);
    this.#rope = new Rope(partOf(stored.rope), this.#parts);
  }

  get size(): number {
    return this.#rope.length;
  }

  /** The key of an item. */
  keyOf(id: number): string {
    return `${this.#key}/${this.#stored.life}/${id}`;
  }

  /** The id of the item at a position, from the end where it is negative; undefined where there is none. */
  idAt(index: number): number | undefined {
    const position = this.#positionOf(index);
    return position === undefined ? undefined : this.#rope.at(position);
  }

  /** All ids in runs, from left to right. In a deque that is reversed each run goes from its last id to its first. */
  runs(): { readonly runs: readonly Run[]; readonly isReversed: boolean } {
    const runs = [...this.#rope.runs()];
    return { runs: this.#isReversed ? runs.reverse() : runs, isReversed: this.#isReversed };
  }

  /** Gives an item at an end its id. */
  add(end: DequeEnd): number {
    const ropeEnd = this.#ropeEnd(end);
    const id = ropeEnd === 'back' ? this.#high++ : --this.#low;
    this.#rope.add(ropeEnd, [id, 1]);
    return id;
  }

  /**
   * Takes the item out that is at a position.
   *
   * @param isGone whether its entry is removed, too, so that another item may get its id
   */
  remove(index: number, isGone: boolean): void {
    const position = this.#positionOf(index);
    if (position === undefined) return;
    const id = this.#rope.remove(position);
    if (!isGone) return;
    // So that a deque that is used as a stack stays one run.
    if (id === this.#high - 1) this.#high--;
    else if (id === this.#low) this.#low++;
  }

  /** Puts an item at an end that was taken out, but whose entry was not removed. */
  putBack(end: DequeEnd, id: number): void {
    this.#rope.add(this.#ropeEnd(end), [id, 1]);
  }

  /** Takes an item out by its id. @returns whether it was there. Looks through all runs. */
  removeId(id: number): boolean {
    const position = this.#rope.positionOf(id);
    if (position === undefined) return false;
    this.remove(this.#isReversed ? this.size - 1 - position : position, true);
    return true;
  }

  /** Moves so many items from the right end to the left, one by one; or the other way where it is negative. */
  rotate(steps: number): void {
    const { size } = this;
    if (size === 0) return;
    const right = ((steps % size) + size) % size;
    const isShorter = right <= size / 2;
    const from = this.#ropeEnd(isShorter ? 'right' : 'left');
    const to = from === 'back' ? 'front' : 'back';
    for (let left = isShorter ? right : size - right; left > 0;) {
      const run = this.#rope.take(from, left);
      this.#rope.add(to, run);
      left -= run[1];
    }
  }

  reverse(): void {
    this.#isReversed = !this.#isReversed;
  }

  /** Begins anew without items. @param now ms since the epoch */
  clear(now: number): void {
    if (this.#isNew) return;
    const { life } = this.#stored;
    const fresh = newLife();
    this.#stored = fresh;
    this.#parts = new DequeParts(this.#view, `${this.#key}/${fresh.life}/p`, 0);
    this.#rope = new Rope(partOf(undefined), this.#parts);
    this.#low = 0;
    this.#high = 0;
    this.#isReversed = false;
    this.#past = [...this.#past, { life, ended: now }];
  }

  /** What all keys begin with that were used before the deque was cleared. */
  get past(): readonly string[] {
    return this.#past.map(({ life }) => this.#prefixOf(life));
  }

  /** Whether something is left that nobody is about to remove any more. */
  hasAbandoned(now: number): boolean {
    return this.#past.some(({ ended }) => Math.abs(now - ended) > ABANDONED_MS);
  }

  /** Says that nothing is left of what was used before. */
  pastIsGone(prefixes: readonly string[]): void {
    this.#past = this.#past.filter(({ life }) => !prefixes.includes(this.#prefixOf(life)));
  }

  /** Writes what has changed. @param isKept whether it stays when it is empty, for an item that may be put back */
  save(tx: CollectionTx, isKept = false): void {
    this.#parts.save(tx);
    if (this.size === 0 && this.#past.length === 0 && !isKept) {
      if (!this.#isNew) tx.delete(this.#key);
      return;
    }
    const stored: Stored = {
      life: this.#stored.life,
      past: this.#past,
      low: this.#low,
      high: this.#high,
      isReversed: this.#isReversed,
      nextPart: this.#parts.next,
      rope: partText(this.#rope.root),
    };
    tx.set(this.#key, JSON.stringify(stored), KEPT);
  }

  #prefixOf(life: string): string {
    return `${this.#key}/${life}/`;
  }

  #positionOf(index: number): number | undefined {
    const { size } = this;
    const fromLeft = index < 0 ? index + size : index;
    if (fromLeft < 0 || fromLeft >= size) return undefined;
    return this.#isReversed ? size - 1 - fromLeft : fromLeft;
  }

  #ropeEnd(end: DequeEnd): RopeEnd {
    return (end === 'left') === this.#isReversed ? 'back' : 'front';
  }
}

function newLife(): Stored {
  const life = randomInt(LONGEST_LIFE).toString(36);
  return {
    life,
    past: [],
    low: 0,
    high: 0,
    isReversed: false,
    nextPart: 0,
    rope: partText({ isLeaf: true, entries: [] }),
  };
}
