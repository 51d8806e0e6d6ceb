import type { CollectionTx } from '../collection-store.ts';
import { KEPT } from '../entry/named-key.ts';
import type { KeyText } from './index-keys.ts';
import { computationKey, computedKey, IndexState, valueKey } from './index-state.ts';

/** What is done with an index in one transaction, for both doors. */

/** A value that was read from its file before the transaction, which knows by the file whether it is still current. */
export interface ReadBefore {
  readonly path: string;
  readonly value: unknown;
}

/** An entry that was taken out, undefined for none; or the one whose value has to be read from its file first. */
export type Taken =
  | { readonly key: KeyText; readonly value: unknown }
  | { readonly key: KeyText; readonly path: string }
  | undefined;

/** @returns whether it was stored: where `isOnlyNew`, only when there was no value */
export function put(
  tx: CollectionTx,
  prefix: string,
  entries: readonly (readonly [key: KeyText, value: unknown])[],
  isOnlyNew = false,
): boolean {
  const index = new IndexState(tx, prefix);
  let isStored = false;
  for (const [key, value] of entries) {
    if (isOnlyNew && index.has(key) && tx.has(valueKey(prefix, key))) continue;
    tx.set(valueKey(prefix, key), value, KEPT);
    index.add(tx, key);
    isStored = true;
  }
  index.save(tx);
  return isStored;
}

/** @returns whether there was a value */
export function removed(tx: CollectionTx, prefix: string, key: KeyText): boolean {
  const index = new IndexState(tx, prefix);
  const wasIn = index.remove(tx, key);
  index.save(tx);
  endComputing(tx, prefix, key);
  return tx.delete(valueKey(prefix, key)) && wasIn;
}

/** A result that was computed before its key was removed is not stored, and a failure not kept. */
function endComputing(tx: CollectionTx, prefix: string, key: KeyText): void {
  tx.delete(computedKey(prefix, key));
  tx.delete(computationKey(prefix, key));
}

/** For so long it is remembered that a killed process has computed something. */
const COMPUTING_MS = 86_400_000;

/** Says that from now on the result of this computation, and of no other, may be stored. */
export function computing(tx: CollectionTx, prefix: string, key: KeyText, token: number): void {
  tx.set(computationKey(prefix, key), token, { pinned: true, ttl: COMPUTING_MS });
}

/** Ends a computation; stores its result, where there is one, unless the key was removed or set meanwhile. */
export function computed(
  tx: CollectionTx,
  prefix: string,
  key: KeyText,
  { token, result }: { readonly token: number; readonly result: readonly unknown[] },
): void {
  const markKey = computationKey(prefix, key);
  if (tx.get(markKey) !== token) return;
  tx.delete(markKey);
  for (const value of result) put(tx, prefix, [[key, value]], true);
}

/**
 * Takes a key's entry out, with its value.
 *
 * @param before its value, as it was read before; with 'now' a file may be read here
 */
export function taken(
  tx: CollectionTx,
  prefix: string,
  key: KeyText,
  before: ReadBefore | 'now' | undefined,
): Taken {
  const index = new IndexState(tx, prefix);
  const path = before === 'now' ? undefined : tx.path(valueKey(prefix, key));
  if (path !== undefined && path !== (before as ReadBefore | undefined)?.path) return { key, path };
  const value = path === undefined ? tx.pop(valueKey(prefix, key)) : (before as ReadBefore).value;
  if (path !== undefined) tx.delete(valueKey(prefix, key));
  const wasIn = index.remove(tx, key);
  index.save(tx);
  endComputing(tx, prefix, key);
  return value === undefined || !wasIn ? undefined : { key, value };
}

/** The same of the entry at an end. One whose value is gone is passed over. */
export function takenEdge(
  tx: CollectionTx,
  prefix: string,
  end: 'first' | 'last',
  before: (ReadBefore & { readonly key: KeyText }) | 'now' | undefined,
): Taken {
  for (;;) {
    const key = new IndexState(tx, prefix).edge(end);
    if (key === undefined) return undefined;
    const one = taken(tx, prefix, key, before === 'now' || before?.key === key ? before : undefined);
    if (one !== undefined) return one;
  }
}

/** Removes the entries on the first pages, none beyond a number. @returns whether there may be more */
export function removedSome(tx: CollectionTx, prefix: string, upTo: number, pages: number): boolean {
  const index = new IndexState(tx, prefix);
  let left = pages;
  for (; left > 0 && index.size > 0; left--) {
    const page = index.page(undefined, false);
    if (page === undefined || page.number > upTo) break;
    for (const key of page.keys) tx.delete(valueKey(prefix, key));
    index.removePage(tx, page);
  }
  index.save(tx);
  return left === 0;
}
