import type { Course } from '../../entry/iteration-options.ts';
import type { PageColumns, PageStatements } from '../rows/page-statements.ts';
import { ArrivalPages } from './arrival-pages.ts';
import { KeyPages } from './key-pages.ts';
import type { PagedRow, Pages } from './pages.ts';
import { TaggedArrivalPages } from './tagged-arrival-pages.ts';

/** The pages of all rows on a course, expired ones included. */
export function pagesOf<Row extends PagedRow>(
  statements: PageStatements,
  columns: PageColumns,
  course: Course,
): Pages<Row> {
  if (course.order === 'key') return new KeyPages(statements, columns, course);
  const { tag } = course;
  return tag === undefined
    ? new ArrivalPages(statements, columns, course)
    : new TaggedArrivalPages(statements, columns, { ...course, tag });
}
