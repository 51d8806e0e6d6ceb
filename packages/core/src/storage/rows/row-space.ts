import { PAGE_BYTES } from './schema.ts';

/** What SQLite can put on a page of a table: the page less its header and the row's pointer. */
const LARGEST_LOCAL_ROW = PAGE_BYTES - 35;
const SMALLEST_LOCAL_PART = 489;
const OVERFLOW_PAGE_PAYLOAD = PAGE_BYTES - 4;
const LEAF_PAYLOAD = PAGE_BYTES - 8;

/** Bytes of the columns beside key, value and tags, with the row's header, and of the row's part of `use`. */
const ROW_OVERHEAD = 60;
const USE_ROW = 35;
/** A row's place in the order of arrival, and its share of those that entries left behind. */
const ARRIVAL_ROW = 25;
/** An index whose keys arrive in no order has its pages filled to about two thirds. */
const INDEX_FILL = 1.45;
const INDEX_OVERHEAD = 12;
const TAG_OVERHEAD = 10;

/**
 * The bytes of cache.db that a row takes, its share of the indexes included, following the way SQLite lays out rows
 * (https://www.sqlite.org/fileformat2.html): as many rows as fit share a page, the rest of a long row goes to pages of
 * its own. An estimate to within a few percent for rows of like size, and on the safe side for mixed ones.
 */
export function rowSpace(keyBytes: number, valueBytes: number, tags: string | null): number {
  const tagsBytes = tags === null ? 0 : Buffer.byteLength(tags);
  const row = ROW_OVERHEAD + keyBytes + valueBytes + tagsBytes;
  const inTags = tagsBytes + tagCount(tags) * (keyBytes + TAG_OVERHEAD);
  const indexes = (keyBytes + INDEX_OVERHEAD + inTags) * INDEX_FILL;
  return Math.ceil(tableSpace(row) + indexes + USE_ROW + ARRIVAL_ROW);
}

/** How many texts an array in JSON has: inside of one, a quotation mark follows a backslash. */
function tagCount(tags: string | null): number {
  return tags === null ? 0 : tags.split('","').length;
}

function tableSpace(row: number): number {
  if (row <= LARGEST_LOCAL_ROW) return PAGE_BYTES / Math.floor(LEAF_PAYLOAD / (row + 2));
  const fitted = SMALLEST_LOCAL_PART + ((row - SMALLEST_LOCAL_PART) % OVERFLOW_PAGE_PAYLOAD);
  const local = fitted <= LARGEST_LOCAL_ROW ? fitted : SMALLEST_LOCAL_PART;
  const overflowPages = Math.ceil((row - local) / OVERFLOW_PAGE_PAYLOAD);
  return PAGE_BYTES / Math.floor(LEAF_PAYLOAD / (local + 8)) + overflowPages * PAGE_BYTES;
}
