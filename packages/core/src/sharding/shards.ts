import { resolve } from 'node:path';
import { FileRoom } from '../calls/file-room.ts';
import { InTurn } from '../calls/in-turn.ts';
import { DiskCache } from '../disk-cache.ts';
import { Engine } from '../engine/engine.ts';
import type { Key } from '../entry/key.ts';
import { InvalidArgumentError } from '../errors.ts';
import { checkOptions } from '../entry/entry-options.ts';
import {
  type DiskCacheOptions,
  DISK_CACHE_OPTIONS,
  resolveOptions,
  type Settings,
  validDirectory,
} from '../options.ts';
import {
  makeDirectory,
  makeTemporaryDirectory,
  markAsCache,
  removeAtExit,
  removeTemporaryDirectory,
} from '../storage/directory.ts';
import { refuseNetworkFileSystem } from '../storage/network-file-system.ts';
import { SharedLimits } from '../upkeep/shared-limits.ts';
import { type HeldLayout, holdLayout, type Layout, shardFolder, validShards } from './layout.ts';
import { removeLeftovers } from './leftovers.ts';
import { NamedCaches } from './named-caches.ts';
import { Reach } from './reach.ts';
import { shardOfKey, shardOfQueue } from './shard-of-key.ts';

/** How a sharded cache is opened: as a DiskCache is, and with a number of shards. */
export interface ShardedDiskCacheOptions extends DiskCacheOptions {
  /**
   * How many shards a new cache gets, from 1 to 256. It is stored: for one that exists leave it out, or give the number that
   * it has. Each shard is a DiskCache in a folder of its own with a lock of its own; more than there are processes that write
   * at a time are of little use.
   *
   * @default 8, or as many as there are
   */
  shards?: number | undefined;
}

/** One of the caches that a sharded one is made of. */
export interface Shard {
  readonly engine: Engine;
  readonly calls: InTurn;
  readonly cache: DiskCache;
}

/** What balance() could not put right at once is tried again after so long. */
const BALANCE_MS = 10_000;

/** The shards of a cache, opened and closed together. */
export class Shards {
  /** As an absolute path. */
  readonly directory: string;
  readonly settings: Settings;
  readonly all: readonly Shard[];
  readonly limits: SharedLimits;
  /** Caches of their own in the same folder. */
  readonly named: NamedCaches;
  /** What the body that is just being carried out may use of the shards. */
  readonly reach = new Reach();
  readonly #layout: HeldLayout;
  readonly #isTemporary: boolean;
  readonly #stopTicking: () => void;
  #isClosed = false;

  constructor(directory: string | undefined, given: ShardedDiskCacheOptions | undefined) {
    const { shards, ...options } = checkOptions(given, ['shards', ...DISK_CACHE_OPTIONS]);
    const count = shards === undefined ? undefined : validShards(shards);
    this.settings = resolveOptions(options);
    const { readOnly, clock } = this.settings;
    this.#isTemporary = directory === undefined;
    this.directory = this.#place(directory);
    if (!this.settings.allowNetworkFileSystem) refuseNetworkFileSystem(this.directory);
    if (!readOnly) makeDirectory(this.directory);
    const prepare = (layout: Layout) => makeShards(this.directory, layout, options);
    this.#layout = holdLayout(this.directory, count, this.settings, prepare);
    try {
      if (!readOnly) markAsCache(this.directory);
      this.limits = limitsOf(this.#layout, this.settings);
      this.all = openShards(this.directory, this.#layout, options, this.limits);
    } catch (error) {
      this.#layout.letGo();
      throw error;
    }
    this.named = new NamedCaches(this.directory, options);
    const balance = () => void this.limits.balance();
    this.#stopTicking = readOnly ? () => undefined : clock.every(BALANCE_MS, balance);
    if (!readOnly) this.#tidy();
  }

  /** The shard that a key belongs to. What is no key is for the shard to refuse. */
  of(key: Key): Shard {
    return this.all[this.placeOf(key)] as Shard;
  }

  /** The shard that a queue is in, all of it. */
  ofQueue(prefix: string): Shard {
    return this.all[this.placeOfQueue(prefix)] as Shard;
  }

  /** Which one that is. */
  placeOf(key: Key): number {
    return shardOfKey(key, this.all.length);
  }

  placeOfQueue(prefix: string): number {
    return shardOfQueue(prefix, this.all.length);
  }

  /** @throws DiskCacheError `ERR_DISKCACHE_CLOSED` */
  assertOpen(): void {
    for (const { engine } of this.all) engine.assertOpen();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#stop();
    await Promise.all([this.named.close(), ...this.all.map(({ cache }) => cache.close())]);
    this.#leave();
  }

  closeSync(): void {
    if (this.#isClosed) return;
    this.#stop();
    this.named.closeSync();
    for (const { engine } of this.all) engine.closeSync();
    this.#leave();
  }

  #place(given: string | undefined): string {
    if (given !== undefined) return resolve(validDirectory(given));
    if (this.settings.readOnly) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_OPTION',
        'directory must be the path of a folder where readOnly is given; given undefined',
      );
    }
    const directory = makeTemporaryDirectory();
    removeAtExit(directory, () => this.closeSync());
    return directory;
  }

  /** What a killed process has left undone. */
  #tidy(): void {
    if (this.limits.isUneven) this.limits.balanceSoon();
    const report = (error: unknown) => this.all[0]?.engine.events.report(error);
    removeLeftovers(this.directory, this.#layout, this.settings).catch(report);
  }

  #stop(): void {
    this.#isClosed = true;
    this.#stopTicking();
    this.limits.stop();
  }

  #leave(): void {
    this.#layout.letGo();
    if (this.#isTemporary) removeTemporaryDirectory(this.directory);
  }
}

/** The limits that shards have together. */
export function limitsOf({ shards }: Layout, settings: Settings): SharedLimits {
  return new SharedLimits({ ...settings, count: shards, now: () => settings.clock.now() });
}

/** Makes new shards, which have the limits among them from the start. */
export function makeShards(directory: string, layout: Layout, options: DiskCacheOptions): void {
  const limits = limitsOf(layout, resolveOptions(options));
  const opened = openShards(directory, layout, options, limits);
  limits.balance();
  for (const { engine } of opened) engine.closeSync();
}

/** Opens all shards. Together they are not to take more memory than one cache. */
export function openShards(
  directory: string,
  layout: Layout,
  options: DiskCacheOptions,
  limits: SharedLimits,
): Shard[] {
  const { memoryLimit } = resolveOptions(options);
  const opened: Shard[] = [];
  let room: FileRoom | undefined;
  try {
    for (let shard = 0; shard < layout.shards; shard++) {
      const folder = shardFolder(directory, layout, shard);
      const part = { ...options, memoryLimit: Math.floor(memoryLimit / layout.shards) };
      const engine = new Engine(folder, part, limits);
      room ??= new FileRoom(engine.settings);
      const calls = new InTurn(engine, room);
      opened.push({ engine, calls, cache: new DiskCache(engine, calls) });
    }
    return opened;
  } catch (error) {
    for (const { engine } of opened) engine.closeSync();
    throw error;
  }
}
