import type { Course } from '../../entry/iteration-options.ts';
import type { PageColumns, PageForm, PageStatements } from '../rows/page-statements.ts';
import { PAGE_ROWS, type PagedRow, type Pages } from './pages.ts';
import { type Places, placesOf } from './places.ts';

/** In the order of insertion: each page starts beside the last place of the one before, whether or not that is taken. */
export class ArrivalPages<Row extends PagedRow> implements Pages<Row> {
  readonly #statements: PageStatements;
  readonly #course: Course;
  readonly #form: PageForm;
  #places: Places | undefined;

  constructor(statements: PageStatements, columns: PageColumns, course: Course) {
    this.#statements = statements;
    this.#course = course;
    this.#form = { columns, isBackward: course.isBackward, isBounded: course.to !== undefined };
  }

  next(limit: number): Row[] | undefined {
    const places = (this.#places ??= placesOf(this.#statements, this.#course));
    if (places.low > places.high) return undefined;
    const { isBackward } = this.#form;
    const far = this.#statements.seqBeyond(isBackward).get(places.low, places.high, PAGE_ROWS - 1)?.seq;
    const { from, to } = this.#course;
    const rows = this.#statements.byArrival<Row & { readonly seq: number }>(this.#form).all({
      from,
      ...(to === undefined ? {} : { to }),
      low: isBackward ? (far ?? places.low) : places.low,
      high: isBackward ? places.high : (far ?? places.high),
      limit,
    });
    const last = rows.length < limit ? far : rows.at(-1)?.seq;
    this.#places = isBackward
      ? { low: places.low, high: last === undefined ? -1 : last - 1 }
      : { low: last === undefined ? Infinity : last + 1, high: places.high };
    return rows;
  }
}
