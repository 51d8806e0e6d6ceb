import { monotonicMs } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { AGAIN } from '../engine/slice.ts';
import type { Find } from '../engine/live-rows.ts';
import { type Key, keyIdentity } from '../entry/key.ts';
import { NotSynced } from '../storage/rows/log-sync.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import { bytesOnDisk, type FileContent, type OpenFile } from '../storage/files/value-files.ts';
import type { EntryRow, FullEntryRow } from '../storage/rows/statements.ts';
import { freeOnDisk } from '../upkeep/freed-space.ts';
import {
  isFile,
  isRow,
  type PreparedFile,
  type PreparedValue,
  type UnfinishedValue,
} from '../engine/value-layout.ts';
import type { Loaded } from './call.ts';
import type { FileRoom } from './file-room.ts';
import { PendingFile } from './pending-file.ts';
import { whileRoomIsTaken } from './room-taken.ts';
import type { ConcernedKeys } from './pending-writes.ts';
import type { WriteQueue } from './write-queue.ts';

/** The work that writes the rows of values. */
interface LargeWrite<T> {
  readonly work: (values: readonly PreparedValue[]) => T | typeof AGAIN;
  readonly isOnce?: boolean;
  /** Whose entry is replaced, where it is one alone. */
  readonly replaced?: Key | undefined;
}

interface Filling {
  readonly replaced: Key | undefined;
  readonly askedAt: number;
}

/** Values in files, read and written off the event loop. */
export class LargeValues {
  readonly #engine: Engine;
  readonly #queue: WriteQueue;
  readonly #readRow: <T>(work: () => T) => T | Promise<T>;
  readonly #room: FileRoom;
  readonly #reads = new Set<Promise<unknown>>();

  constructor(
    engine: Engine,
    queue: WriteQueue,
    room: FileRoom,
    readRow: <T>(work: () => T) => T | Promise<T>,
  ) {
    this.#engine = engine;
    this.#queue = queue;
    this.#readRow = readRow;
    this.#room = room;
  }

  /** The value of a row that has a file, read as long as it takes to find one that is whole. */
  read<Row extends EntryRow>(key: Key, row: Row, find: Find<Row>): Promise<Loaded<Row> | undefined> {
    const reading = this.#read(key, row, find).finally(() => this.#reads.delete(reading));
    this.#reads.add(reading);
    if (row.file !== null) this.#engine.removals.hold(row.file, reading);
    return reading;
  }

  /**
   * Compresses values where that is still to be done, writes the files that they have, and then does the work that writes
   * their rows; a file goes again unless its row came to be.
   */
  async write<T>(
    concerned: ConcernedKeys,
    given: readonly (PreparedValue | UnfinishedValue)[],
    { work, isOnce = false, replaced }: LargeWrite<T>,
  ): Promise<T> {
    const size = given.reduce((sum, value) => sum + (isRow(value) ? 0 : value.size), 0);
    const entrant = this.#room.entrant(size);
    const values: PreparedValue[] = [];
    const files: PendingFile[] = [];
    let mayBeStored = true;
    const before = async () => {
      const askedAt = monotonicMs();
      // Room is given in the order of the calls, so also to what may turn out to be smaller.
      await this.#room.enter(entrant);
      for (const value of given) {
        const finished = 'finish' in value ? await value.finish() : value;
        values.push(
          isFile(finished) ? await this.#written(finished, files, { replaced, askedAt }) : finished,
        );
      }
    };
    try {
      return await this.#queue.run(concerned, () => work(values), { before, isOnce });
    } catch (error) {
      mayBeStored = error instanceof NotSynced;
      throw error;
    } finally {
      this.#room.leave(entrant);
      for (const file of files) {
        if (mayBeStored && file.isStored) file.stored();
        else await file.giveUp();
      }
    }
  }

