import type { CollectionTx, CollectionView } from '../collection-store.ts';
import { KEPT } from '../entry/named-key.ts';
import type { RopeNode, RopeNodes } from './rope.ts';

/** The parts of a deque's rope, each an entry: read when they are first asked for, and written at the end. */
export class DequeParts implements RopeNodes {
  readonly #view: CollectionView;
  readonly #prefix: string;
  readonly #loaded = new Map<number, RopeNode>();
  readonly #changed = new Map<number, RopeNode | undefined>();
  /** The id of the next one that is new. */
  next: number;

  constructor(view: CollectionView, prefix: string, next: number) {
    this.#view = view;
    this.#prefix = prefix;
    this.next = next;
  }

  load(id: number): RopeNode {
    const loaded = this.#loaded.get(id) ?? partOf(this.#view.get<string>(`${this.#prefix}${id}`));
    this.#loaded.set(id, loaded);
    return loaded;
  }

  add(node: RopeNode): number {
    const id = this.next++;
    this.changed(id, node);
    return id;
  }

  changed(id: number, node: RopeNode): void {
    this.#loaded.set(id, node);
    this.#changed.set(id, node);
  }

  remove(id: number): void {
    this.#loaded.delete(id);
    this.#changed.set(id, undefined);
  }

  save(tx: CollectionTx): void {
    for (const [id, node] of this.#changed) {
      const key = `${this.#prefix}${id}`;
      if (node === undefined) tx.delete(key);
      else tx.set(key, partText(node), KEPT);
    }
    this.#changed.clear();
  }
}

/** A part as it is written. One that is gone, as after a clear() of the cache that is under way, is empty. */
export function partOf(text: string | undefined): RopeNode {
  if (text === undefined) return { isLeaf: true, entries: [] };
  const [isLeaf, ...numbers] = JSON.parse(text) as [0 | 1, ...number[]];
  const entries: RopeNode['entries'] = [];
  for (let place = 0; place < numbers.length; place += 2)
    entries.push([numbers[place] as number, numbers[place + 1] as number]);
  return { isLeaf: isLeaf === 1, entries };
}

export function partText({ isLeaf, entries }: RopeNode): string {
  return JSON.stringify([isLeaf ? 1 : 0, ...entries.flat()]);
}
