import type { Key } from '../entry/key.ts';
import { togetherWith } from '../entry/named-key.ts';
import { queueOfItem } from '../entry/queue-key.ts';

/** Keys of different types are different keys. */
const SEEDS = { number: 1, string: 2, bytes: 3 } as const;

const float = new DataView(new ArrayBuffer(8));

/**
 * Which of `count` shards an entry is in. It is the same on every machine and in every version, since what is on disk is
 * found by it. All items of a queue are in one shard, that of its prefix, so that they keep their order; so is all of a
 * collection, and what locks and semaphores keep, which is changed in one transaction.
 */
export function shardOfKey(key: Key, count: number): number {
  if (typeof key === 'string') return spread(hashOfText(togetherWith(queueOfItem(key) ?? key)), count);
  // What is no key is for any of the shards to refuse.
  return typeof key === 'number' || key instanceof Uint8Array ? spread(hashOf(key), count) : 0;
}

/** The one that a queue is in. */
export function shardOfQueue(prefix: string, count: number): number {
  return typeof prefix === 'string' ? spread(hashOfText(togetherWith(prefix)), count) : 0;
}

function spread(hash: number, count: number): number {
  return Math.floor((hash / 2 ** 32) * count);
}

function hashOf(key: number | Uint8Array): number {
  if (typeof key === 'object') return hashOfBytes(key);
  // 0 and -0 are one key.
  float.setFloat64(0, key === 0 ? 0 : key, true);
  return finished(added(added(SEEDS.number, float.getInt32(0, true)), float.getInt32(4, true)), 2);
}

function hashOfText(text: string): number {
  let hash: number = SEEDS.string;
  for (let place = 0; place < text.length; place++) hash = added(hash, text.charCodeAt(place));
  return finished(hash, text.length);
}

function hashOfBytes(bytes: Uint8Array): number {
  let hash: number = SEEDS.bytes;
  for (const byte of bytes) hash = added(hash, byte);
  return finished(hash, bytes.length);
}

/** One round of MurmurHash3 (Austin Appleby, https://github.com/aappleby/smhasher), here with a character or byte to a word. */
function added(hash: number, word: number): number {
  const first = Math.imul(word, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((first << 15) | (first >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** Its end, after which each bit depends on all. */
function finished(hash: number, words: number): number {
  let mixed = hash ^ words;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
