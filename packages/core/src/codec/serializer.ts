import { deserialize, serialize } from 'node:v8';

/**
 * Turns values into text or bytes and back. Strings, numbers and bytes never pass through one: they are stored as
 * themselves.
 *
 * @example
 * ```ts
 * import { DiskCache, type Serializer } from '@diskcache/core';
 *
 * const lines: Serializer = {
 *   id: 'lines',
 *   serialize: (value) => (value as string[]).join('\n'),
 *   deserialize: (data) => String(data).split('\n'),
 * };
 * const cache = new DiskCache('./cache', { serializer: lines });
 * await cache.set('poem', ['so much depends', 'upon']);
 * console.log(await cache.get('poem')); // [ 'so much depends', 'upon' ]
 * await cache.close();
 * ```
 */
export interface Serializer {
  /**
   * Written into each row, so that a row is always read by what wrote it. Choose a new one for a new format, and give the
   * old one among `serializers` for as long as there are entries of it. Without `|`.
   */
  readonly id: string;
  /** Throws when `value` would not come back from deserialize() as it is. */
  serialize(value: unknown): string | Uint8Array;
  /** Gets a string where serialize() gave a string, and a Buffer where it gave bytes. */
  deserialize(data: string | Buffer): unknown;
}

/** JSON text. Only for values of which JSON gives back an equal one. */
export const json: Serializer = {
  id: 'json',
  serialize: (value) => JSON.stringify(value),
  deserialize: (data) => JSON.parse(data as string),
};

/** The structured clone format of V8: also Date, Map, Set, bigint, typed arrays, undefined, NaN and cycles. */
export const v8: Serializer = {
  id: 'v8',
  serialize,
  deserialize: (data) => deserialize(data as Buffer),
};

/**
 * How a cache writes what is neither a string, a number nor bytes: JSON where that gives back an equal value and V8's
 * structured clone elsewhere ('auto'), only one of the two, or a serializer of one's own.
 */
export type SerializerChoice = 'auto' | 'json' | 'v8' | Serializer;
