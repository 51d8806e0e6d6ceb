import type { CollectionTx, CollectionView } from '../collection-store.ts';
import { KEPT } from '../entry/named-key.ts';
import { type DequeEnd, DequeState } from './deque-state.ts';

/** What is done with a deque in one transaction, for both doors. */

/** An item that was taken out; its value is still to be read where that is in a file. */
export type Popped = { readonly value: unknown } | TakenFile;

/** An item that was taken out of the order, and whose entry is still there. */
export interface TakenFile {
  readonly key: string;
  readonly id: number;
  /** Whether it was the only item. */
  readonly isLast: boolean;
}

/** For so long the entry of an item stays that was taken out, until its file is read. */
const TAKEN_MS = 600_000;

/** @returns how many items there are then, and what keys begin with that a clear() has left which was killed */
export function appended(
  tx: CollectionTx,
  key: string,
  end: DequeEnd,
  values: readonly unknown[],
  { maxLength, now }: { readonly maxLength: number; readonly now: number },
): { readonly size: number; readonly abandoned: readonly string[] } {
  const deque = new DequeState(tx, key);
  // Those that would be pushed out again at once are not stored.
  for (const value of maxLength < values.length ? values.slice(values.length - maxLength) : values)
    tx.set(deque.keyOf(deque.add(end)), value, KEPT);
  trim(tx, deque, end, maxLength);
  deque.save(tx);
  return { size: deque.size, abandoned: deque.hasAbandoned(now) ? deque.past : [] };
}

function trim(tx: CollectionTx, deque: DequeState, end: DequeEnd, maxLength: number): void {
  const outer = end === 'left' ? -1 : 0;
  while (deque.size > maxLength) {
    tx.delete(deque.keyOf(deque.idAt(outer) as number));
    deque.remove(outer, true);
  }
}

/**
 * Takes the item at an end out. One whose file is gone is passed over.
 *
 * @param readsFiles whether a file may be read here and now
 */
export function popped(
  tx: CollectionTx,
  key: string,
  end: DequeEnd,
  readsFiles: boolean,
): Popped | undefined {
  const deque = new DequeState(tx, key);
  const index = end === 'left' ? 0 : -1;
  let found: Popped | undefined;
  for (let id = deque.idAt(index); id !== undefined && found === undefined; id = deque.idAt(index)) {
    const itemKey = deque.keyOf(id);
    if (!readsFiles && tx.path(itemKey) !== undefined) {
      deque.remove(index, false);
      tx.touch(itemKey, { ttl: TAKEN_MS });
      found = { key: itemKey, id, isLast: deque.size === 0 };
    } else {
      const value = tx.pop(itemKey);
      deque.remove(index, true);
      if (value !== undefined) found = { value };
    }
  }
  deque.save(tx, found !== undefined && 'key' in found);
  return found;
}

/** Puts an item back at the end that it was taken from, since it could not be read; unless it is gone. */
export function putBack(tx: CollectionTx, key: string, end: DequeEnd, { key: itemKey, id }: TakenFile): void {
  const deque = new DequeState(tx, key);
  const isThere = deque.keyOf(id) === itemKey && tx.touch(itemKey, { ttl: Infinity });
  if (isThere) deque.putBack(end, id);
  deque.save(tx);
}

/** The item at a position. @param readFile reads its value where that is in a file */
export function itemAt(
  view: CollectionView,
  key: string,
  index: number,
  readFile: (key: string) => Promise<unknown>,
): { readonly key: string; readonly value: unknown } | undefined {
  const deque = new DequeState(view, key);
  const id = deque.idAt(index);
  if (id === undefined) return undefined;
  const itemKey = deque.keyOf(id);
  const isInFile = view.path(itemKey) !== undefined;
  return { key: itemKey, value: isInFile ? readFile(itemKey) : view.get(itemKey) };
}

/** Puts a value in the place of the one at a position. @returns whether there is one */
export function replacedAt(tx: CollectionTx, key: string, index: number, value: unknown): boolean {
  const deque = new DequeState(tx, key);
  const id = deque.idAt(index);
  if (id !== undefined) tx.set(deque.keyOf(id), value, KEPT);
  return id !== undefined;
}

/** Takes the item at a position out. @returns whether there was one */
export function deletedAt(tx: CollectionTx, key: string, index: number): boolean {
  const deque = new DequeState(tx, key);
  const id = deque.idAt(index);
  if (id === undefined) return false;
  tx.delete(deque.keyOf(id));
  deque.remove(index, true);
  deque.save(tx);
  return true;
}

/** Takes an item out by its id. @returns whether there was one */
export function deletedId(tx: CollectionTx, key: string, id: number): boolean {
  const deque = new DequeState(tx, key);
  if (!deque.removeId(id)) return false;
  tx.delete(deque.keyOf(id));
  deque.save(tx);
  return true;
}

export function rotated(tx: CollectionTx, key: string, steps: number): void {
  const deque = new DequeState(tx, key);
  deque.rotate(steps);
  deque.save(tx);
}

export function reversed(tx: CollectionTx, key: string): void {
  const deque = new DequeState(tx, key);
  deque.reverse();
  deque.save(tx);
}

/** Lets go of all items. @returns what the keys begin with of which something is left */
export function cleared(tx: CollectionTx, key: string, now: number): readonly string[] {
  const deque = new DequeState(tx, key);
  deque.clear(now);
  deque.save(tx);
  return deque.past;
}

/** Notes that nothing is left of what was let go. */
export function tidied(tx: CollectionTx, key: string, prefixes: readonly string[]): void {
  const deque = new DequeState(tx, key);
  deque.pastIsGone(prefixes);
  deque.save(tx);
}
