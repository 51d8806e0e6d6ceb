import { type Clock, SET_BACK_MS } from '../clock.ts';
import { temporaryName } from '../storage/files/new-file.ts';
import type { Storage } from '../storage/storage.ts';

/** A writer that lives marks its files more often, see calls/pending-file.ts. */
const ABANDONED_AFTER_MS = 10_000;
const TICK_MS = 1000;
/** With so much between two ticks the clock was set, or the machine slept. */
const JUMP_MS = 5000;
/** Then those who live need so long to mark their files anew. */
const MARKED_AGAIN_MS = 4000;

/** A file that was marked for a time that is yet to come. Times in ms since the epoch. */
interface MarkedAhead {
  readonly lastSign: number;
  readonly noticed: number;
}

/** The files whose writer was killed, and the room that was reserved for them. */
export class AbandonedFiles {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #stopTicking: () => void;
  #lastTick: number;
  /** When the clock was found to have jumped. */
  #jumpedAt = -Infinity;
  #ahead = new Map<string, MarkedAhead>();

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
    this.#lastTick = clock.now();
    this.#stopTicking = clock.every(TICK_MS, () => this.#tick());
  }

  stop(): void {
    this.#stopTicking();
  }

  /** Forgets what was known of the database that was open before. */
  databaseReplaced(): void {
    this.#ahead.clear();
  }

  /** Whether there is room to be given back. Needs no lock. */
  get areThere(): boolean {
    return this.#names().length > 0;
  }

  /** Gives that room back, and has the files removed once that is committed. Needs the write lock. @returns whether there was some */
  release(): boolean {
    const { reservations, transaction } = this.#storage;
    const files = this.#names();
    for (const file of files) {
      reservations.release(file);
      for (const name of [file, temporaryName(file)]) transaction.fileReplaced(name);
    }
    return files.length > 0;
  }

  #names(): string[] {
    const { sql, reservations, files } = this.#storage;
    this.#tick();
    const now = this.#lastTick;
    const others = sql.reservations.all().filter(({ file }) => !reservations.isOwn(file));
    const signs = new Map(others.map(({ file, since }) => [file, files.lastWrite(file) ?? since]));
    const before = this.#ahead;
    this.#ahead = new Map();
    return Array.from(signs.keys()).filter((file) => {
      const lastSign = signs.get(file) as number;
      if (lastSign <= now + ABANDONED_AFTER_MS)
        return lastSign < now - ABANDONED_AFTER_MS && now >= this.#jumpedAt + MARKED_AGAIN_MS;
      // The clock was set back: who lives marks it with an earlier time soon.
      const known = before.get(file);
      const noticed = known?.lastSign === lastSign && known.noticed <= now ? known.noticed : now;
      this.#ahead.set(file, { lastSign, noticed });
      return now >= noticed + MARKED_AGAIN_MS;
    });
  }

  #tick(): void {
    const now = this.#clock.now();
    const passed = now - this.#lastTick;
    if (passed > JUMP_MS || passed < -SET_BACK_MS || now < this.#jumpedAt) this.#jumpedAt = now;
    this.#lastTick = now;
  }
}
