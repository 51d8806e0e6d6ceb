import type { Engine } from '../engine/engine.ts';
import { AGAIN } from '../engine/slice.ts';
import type { Failure } from '../engine/full-disk.ts';
import type { NewFile } from '../storage/files/new-file.ts';
import { storageError } from '../storage/rows/sqlite-error.ts';
import { putReserved, reserveSpace, type Reserving } from './file-space.ts';
import type { WriteQueue } from './write-queue.ts';

/** What was not marked for four times as long looks abandoned, see upkeep/abandoned-files.ts. */
const MARK_EVERY_MS = 2_500;
/** How much room is made on a full disk at the least: of a stream nobody knows the end. */
const MADE_AT_ONCE_BYTES = 1024 * 1024;
const NOTHING = { bytes: 0, entries: 0 };

/**
 * A value file that has no entry yet. Space is reserved for it in the database, so that all processes count it, and it is
 * marked from time to time, also when it is complete and only waits for its turn, so that none takes it for left over.
 */
export class PendingFile {
  readonly name: string;
  readonly #engine: Engine;
  readonly #queue: WriteQueue;
  #file: NewFile | undefined;
  #isPut = false;
  #stopMarking: () => void = () => undefined;

  constructor(engine: Engine, queue: WriteQueue, name: string) {
    this.name = name;
    this.#engine = engine;
    this.#queue = queue;
  }

  /** Writes the whole file. What fails leaves nothing of it, and can be tried again. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.begin();
      await this.append(bytes);
      await this.complete();
    } catch (error) {
      await this.#abandon();
      throw error;
    }
  }

  /** Begins the file, empty as yet. */
  async begin(): Promise<void> {
    const { events, settings } = this.#engine;
    const file = await this.#create();
    this.#file = file;
    const mark = () => file.touch(settings.clock.now()).catch((error: unknown) => events.report(error));
    this.#stopMarking = settings.clock.every(MARK_EVERY_MS, () => void mark());
  }

  async append(bytes: Uint8Array): Promise<void> {
    const mayGoOn = (error: unknown, tries: number) => this.#freesDisk({ error, tries, bytes: bytes.length });
    await this.#file?.append(bytes, mayGoOn).catch(cannotWrite);
  }

  /** Gives it its name. */
  async complete(): Promise<void> {
    await this.#file?.complete().catch(cannotWrite);
  }

  /** Reserves space for it. Needs the write lock. */
  reserve(space: number, how?: Reserving): undefined | typeof AGAIN {
    return reserveSpace(this.#engine, this.name, space, how);
  }

  /** Has the entry written that it belongs to. Needs the write lock. */
  put<T>(putRow: () => T | typeof AGAIN): T | typeof AGAIN {
    const result = putReserved(this.#engine, this.name, putRow);
    this.#isPut = result === true;
    return result;
  }

  /** Whether its entry was written, and not taken back: then nothing is reserved for it any more. */
  get isStored(): boolean {
    try {
      return this.#isPut && this.#engine.storage.reservations.of(this.name) === 0;
    } catch {
      return this.#isPut;
    }
  }

  /** Its entry is committed. */
  stored(): void {
    this.#stopMarking();
    this.#engine.storage.reservations.disown(this.name);
  }

  /** Leaves nothing of it. What fails of that is reported, and left to upkeep. */
  async giveUp(): Promise<void> {
    await this.#abandon();
    const { events, storage } = this.#engine;
    const report = (error: unknown) => events.report(error);
    await storage.files.remove(this.name).catch(report);
    const { reservations } = storage;
    if (!reservations.isOwn(this.name)) return;
    await this.#queue.run([], () => void reservations.release(this.name)).catch(report);
    reservations.disown(this.name);
  }

  /** A disk can also have no room for one more name. */
  async #create(): Promise<NewFile> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#engine.storage.files.create(this.name);
      } catch (error) {
        if (!(await this.#freesDisk({ error, tries, bytes: 0 }))) cannotWrite(error);
      }
    }
  }

  /** Whether the writing that failed can go on, since there is room on the disk now. */
  async #freesDisk({ error, tries, bytes }: Required<Failure>): Promise<boolean> {
    const engine = this.#engine;
    const room = Math.max(bytes, MADE_AT_ONCE_BYTES);
    if (!(await engine.fullDisk.makeRoom({ error, tries, bytes: room }))) return false;
    await this.#queue.run([], () => (engine.evictor.makeRoom(NOTHING, engine.sliceEnd) ? undefined : AGAIN));
    await (engine.share ?? engine.removals).settled();
    return true;
  }

  async #abandon(): Promise<void> {
    this.#stopMarking();
    await this.#file?.abandon().catch((error: unknown) => this.#engine.events.report(error));
    this.#file = undefined;
  }
}

function cannotWrite(error: unknown): never {
  throw storageError(error, 'cannot write a value file');
}
