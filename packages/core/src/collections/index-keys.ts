import { type Key, validKey } from '../entry/key.ts';

/** A key of an index as text, which tells of what type it is. */
export type KeyText = string;

/** @throws InvalidArgumentError `ERR_DISKCACHE_KEY` */
export function keyText(key: Key): KeyText {
  const checked = validKey(key);
  if (typeof checked === 'string') return `s${checked}`;
  // 0 and -0 are one key, as in the cache.
  if (typeof checked === 'number') return `n${String(checked)}`;
  return `b${Buffer.from(checked).toString('hex')}`;
}

export function keyFrom(text: KeyText): Key {
  const rest = text.slice(1);
  if (text.startsWith('s')) return rest;
  if (text.startsWith('n')) return Number(rest);
  return new Uint8Array(Buffer.from(rest, 'hex'));
}
