import type { Course } from '../../entry/iteration-options.ts';
import { type Key, keyAfter } from '../../entry/key.ts';
import type { PageColumns, PageForm, PageStatements } from '../rows/page-statements.ts';
import type { PagedRow, Pages } from './pages.ts';

/** In the order of the keys: each page starts beside the last key of the one before. */
export class KeyPages<Row extends PagedRow> implements Pages<Row> {
  readonly #statements: PageStatements;
  readonly #columns: PageColumns;
  readonly #isBackward: boolean;
  readonly #tag: string | undefined;
  #from: Key;
  #to: Key | undefined;
  #isAtEnd = false;

  constructor(statements: PageStatements, columns: PageColumns, { from, to, tag, isBackward }: Course) {
    this.#statements = statements;
    this.#columns = columns;
    this.#isBackward = isBackward;
    this.#tag = tag;
    this.#from = from;
    this.#to = to;
  }

  next(limit: number): Row[] | undefined {
    if (this.#isAtEnd) return undefined;
    const rows = this.#rows(limit);
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) this.#isAtEnd = true;
    else if (this.#isBackward) this.#to = last.key;
    else this.#from = keyAfter(last.key);
    return rows;
  }

  #rows(limit: number): Row[] {
    const to = this.#to;
    const form: PageForm = {
      columns: this.#columns,
      isBackward: this.#isBackward,
      isBounded: to !== undefined,
    };
    const query = { from: this.#from, ...(to === undefined ? {} : { to }), limit };
    return this.#tag === undefined
      ? this.#statements.byKey<Row>(form).all(query)
      : this.#statements.byKeyOfTag<Row>(form).all({ ...query, tag: this.#tag });
  }
}
