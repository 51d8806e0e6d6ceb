import { crc32 } from 'node:zlib';
import type { Key } from '../entry/key.ts';

/** So many keys are remembered for each entry of the cache. */
const GHOSTS_AN_ENTRY = 0.75;
/** At 4 bytes each, 16 MiB. */
const MOST_GHOSTS = 2 ** 22;
/** A key has its place in one row of so many; the oldest of a row gives way. */
const ROW = 8;

/**
 * The keys that were evicted last, about three for four entries in the cache, of which only a hash is known. Takes 3
 * bytes of memory for each entry, 6 after the cache has shrunk, and never more than 16 MiB; nothing until the first key
 * comes. Kept by this process for itself, and gone with it: it is a hint, whose loss costs some hits.
 */
export class Ghosts {
  /** Rows of hashes, the latest first; 0 is an empty place. */
  #hashes = new Uint32Array(0);

  /** Remembers a key that was evicted from a cache of which `count` entries are left. */
  add(key: Key, count: number): void {
    this.#fit(count);
    const hash = hashOf(key);
    const start = this.#rowOf(hash);
    this.#hashes.copyWithin(start + 1, start, start + ROW - 1);
    this.#hashes[start] = hash;
  }

  /** Forgets a key. @returns whether it was remembered, or in one case of about 500 million another one was */
  take(key: Key): boolean {
    if (this.#hashes.length === 0) return false;
    const hash = hashOf(key);
    const start = this.#rowOf(hash);
    for (let place = start; place < start + ROW; place++) {
      if (this.#hashes[place] !== hash) continue;
      this.#hashes[place] = 0;
      return true;
    }
    return false;
  }

  #rowOf(hash: number): number {
    return (hash % (this.#hashes.length / ROW)) * ROW;
  }

  /** Starts anew where the cache has become another in size. */
  #fit(count: number): void {
    const wanted = Math.max(1, Math.ceil(Math.min(count * GHOSTS_AN_ENTRY, MOST_GHOSTS) / ROW)) * ROW;
    const { length } = this.#hashes;
    if (wanted > 2 * length || 2 * wanted < length) this.#hashes = new Uint32Array(wanted);
  }
}

function hashOf(key: Key): number {
  return crc32(typeof key === 'object' ? key : String(key)) || 1;
}
