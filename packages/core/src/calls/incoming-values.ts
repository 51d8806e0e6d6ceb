import { AGAIN, type Engine } from '../engine/engine.ts';
import type { EntryTerms } from '../entry/entry-options.ts';
import { type Key, keyIdentity } from '../entry/key.ts';
import { NotSynced } from '../storage/rows/log-sync.ts';
import { storageError, ThrownByBody } from '../storage/rows/sqlite-error.ts';
import type { ByteSource } from '../streams/byte-source.ts';
import { type Received, receive } from '../streams/incoming.ts';
import { StreamRoom } from './stream-room.ts';
import type { WriteQueue } from './write-queue.ts';

/** How often a file that is being written is marked as such: what was not for a minute looks forgotten. */
const TOUCH_EVERY_MS = 10_000;

const BYTES = Buffer.alloc(0);
const NOTHING = { bytes: 0, entries: 0 };
/** How much room is made on a full disk for a stream of which nobody knows the end. */
const MADE_AT_ONCE_BYTES = 1024 * 1024;

/** A value that comes as a stream. */
export interface StreamPut {
  readonly key: Key;
  readonly source: ByteSource;
  /** How many bytes there will be, if that is known. */
  readonly size: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly tags: string | null;
  /** What else the row records, if it is written now. */
  readonly terms: () => EntryTerms;
}

/** Values that come as streams: each goes straight into its file, and its row is written when it has ended. */
export class IncomingValues {
  readonly #engine: Engine;
  readonly #queue: WriteQueue;
  /** Bytes of other files that this process is writing. */
  readonly #besides: () => number;

  constructor(engine: Engine, queue: WriteQueue, besides: () => number) {
    this.#engine = engine;
    this.#queue = queue;
    this.#besides = besides;
  }

  /** Writes the file, then the row. What fails or is given up leaves nothing, and its source is ended. */
  async write(put: StreamPut): Promise<void> {
    const { key, source, signal, tags } = put;
    const { storage, removals, events } = this.#engine;
    const file = storage.files.newName();
    const room = new StreamRoom(this.#engine, this.#queue, { key, file, tags, signal }, this.#besides);
    const giveUp = () => source.cancel(signal?.reason);
    signal?.addEventListener('abort', giveUp);
    try {
      let received: Received | undefined;
      const isStored = await this.#queue.runLong(
        [keyIdentity(key)],
        () => this.#putRow(put, file, received as Received, room),
        async () => {
          received = await this.#receive(put, file, room);
        },
      );
      if (!isStored) removals.discard([file]);
    } catch (error) {
      source.cancel(error);
      if (error instanceof NotSynced) throw error;
      removals.discard([file]);
      await room.giveBack().catch((failure: unknown) => events.report(failure));
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  async #receive({ source, signal, size }: StreamPut, name: string, room: StreamRoom): Promise<Received> {
    signal?.throwIfAborted();
    if (size !== undefined) room.assertPossible(size);
    const { storage, settings, events } = this.#engine;
    const report = (error: unknown) => events.report(error);
    const file = await storage.files.create(name).catch(cannotWrite);
    const stopTouching = settings.clock.every(
      TOUCH_EVERY_MS,
      () => void file.touch(settings.clock.now()).catch(report),
    );
    try {
      if (size !== undefined) await room.reach(size, true);
      const received = await receive(source, file, {
        expected: size,
        hasChecksum: settings.checksum,
        assertPossible: (bytes) => room.assertPossible(bytes),
        reach: (bytes) => room.reach(bytes, false),
        mayGoOn: (error, tries) => this.#freesDisk(error, tries),
      });
      await file.complete().catch(cannotWrite);
      return received;
    } catch (error) {
      await file.abandon().catch(report);
      throw error;
    } finally {
      stopTouching();
    }
  }

  /** Whether the writing of a file that failed can go on, since there is room on the disk now. */
  async #freesDisk(error: unknown, tries: number): Promise<boolean> {
    const engine = this.#engine;
    if (!(await engine.fullDisk.makeRoom({ error, tries, bytes: MADE_AT_ONCE_BYTES }))) return false;
    await this.#queue.run([], () => (engine.evictor.makeRoom(NOTHING, engine.sliceEnd) ? undefined : AGAIN));
    await engine.removals.settled();
    return true;
  }

  #putRow(
    { key, signal, terms }: StreamPut,
    file: string,
    received: Received,
    room: StreamRoom,
  ): boolean | typeof AGAIN {
    if (signal?.aborted) throw new ThrownByBody(signal.reason);
    const reserved = room.release();
    const result = this.#engine.put(key, { ...received, codec: null, file, value: BYTES }, terms());
    if (result === AGAIN) room.restore(reserved);
    return result;
  }
}

function cannotWrite(error: unknown): never {
  throw storageError(error, 'cannot write a value file');
}
