import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import type { AGAIN } from '../engine/slice.ts';
import { RoomTaken } from '../upkeep/evictor.ts';
import type { WriteQueue } from './write-queue.ts';

const PAUSE_MS = 10;

/**
 * Makes room for a file, again and again as long as other files that are being written take all there is: those of other
 * processes too, so that nobody tells when there is room.
 *
 * @param makeRoom needs the lock; throws or returns RoomTaken when there is none for now
 * @param isLate asked after each attempt in vain, whether it was the last
 * @throws {@link RoomTaken} when there was none
 */
export async function whileRoomIsTaken<T>(
  { settings }: Engine,
  queue: WriteQueue,
  makeRoom: () => T | RoomTaken | typeof AGAIN,
  isLate: () => boolean,
): Promise<T> {
  for (;;) {
    const made = await queue.run([], () => orTaken(makeRoom));
    if (!(made instanceof RoomTaken)) return made;
    if (isLate()) throw made;
    await sleep(PAUSE_MS * (0.5 + settings.random()));
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
