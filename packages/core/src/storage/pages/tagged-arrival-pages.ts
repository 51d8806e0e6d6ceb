import type { Course } from '../../entry/iteration-options.ts';
import { type Key, keyAfter } from '../../entry/key.ts';
import type { PageColumns, PageStatements } from '../rows/page-statements.ts';
import type { PagedRow, Pages } from './pages.ts';
import { type Places, placesOf } from './places.ts';
import { SortedNumbers } from './sorted-numbers.ts';

/** Entries of the tag whose places are looked up for one page. */
const LOOKED_UP = 1024;

/**
 * The entries of a tag in the order of insertion. No index has that: their places are looked up first, 8 bytes of memory
 * each, and sorted.
 */
export class TaggedArrivalPages<Row extends PagedRow> implements Pages<Row> {
  readonly #statements: PageStatements;
  readonly #columns: PageColumns;
  readonly #course: Course & { readonly tag: string };
  readonly #seqs: SortedNumbers;
  #places: Places | undefined;
  #from: Key | undefined;
  #taken: readonly number[] = [];

  constructor(statements: PageStatements, columns: PageColumns, course: Course & { readonly tag: string }) {
    this.#statements = statements;
    this.#columns = columns;
    this.#course = course;
    this.#from = course.from;
    this.#seqs = new SortedNumbers(course.isBackward);
  }

  next(limit: number): Row[] | undefined {
    if (this.#from !== undefined) {
      this.#lookUp(this.#from);
      if (this.#from !== undefined) return [];
    }
    if (this.#taken.length === 0) this.#taken = this.#seqs.take(limit);
    if (this.#taken.length === 0) return undefined;
    const { tag, isBackward } = this.#course;
    const rows = this.#statements
      .bySeqs<Row>({ columns: this.#columns, isBackward })
      .all({ seqs: JSON.stringify(this.#taken), tag });
    this.#taken = [];
    return rows;
  }

  #lookUp(from: Key): void {
    const { low, high } = (this.#places ??= placesOf(this.#statements, this.#course));
    const { tag, to } = this.#course;
    const rows = this.#statements
      .seqsOfTag(to !== undefined)
      .all({ tag, from, ...(to === undefined ? {} : { to }), limit: LOOKED_UP });
    for (const { seq } of rows) if (seq >= low && seq <= high) this.#seqs.add(seq);
    const last = rows.at(-1);
    this.#from = last === undefined || rows.length < LOOKED_UP ? undefined : keyAfter(last.key);
  }
}
