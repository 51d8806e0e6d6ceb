import type { Key } from '../../entry/key.ts';

/**
 * Goes through entries page by page, each page a SELECT of its own: no read stays open in between, and what others write
 * neither stops nor repeats it. A page costs about the same wherever it is.
 */
export interface Pages<Row> {
  /**
   * The next page, of up to `limit` rows; it can be empty, and undefined is the end. Called again after it threw it asks
   * for the same page.
   */
  next(limit: number): Row[] | undefined;
}

/** What is known of every row on a page. */
export interface PagedRow {
  readonly id: number;
  readonly key: Key;
  /** Left out where it is not at hand. */
  readonly expires?: number | null;
}

/** Rows on a page; places that are looked at for one. */
export const PAGE_ROWS = 256;
