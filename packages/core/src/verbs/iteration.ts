import type { NextPage } from '../calls/call.ts';
import type { Engine } from '../engine/engine.ts';
import {
  type Course,
  courseTo,
  iterationCourse,
  type IterationOptions,
  type PeekEntryOptions,
} from '../entry/iteration-options.ts';
import type { FullEntryRow } from '../storage/rows/statements.ts';
import type { PageColumns } from '../storage/rows/page-statements.ts';
import { PAGE_ROWS, type PagedRow } from '../storage/pages/pages.ts';
import { pagesOf } from '../storage/pages/pages-of.ts';

/** The verbs that go through entries. */
export class Iteration {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  keys(options: IterationOptions | undefined): NextPage<PagedRow> {
    return this.pages('key', iterationCourse(options));
  }

  entries(options: IterationOptions | undefined): NextPage<FullEntryRow> {
    return this.pages<FullEntryRow>('entry', iterationCourse(options));
  }

  /** From the first or last entry on, one by one. */
  edge(edge: 'first' | 'last', options: PeekEntryOptions | undefined): NextPage<FullEntryRow> {
    return this.pages<FullEntryRow>('entry', courseTo(edge, options), 1);
  }

  /** The live rows on a course, so many at a time. */
  pages<Row extends PagedRow>(columns: PageColumns, course: Course, pageRows = PAGE_ROWS): NextPage<Row> {
    const pages = pagesOf<Row>(this.#engine.storage.sql.pages, columns, course);
    let left = course.limit;
    let found: Row[] = [];
    return () => {
      const wanted = Math.min(left, pageRows);
      // On, where expired rows leave room: what is small is read as it is at one moment.
      for (let looked = 0; found.length < wanted && looked < PAGE_ROWS;) {
        const rows = pages.next(wanted - found.length);
        if (rows === undefined && found.length === 0) return undefined;
        if (rows === undefined || rows.length === 0) break;
        found.push(...this.#alive(rows));
        looked += rows.length;
      }
      const page = found;
      found = [];
      left -= page.length;
      return wanted === 0 ? undefined : page;
    };
  }

  #alive<Row extends PagedRow>(rows: readonly Row[]): readonly Row[] {
    const { live } = this.#engine;
    const isAlive = (id: number, expires: number | null) => live.isLive({ expires }) || live.isInUse({ id });
    if (rows[0]?.expires !== undefined) return rows.filter(({ id, expires = null }) => isAlive(id, expires));
    const expired = this.#expiredAmong(rows);
    return expired.size === 0 ? rows : rows.filter(({ id }) => isAlive(id, expired.get(id) ?? null));
  }

  /** When those rows expired that have: in most caches there are none to be looked for. */
  #expiredAmong(rows: readonly PagedRow[]): ReadonlyMap<number, number> {
    const { pages } = this.#engine.storage.sql;
    const now = this.#engine.now();
    if (rows.length === 0 || pages.hasExpired().get({ now })?.found !== 1) return new Map();
    const ids = JSON.stringify(rows.map(({ id }) => id));
    const expired = pages.expiredAmong().all({ ids, now });
    return new Map(expired.map(({ id, expires }) => [id, expires]));
  }
}
