import { type AGAIN, type Engine } from '../engine/engine.ts';
import type { Find } from '../engine/live-rows.ts';
import { FileRoom } from './file-room.ts';
import { type Key, keyIdentity } from '../entry/key.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import type { FileContent, OpenFile } from '../storage/files/value-files.ts';
import type { EntryRow, FullEntryRow } from '../storage/rows/statements.ts';
import {
  isFile,
  type PreparedFile,
  type PreparedValue,
  type UnfinishedValue,
} from '../engine/value-layout.ts';
import type { Loaded } from './call.ts';
import type { ConcernedKeys, WriteQueue } from './write-queue.ts';

/** Values in files, read and written off the event loop. */
export class LargeValues {
  readonly #engine: Engine;
  readonly #queue: WriteQueue;
  readonly #readRow: <T>(work: () => T) => T | Promise<T>;
  readonly #room: FileRoom;
  readonly #reads = new Set<Promise<unknown>>();
  /** Bytes of files that are being written, whose rows do not count them yet. */
  #uncounted = 0;

  constructor(engine: Engine, queue: WriteQueue, readRow: <T>(work: () => T) => T | Promise<T>) {
    this.#engine = engine;
    this.#queue = queue;
    this.#readRow = readRow;
    this.#room = new FileRoom(engine.settings.sizeLimit);
  }

  /** The value of a row that has a file, read as long as it takes to find one that is whole. */
  read<Row extends EntryRow>(key: Key, row: Row, find: Find<Row>): Promise<Loaded<Row> | undefined> {
    const reading = this.#read(key, row, find).finally(() => this.#reads.delete(reading));
    this.#reads.add(reading);
    if (row.file !== null) this.#engine.removals.hold(row.file, reading);
    return reading;
  }

  /**
   * Compresses the value if that is still to be done, writes its file if it has one, then the row; the file goes again
   * unless the row came to be.
   */
  async write(
    concerned: ConcernedKeys,
    given: PreparedFile | UnfinishedValue,
    putRow: (value: PreparedValue) => boolean | typeof AGAIN,
  ): Promise<boolean> {
    let value: PreparedValue | undefined;
    let taken = 0;
    let isStored = false;
    try {
      isStored = await this.#queue.run(concerned, () => putRow(value as PreparedValue), {
        before: async () => {
          // Room is given in the order of the calls, so also to what may turn out to be smaller.
          await this.#room.take(given.size);
          taken = given.size;
          value = 'finish' in given ? await given.finish() : given;
          if (isFile(value)) await this.#writeFile(value);
        },
      });
      return isStored;
    } catch (error) {
      throw storageError(error, 'cannot write a value file');
    } finally {
      this.#room.giveBack(taken);
      if (value !== undefined && isFile(value)) {
        this.#uncounted -= value.size;
        if (!isStored) this.#engine.removals.discard([value.file]);
      }
    }
  }

  /**
   * Takes out the entry that `pick` finds. Its file is opened before the row is removed, so that what cannot be read for
   * want of descriptors or rights stays where it is.
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
          opened = engine.storage.files.openSync(row.file);
          if (opened !== undefined) return removed(row, undefined);
          engine.broken.removeEntry(row.key, row.file, 'gone');
        }
        return undefined;
      };
      const removed = (row: FullEntryRow, value: unknown) => {
        engine.delete(row.key);
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

  get isIdle(): boolean {
    return this.#reads.size === 0;
  }

  /** Resolves when no file is being read. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#reads);
  }

  /** Another process may have replaced the row that was found: then its file is gone, and the new one counts. */
  async #read<Row extends EntryRow>(key: Key, found: Row, find: Find<Row>): Promise<Loaded<Row> | undefined> {
    const engine = this.#engine;
    let row: Row | undefined = found;
    while (row !== undefined) {
      if (row.file === null) return { row, value: await engine.values.decodeLater(key, row) };
      const { file } = row as { file: string };
      const content = engine.values.verified(row, await this.#fileContent(file, row.size));
      if (Buffer.isBuffer(content)) return { row, value: await engine.values.decodeLater(key, row, content) };
      row = await this.#readRow(() => find(key));
      if (row?.file === file) {
        if (engine.settings.readOnly) engine.broken.report(file, content, 'its entry stays');
        else await this.#queue.run([keyIdentity(key)], () => engine.broken.removeEntry(key, file, content));
        return undefined;
      }
    }
    return undefined;
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

  async #writeFile({ file, bytes, size }: PreparedFile): Promise<void> {
    this.#uncounted += size;
    const { storage, fullDisk, removals } = this.#engine;
    for (let tries = 0; ; tries++) {
      await this.#queue.run([], () => this.#engine.makeRoom(this.#uncounted));
      if (tries > 0) await removals.settled();
      try {
        return await storage.files.write(file, bytes);
      } catch (error) {
        if (!(await fullDisk.makeRoom({ error, tries, bytes: size }))) throw error;
      }
    }
  }

  async #fileContent(file: string, size: number): Promise<FileContent> {
    try {
      return await this.#engine.storage.files.read(file, size);
    } catch (error) {
      throw storageError(error, 'cannot read a value file');
    }
  }
}
