import type { CollectionView } from '../collection-store.ts';
import type { KeyText } from './index-keys.ts';
import { IndexState } from './index-state.ts';

/** How far one has come who goes through an index. */
export interface IndexCourse {
  readonly isBackward: boolean;
  /** The page that was last. */
  readonly beside?: number | undefined;
  /** The last page that there was at the beginning: what is added later may not be met, so that there is an end. */
  readonly upTo?: number;
}

/** The keys on the next page, and how to go on; undefined at the end. */
export function nextKeys(
  view: CollectionView,
  prefix: string,
  { isBackward, beside, upTo }: IndexCourse,
): { readonly keys: readonly KeyText[]; readonly course: IndexCourse } | undefined {
  const index = new IndexState(view, prefix);
  const end = upTo ?? index.last;
  const page = index.page(beside, isBackward);
  if (page === undefined || page.number > end) return undefined;
  const keys = isBackward ? page.keys.toReversed() : page.keys;
  return { keys, course: { isBackward, beside: page.number, upTo: end } };
}
