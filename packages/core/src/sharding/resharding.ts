import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nextTurn } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { checkOptions } from '../entry/entry-options.ts';
import { progressOptions, type ProgressOptions } from '../entry/progress-options.ts';
import { DiskCacheError, TimeoutError } from '../errors.ts';
import { resolveOptions, type Settings, validDirectory } from '../options.ts';
import { destroy } from '../storage/destruction.ts';
import { SHARDS_FILE } from '../storage/directory.ts';
import type { MovedRow } from '../storage/rows/move-statements.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import { isPinned } from '../storage/storage.ts';
import { type Layout, layoutLock, readLayout, shardFolder, validShards, writeLayout } from './layout.ts';
import { removeLeftovers } from './leftovers.ts';
import { merged } from './merging.ts';
import { shardOfKey } from './shard-of-key.ts';
import { limitsOf, makeShards, openShards, type Shard } from './shards.ts';

/** What ShardedDiskCache.reshard() may be told. */
export interface ReshardOptions extends ProgressOptions<{
  /** Entries that have their new place so far. */
  readonly moved: number;
}> {
  /** As in ShardedDiskCacheOptions. @default false */
  allowNetworkFileSystem?: boolean | undefined;
}

/** Entries that are moved in one turn of the event loop. */
const MOVED_AT_ONCE = 256;
/** How long those who are just closing the cache are waited for. */
const CLOSING_MS = 100;

/** Lays a sharded cache out anew, beside the shards that there are, and then takes the new ones in their place. */
export async function reshard(directory: unknown, shards: unknown, options?: ReshardOptions): Promise<void> {
  const folder = resolve(validDirectory(directory));
  const count = validShards(shards);
  const { allowNetworkFileSystem } = checkOptions(options, [
    'allowNetworkFileSystem',
    'onProgress',
    'signal',
  ]);
  const progress = progressOptions<ReshardOptions>(options, [
    'allowNetworkFileSystem',
    'onProgress',
    'signal',
  ]);
  // Nothing is to go, nor to be given out from memory, while entries are moved.
  const settings = resolveOptions({
    allowNetworkFileSystem,
    eviction: 'none',
    sizeLimit: Infinity,
    memoryLimit: 0,
  });
  const letGo = alone(folder);
  try {
    const before = readLayout(folder) as Layout;
    await removeLeftovers(folder, before, settings);
    if (before.shards === count) return;
    const after: Layout = { shards: count, generation: before.generation + 1 };
    await moveAll(folder, before, after, settings, progress);
    writeLayout(folder, after);
    await removeLeftovers(folder, after, settings);
  } catch (error) {
    throw storageError(error, `cannot change the shards in ${folder}`);
  } finally {
    letGo();
  }
}

function alone(directory: string): () => void {
  if (!existsSync(join(directory, SHARDS_FILE)))
    throw new DiskCacheError('ERR_DISKCACHE_NOT_FOUND', `there is no sharded cache in ${directory}`);
  try {
    return layoutLock(directory, { timeoutMs: CLOSING_MS, readOnly: false }).holdAlone();
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new DiskCacheError(
      'ERR_DISKCACHE_SHARDS',
      `the cache in ${directory} is in use: its number of shards can be changed only while nobody has it open`,
    );
  }
}

/** Moves all entries, in the order of their insertion. What is left when it fails is not seen by anybody. */
async function moveAll(
  directory: string,
  before: Layout,
  after: Layout,
  settings: Settings,
  { onProgress, signal }: Partial<ReshardOptions>,
): Promise<void> {
  const { allowNetworkFileSystem, eviction, sizeLimit, memoryLimit } = settings;
  const options = { allowNetworkFileSystem, eviction, sizeLimit, memoryLimit };
  signal?.throwIfAborted();
  makeShards(directory, after, options);
  const opened = [before, after].map((layout) =>
    openShards(directory, layout, options, limitsOf(layout, settings)),
  ) as [Shard[], Shard[]];
  const [old, anew] = opened;
  let isDone = false;
  try {
    let moved = 0;
    const rows = merged(
      old.map(({ engine }) => rowsOf(engine)),
      (one, other) => one.seq - other.seq,
    );
    for (let some = take(rows); some.length > 0; some = take(rows)) {
      moveSome(some, old, anew);
      moved += some.length;
      onProgress?.({ moved });
      await nextTurn();
      signal?.throwIfAborted();
    }
    await Promise.all(anew.map(({ engine }) => engine.checkpoints.empty()));
    isDone = true;
  } finally {
    await Promise.all(opened.flat().map(({ cache }) => cache.close()));
    if (!isDone)
      for (let shard = 0; shard < after.shards; shard++)
        await destroy({ ...settings, directory: shardFolder(directory, after, shard) });
  }
}

type Found = { readonly one: MovedRow; readonly place: number };

function take(rows: Iterator<Found>): Found[] {
  const some: Found[] = [];
  for (let next = rows.next(); !next.done; next = rows.next()) {
    some.push(next.value);
    if (some.length === MOVED_AT_ONCE) break;
  }
  return some;
}

function* rowsOf({ storage }: Engine): Generator<MovedRow[], void> {
  const statement = storage.sql.move.rows();
  for (let after = -1; ;) {
    const rows = statement.all(after, MOVED_AT_ONCE);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
    yield rows;
  }
}

function moveSome(rows: readonly Found[], old: readonly Shard[], anew: readonly Shard[]): void {
  const groups = anew.map((): Found[] => []);
  for (const row of rows) groups[shardOfKey(row.one.key, anew.length)]?.push(row);
  for (const [shard, group] of groups.entries()) {
    const { engine } = anew[shard] as Shard;
    if (group.length === 0) continue;
    if (!engine.begin()) throw new TimeoutError(0);
    try {
      for (const { one, place } of group) moveOne(one, (old[place] as Shard).engine, engine);
      engine.commit();
    } catch (error) {
      engine.rollback();
      throw error;
    }
  }
}

function moveOne(row: MovedRow, from: Engine, to: Engine): void {
  const {
    key,
    codec,
    size,
    checksum,
    file,
    value,
    space,
    expires,
    tags,
    stored,
    leasedUntil,
    leasedFor,
    lease,
  } = row;
  if (file !== null) to.storage.files.linkSync(file, from.storage.files);
  const hasExtras = row.deadline !== null || row.staleUntil !== null || row.cost !== null;
  const extras = hasExtras
    ? { deadline: row.deadline, staleUntil: row.staleUntil, cost: row.cost }
    : undefined;
  const growth = {
    old: undefined,
    space,
    bytes: space,
    entries: 1,
    spare: undefined,
    place: undefined,
  } as const;
  const id = to.storage.put(
    key,
    { codec, size, checksum, file, value },
    { expires, tags, stored, isPinned: isPinned(row), extras, arrival: row.seq },
    growth,
  );
  if (lease !== null) to.storage.sql.queue.setLease.run(leasedUntil, leasedFor, lease, id);
  // Written down anew they are one more.
  if (row.at !== null && row.hits !== null)
    to.storage.sql.addUse.run({ id, at: row.at, hits: row.hits - 1, tick: 0, halfLife: 1, latest: Infinity });
}
