import { type Channel, channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers';
import type { Key } from './entry/key.ts';
import { describe, InvalidArgumentError, SerializerError } from './errors.ts';

/** What made an entry go before its time. */
export type EvictionReason =
  /** The bytes of all entries, or those of the files that they are in, would have exceeded `sizeLimit`. */
  | 'size'
  /** There would have been more entries than `entryLimit`. */
  | 'entries';

/** An entry that went. */
export interface Departure {
  /** As it was given to set(). */
  readonly key: Key;
  /** Bytes of its value as stored. */
  readonly size: number;
  /** Of an evicted entry: which limit it had to make room for. */
  readonly reason?: EvictionReason;
}

/** A cache that had to start empty, since its database could not be used any more. */
export interface Recreation {
  /**
   * 'corrupt': cache.db was damaged. 'foreign': it was no database, or another program's. 'replaced': another one has
   * taken its place while this process used it, most often since another process found it damaged. 'removed': it was
   * deleted while this process used it.
   */
  readonly reason: 'corrupt' | 'foreign' | 'replaced' | 'removed';
  /** Where the old cache.db is now, if it was this process that moved it. */
  readonly movedTo: string | undefined;
}

/**
 * What a cache tells those who listen, see DiskCache.on(): the names, and what a listener is given. The same is published
 * on the channels `diskcache:evict`, `diskcache:expire` and so on of node:diagnostics_channel.
 */
export interface CacheEvents {
  /** An entry was evicted by this process to keep a limit. Told once the transaction is committed. */
  evict: [entry: Departure];
  /** An entry was removed by this process because its time had passed. Told once the transaction is committed. */
  expire: [entry: Departure];
  /**
   * Something failed that no call is there to reject for: work in the background, or the reading of an entry that
   * getMany(), entryMany() or entries() leaves out (a SerializerError). Without a listener it becomes a process warning,
   * for entries of one serializer only the first time.
   */
  error: [error: Error];
  /**
   * A reader outside of DiskCache keeps the write-ahead log from being filled anew, so that it grows; it shrinks when the
   * reader is gone. Tells how many bytes it has.
   */
  logPinned: [logBytes: number];
  /**
   * The cache started empty in the place of one that could not be used, which was moved aside. A listener that is added
   * in the turn of the event loop in which the cache was opened hears it. Without one it becomes a process warning.
   */
  recreate: [recreation: Recreation];
}

/** What is published besides, on the channel `diskcache:` and its name, for tracing tools. */
interface Traces {
  get: { readonly key: Key; readonly hit: boolean };
  set: { readonly key: Key };
  delete: { readonly key: Key };
  /** A write waited for the lock of others. */
  lockWait: { readonly ms: number };
  /** The write-ahead log was moved into the database, by a thread. */
  checkpoint: { readonly ms: number };
}

type ChannelName = keyof CacheEvents | keyof Traces;

const EVENTS = [
  'evict',
  'expire',
  'error',
  'logPinned',
  'recreate',
] as const satisfies readonly (keyof CacheEvents)[];
const NAMES = [...EVENTS, 'get', 'set', 'delete', 'lockWait', 'checkpoint'] as const;

/** One for all caches of the process; a message names its cache by the directory. */
const channels = Object.fromEntries(
  NAMES.map((name) => [name, channel(`diskcache:${name}`)]),
) as unknown as Readonly<Record<ChannelName, Channel>>;

/** Listeners are called in order, and a failure in the background never goes unheard. */
export class Events extends EventEmitter<CacheEvents> {
  readonly #directory: string;
  readonly #warnedOf = new Set<string>();

  constructor(directory: string) {
    super();
    this.#directory = directory;
  }

  /** @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` when there is no such event */
  static validName<Name extends keyof CacheEvents>(name: Name): Name {
    if ((EVENTS as readonly string[]).includes(name)) return name;
    throw new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      `event must be one of ${EVENTS.join(', ')}; given ${describe(name)}`,
    );
  }

  /** Whether it is worth finding out what there is to tell. */
  isHeard(name: keyof CacheEvents): boolean {
    return this.listenerCount(name) > 0 || channels[name].hasSubscribers;
  }

  /** Tells in a tick of its own, so that a listener that throws breaks no call. */
  tell<Name extends Exclude<keyof CacheEvents, 'error' | 'recreate'>>(
    name: Name,
    given: CacheEvents[Name][0],
  ): void {
    process.nextTick(() => {
      this.#publish(name, given);
      this.emit(name as 'evict', given as Departure);
    });
  }

  /** Tells of a failure, in a tick of its own as well. */
  report(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    process.nextTick(() => {
      this.#publish('error', reason);
      if (this.listenerCount('error') > 0) this.emit('error', reason);
      else process.emitWarning(reason);
    });
  }

  /** Tells it at the end of the current turn of the event loop. */
  recreated(recreation: Recreation): void {
    setImmediate(() => {
      this.#publish('recreate', recreation);
      if (this.emit('recreate', recreation)) return;
      const { reason, movedTo } = recreation;
      const now = movedTo === undefined ? '' : `; what was there is now ${movedTo}`;
      process.emitWarning(`the cache in ${this.#directory} started empty: its database was ${reason}${now}`, {
        code: 'DISKCACHE_RECREATED',
      });
    });
  }

  /** Whether a tracing tool subscribed: asked first where it would cost something to have what to tell. */
  isTraced(name: keyof Traces): boolean {
    return channels[name].hasSubscribers;
  }

  trace<Name extends keyof Traces>(name: Name, given: Traces[Name]): void {
    if (channels[name].hasSubscribers) channels[name].publish({ directory: this.#directory, ...given });
  }

  /**
   * What a verb for many entries gives in the place of one that cannot be read.
   *
   * @throws `error` when it is any other
   */
  readonly leftOut = (error: unknown): undefined => {
    if (!(error instanceof SerializerError)) throw error;
    if (this.listenerCount('error') === 0) {
      if (this.#warnedOf.has(error.serializer)) return;
      this.#warnedOf.add(error.serializer);
    }
    this.report(error);
  };

  #publish(name: keyof CacheEvents, given: unknown): void {
    if (channels[name].hasSubscribers) channels[name].publish(messageOf(this.#directory, name, given));
  }
}

function messageOf(directory: string, name: keyof CacheEvents, given: unknown): object {
  switch (name) {
    case 'error':
      return { directory, error: given };
    case 'logPinned':
      return { directory, logBytes: given };
    default:
      return { directory, ...(given as object) };
  }
}
