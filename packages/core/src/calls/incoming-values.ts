import type { Engine } from '../engine/engine.ts';
import type { AGAIN } from '../engine/slice.ts';
import type { EntryTerms } from '../entry/entry-options.ts';
import { type Key, keyIdentity } from '../entry/key.ts';
import { NotSynced } from '../storage/rows/log-sync.ts';
import { ThrownByBody } from '../storage/rows/sqlite-error.ts';
import type { ByteSource } from '../streams/byte-source.ts';
import { type Received, receive } from '../streams/incoming.ts';
import { PendingFile } from './pending-file.ts';
import { StreamRoom } from './stream-room.ts';
import type { WriteQueue } from './write-queue.ts';

const BYTES = Buffer.alloc(0);

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

  constructor(engine: Engine, queue: WriteQueue) {
    this.#engine = engine;
    this.#queue = queue;
  }

  /** Writes the file, then the row. What fails or is given up leaves nothing, and its source is ended. */
  async write(put: StreamPut): Promise<void> {
    const { key, source, signal } = put;
    const file = new PendingFile(this.#engine, this.#queue, this.#engine.storage.files.newName());
    let received: Received | undefined;
    let isStored = false;
    const giveUp = () => source.cancel(signal?.reason);
    signal?.addEventListener('abort', giveUp);
    try {
      isStored = await this.#queue.runLong(
        [keyIdentity(key)],
        () => this.#putRow(put, file, received as Received),
        async () => {
          signal?.throwIfAborted();
          await file.begin();
          received = await this.#receive(put, file);
        },
        signal,
      );
    } catch (error) {
      isStored = error instanceof NotSynced;
      source.cancel(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
      if (isStored) file.stored();
      else await file.giveUp();
    }
  }

  async #receive({ key, tags, source, signal, size }: StreamPut, file: PendingFile): Promise<Received> {
    const room = new StreamRoom(this.#engine, this.#queue, { key, file, tags, signal });
    if (size !== undefined) {
      room.assertPossible(size);
      await room.reach(size, true);
    }
    const received = await receive(source, file, {
      expected: size,
      hasChecksum: this.#engine.settings.checksum,
      assertPossible: (bytes) => room.assertPossible(bytes),
      reach: (bytes) => room.reach(bytes, false),
    });
    // Something has to be reserved for an empty one, too.
    await room.reach(received.size, true);
    await file.complete();
    return received;
  }

  #putRow({ key, signal, terms }: StreamPut, file: PendingFile, received: Received): boolean | typeof AGAIN {
    if (signal?.aborted) throw new ThrownByBody(signal.reason);
    const value = { ...received, codec: null, file: file.name, value: BYTES };
    return file.put(() => this.#engine.changes.put(key, value, terms()));
  }
}
