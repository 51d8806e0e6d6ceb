import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import type { AGAIN } from '../engine/engine.ts';
import type { Settings } from '../options.ts';
import { RoomTaken } from '../upkeep/evictor.ts';
import type { WriteQueue } from './write-queue.ts';

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Bounds the bytes of value files that are being written at one time, since they are on disk before their rows count
 * them: to a part of the size limit, but always at least one file. Room is given in the order in which it was asked for,
 * which is the order of the calls: a write that has its room never waits for one that has not.
 */
export class FileRoom {
  readonly #limit: number;
  #used = 0;
  readonly #waiting: Waiting[] = [];

  constructor(sizeLimit: number) {
    this.#limit = sizeLimit / 16;
  }

  /** Waits until a file of `bytes` may be written. */
  async take(bytes: number): Promise<void> {
    const entered = new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
    this.#admit();
    await entered;
  }

  /** Says that the file's row counts it now, or that it is gone. */
  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (this.#used > 0 && this.#used + first.bytes > this.#limit) return;
      this.#used += first.bytes;
      this.#waiting.shift();
      first.enter();
    }
  }
}

const PAUSE_MS = 10;

/**
 * Makes room for a file, again and again as long as other files that are being written take all there is: those of other
 * processes too, so that nobody tells when there is room.
 *
 * @param makeRoom needs the lock
 * @throws {@link RoomTaken} when there was none for `timeoutMs`
 */
export async function whileRoomIsTaken<T>(
  { timeoutMs, random }: Pick<Settings, 'timeoutMs' | 'random'>,
  queue: WriteQueue,
  makeRoom: () => T | typeof AGAIN,
): Promise<T> {
  for (const end = monotonicMs() + timeoutMs; ;) {
    const made = await queue.run([], () => orTaken(makeRoom));
    if (!(made instanceof RoomTaken)) return made;
    if (monotonicMs() > end) throw made;
    await sleep(PAUSE_MS * (0.5 + random()));
  }
}

/** What is only tried is no failure, which would take others of its group back with it. */
function orTaken<T>(makeRoom: () => T): T | RoomTaken {
  try {
    return makeRoom();
  } catch (error) {
    if (error instanceof RoomTaken) return error;
    throw error;
  }
}
