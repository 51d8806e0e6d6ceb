import type { Engine } from '../engine/engine.ts';
import { AGAIN } from '../engine/slice.ts';
import type { Key } from '../entry/key.ts';
import { DiskCacheError } from '../errors.ts';

/** How reserveSpace() makes room. */
export interface Reserving {
  /** The key whose entry the file will replace, which is not to go before it. */
  readonly replaced?: Key | undefined;
  /** Whether even that entry may go, when it is the last. */
  readonly maySpend?: boolean;
  /** Whether more may be reserved for the file later. */
  readonly grows?: boolean;
}

/**
 * Reserves space for a file that is being written, evicting what has to go for it. Needs the write lock.
 *
 * @returns AGAIN when the slice ended first
 */
export function reserveSpace(
  engine: Engine,
  file: string,
  space: number,
  { replaced, maySpend = true, grows = false }: Reserving = {},
): undefined | typeof AGAIN {
  const { reservations, sql } = engine.storage;
  const reserved = reservations.of(file);
  const spare = replaced === undefined ? undefined : sql.findReplaced.get(replaced)?.id;
  const room = { bytes: space - reserved, entries: 0, spare, file: { reserved, maySpend } };
  if (!engine.evictor.makeRoom(room, engine.sliceEnd)) return AGAIN;
  reservations.set(file, space, engine.now(), grows);
  return undefined;
}

/**
 * Has an entry written that takes over the space which is reserved for its file. Needs the write lock.
 *
 * @returns what `putRow` returned
 * @throws DiskCacheError `ERR_DISKCACHE_STORAGE` when others destroyed the cache, or took the file for left over
 */
export function putReserved<T>(
  { storage }: Engine,
  file: string,
  putRow: () => T | typeof AGAIN,
): T | typeof AGAIN {
  const { files, reservations } = storage;
  const kept = reservations.release(file);
  // With a database that was replaced meanwhile went what was reserved, but not the file.
  const isThere = kept !== undefined || (!reservations.isOwn(file) && files.size(file) !== undefined);
  if (!isThere)
    throw new DiskCacheError(
      'ERR_DISKCACHE_STORAGE',
      `value file ${file} is gone: another process destroyed the cache, or took it for left over while this one stood still`,
    );
  const result = putRow();
  if (result === AGAIN && kept !== undefined) reservations.restore(kept);
  return result;
}
