/** Ids that follow each other in the rope as they do in number. */
export type Run = readonly [first: number, length: number];

/**
 * A part of a rope: runs, or where it is no leaf, the parts that it is made of; each with how many ids there are in it.
 */
export interface RopeNode {
  isLeaf: boolean;
  entries: [reference: number, length: number][];
}

/** Where the parts of a rope are kept that are not its root. */
export interface RopeNodes {
  load(id: number): RopeNode;
  /** @returns its id */
  add(node: RopeNode): number;
  changed(id: number, node: RopeNode): void;
  remove(id: number): void;
}

/** An end of a rope. */
export type RopeEnd = 'front' | 'back';

/** Changes the entries of a leaf at one place. @returns by how much it is longer */
type Edit = (entries: RopeNode['entries'], index: number, offset: number) => number;

/** Most entries of a part: a row of about 1 KB. */
const MOST_ENTRIES = 64;

/**
 * A list of ids, in which each is found by its position, taken out from anywhere and added at either end in a time that
 * grows with the logarithm of their number: a B+ tree by position, whose leaves hold runs of ids. As long as nothing was
 * taken out of the middle it is one run. (Boehm, Atkinson, Plass, "Ropes: an alternative to strings", 1995.)
 */
export class Rope {
  readonly root: RopeNode;
  readonly #nodes: RopeNodes;

  constructor(root: RopeNode, nodes: RopeNodes) {
    this.root = root;
    this.#nodes = nodes;
  }

  get length(): number {
    return lengthOf(this.root);
  }

  /** The id at a position, which there has to be. */
  at(position: number): number {
    for (let [node, left] = [this.root, position]; ;) {
      const { index, offset } = placeOf(node.entries, left);
      const [reference] = node.entries[index] as [number, number];
      if (node.isLeaf) return reference + offset;
      node = this.#nodes.load(reference);
      left = offset;
    }
  }

  /** All runs in their order. */
  *runs(node = this.root): Generator<Run, void> {
    for (const entry of node.entries) {
      if (node.isLeaf) yield entry;
      else yield* this.runs(this.#nodes.load(entry[0]));
    }
  }

  /** Where an id is; undefined when it is not there. Looks at all runs before it. */
  positionOf(id: number): number | undefined {
    let before = 0;
    for (const [first, length] of this.runs()) {
      if (id >= first && id < first + length) return before + id - first;
      before += length;
    }
    return undefined;
  }

  /** Adds a run at an end. */
  add(end: RopeEnd, [first, length]: Run): void {
    const isFront = end === 'front';
    this.#edit(isFront ? 0 : this.length, (entries) => {
      const edge = isFront ? entries[0] : entries.at(-1);
      const isNext =
        edge !== undefined && (isFront ? first + length === edge[0] : edge[0] + edge[1] === first);
      if (isNext) {
        if (isFront) edge[0] = first;
        edge[1] += length;
      } else if (isFront) entries.unshift([first, length]);
      else entries.push([first, length]);
      return length;
    });
  }

  /** Takes up to so many ids off an end that follow each other. There has to be one. */
  take(end: RopeEnd, most: number): Run {
    let taken: Run = [0, 0];
    const isFront = end === 'front';
    this.#edit(isFront ? 0 : this.length, (entries) => {
      const edge = (isFront ? entries[0] : entries.at(-1)) as [number, number];
      const length = Math.min(edge[1], most);
      taken = [isFront ? edge[0] : edge[0] + edge[1] - length, length];
      if (isFront) edge[0] += length;
      edge[1] -= length;
      if (edge[1] === 0) entries.splice(isFront ? 0 : -1, 1);
      return -length;
    });
    return taken;
  }

  /** Takes out the id at a position, which there has to be. */
  remove(position: number): number {
    const id = this.at(position);
    this.#edit(position, (entries, index, offset) => {
      const [first, length] = entries[index] as [number, number];
      const parts: [number, number][] = [
        [first, offset],
        [id + 1, length - offset - 1],
      ];
      entries.splice(index, 1, ...parts.filter((part) => part[1] > 0));
      return -1;
    });
    return id;
  }

  #edit(position: number, edit: Edit): void {
    const { root } = this;
    this.#editIn(root, position, edit);
    if (root.entries.length > MOST_ENTRIES) {
      const half = this.#nodes.add({ isLeaf: root.isLeaf, entries: root.entries });
      root.entries = [[half, lengthOf(root)]];
      root.isLeaf = false;
      this.#tidy(root, 0);
    }
    while (!root.isLeaf && root.entries.length === 1) {
      const [only] = root.entries[0] as [number, number];
      Object.assign(root, this.#nodes.load(only));
      this.#nodes.remove(only);
    }
    if (root.entries.length === 0) root.isLeaf = true;
  }

  #editIn(node: RopeNode, position: number, edit: Edit): number {
    const { index, offset } = placeOf(node.entries, position);
    if (node.isLeaf) return edit(node.entries, index, offset);
    const entry = node.entries[index] as [number, number];
    const child = this.#nodes.load(entry[0]);
    const change = this.#editIn(child, offset, edit);
    entry[1] += change;
    this.#nodes.changed(entry[0], child);
    this.#tidy(node, index);
    return change;
  }

  /** Removes a part that is empty, and halves one that is too long. */
  #tidy(node: RopeNode, index: number): void {
    const entry = node.entries[index] as [number, number];
    const child = this.#nodes.load(entry[0]);
    if (child.entries.length === 0) {
      this.#nodes.remove(entry[0]);
      node.entries.splice(index, 1);
    } else if (child.entries.length > MOST_ENTRIES) {
      const half = { isLeaf: child.isLeaf, entries: child.entries.splice(child.entries.length >> 1) };
      entry[1] = lengthOf(child);
      this.#nodes.changed(entry[0], child);
      node.entries.splice(index + 1, 0, [this.#nodes.add(half), lengthOf(half)]);
    }
  }
}

function lengthOf({ entries }: RopeNode): number {
  return entries.reduce((sum, [, length]) => sum + length, 0);
}

/** In which entry a position is, and where in it; one past the end is at the end of the last. */
function placeOf(entries: RopeNode['entries'], position: number): { index: number; offset: number } {
  let before = 0;
  for (const [index, [, length]] of entries.entries()) {
    if (position < before + length || index === entries.length - 1)
      return { index, offset: position - before };
    before += length;
  }
  return { index: 0, offset: 0 };
}