  /**
   * Takes out the entry that `pick` finds. Its file is opened before the row is removed, so that what cannot be read for
   * want of descriptors, rights or a serializer stays where it is.
   */
  async take(
    concerned: ConcernedKeys,
    pick: () => FullEntryRow | undefined,
  ): Promise<Loaded<FullEntryRow> | undefined> {
    const engine = this.#engine;
    for (;;) {
      let opened: OpenFile | undefined;
      const work = () => {
        opened?.closeSync();
        opened = undefined;
        for (let row = pick(); row !== undefined; row = pick()) {
          if (row.file === null) return removed(row, engine.values.decode(row.key, row));
          engine.values.assertReadable(row.key, row);
          opened = engine.storage.files.openSync(row.file);
          if (opened !== undefined) return removed(row, undefined);
          engine.broken.removeEntry(row.key, row.file, 'gone');
        }
        return undefined;
      };
      const removed = (row: FullEntryRow, value: unknown) => {
        engine.changes.delete(row.key);
        return { row, value };
      };
      const taken = await this.#queue.run(concerned, work).catch((error: unknown) => {
        opened?.closeSync();
        throw storageError(error, 'cannot open a value file');
      });
      if (opened === undefined || taken === undefined) return taken;
      const { row } = taken;
      const content = engine.values.verified(row, await this.#contentOf(opened, row.size));
      if (Buffer.isBuffer(content))
        return { row, value: await engine.values.decodeLater(row.key, row, content) };
      engine.broken.report(row.file as string, content);
    }
  }

  /**
   * What `look` makes of the file of a row that was found, or of the one that has taken its place: another process may have
   * replaced it, then the file is gone, and the new one counts. An entry whose file cannot be handed out is removed.
   *
   * @returns the row, with nothing where its value is not in a file; undefined where there is no entry
   */
  async whole<Row extends EntryRow, Content extends object>(
    key: Key,
    found: Row | undefined,
    find: Find<Row>,
    look: (file: string, row: Row) => Promise<Content | 'gone' | 'damaged'>,
  ): Promise<{ readonly row: Row; readonly content: Content | undefined } | undefined> {
    let row = found;
    while (row !== undefined) {
      if (row.file === null) return { row, content: undefined };
      const { file } = row as { file: string };
      const content = await look(file, row).catch((error: unknown) => {
        throw storageError(error, 'cannot read a value file');
      });
      if (typeof content === 'object') return { row, content };
      row = await this.#readRow(() => find(key));
      if (row?.file === file) {
        await this.removeBroken(key, file, content);
        return undefined;
      }
    }
    return undefined;
  }

  /** Removes the entry of a file that cannot be handed out. */
  removeBroken(key: Key, file: string, why: 'gone' | 'damaged'): Promise<void> {
    const { broken, settings } = this.#engine;
    if (!settings.readOnly)
      return this.#queue.run([keyIdentity(key)], () => broken.removeEntry(key, file, why));
    broken.report(file, why, 'its entry stays');
    return Promise.resolve();
  }

  get isIdle(): boolean {
    return this.#reads.size === 0;
  }

  /** Resolves when no file is being read. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#reads);
  }

  async #read<Row extends EntryRow>(key: Key, found: Row, find: Find<Row>): Promise<Loaded<Row> | undefined> {
    const { values, storage } = this.#engine;
    const whole = await this.whole(key, found, find, async (file, row) =>
      values.verified(row, await storage.files.read(file, row.size)),
    );
    return whole && { row: whole.row, value: await values.decodeLater(key, whole.row, whole.content) };
  }

  async #contentOf(file: OpenFile, size: number): Promise<FileContent> {
    try {
      return await file.read(size);
    } catch (error) {
      throw storageError(error, 'cannot read a value file');
    } finally {
      file.closeSync();
    }
  }

  async #written(value: PreparedFile, files: PendingFile[], filling: Filling): Promise<PreparedFile> {
    const file = new PendingFile(this.#engine, this.#queue, value.file);
    files.push(file);
    await this.#fill(file, value, filling);
    return { ...value, put: (putRow) => file.put(putRow) };
  }

  async #fill(
    file: PendingFile,
    { bytes, size }: PreparedFile,
    { replaced, askedAt }: Filling,
  ): Promise<void> {
    const room = this.#room;
    const space = bytesOnDisk(size);
    const reserve = () => file.reserve(space, { replaced });
    for (;;) {
      await whileRoomIsTaken(this.#engine, this.#queue, reserve, () => room.isLate(askedAt));
      room.found();
      await freeOnDisk(this.#engine);
      try {
        return await file.write(bytes);
      } catch (error) {
        if (!this.#engine.recovery.from(error)) throw error;
      }
    }
  }
}
