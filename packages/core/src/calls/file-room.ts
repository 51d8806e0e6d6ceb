import { monotonicMs } from '../clock.ts';
import type { Settings } from '../options.ts';

/** One that asks to be let in. */
export interface Entrant {
  readonly bytes: number;
  /** Which call it is, counted in the order of the calls. */
  readonly call: number;
}

interface Waiting {
  readonly entrant: Entrant;
  readonly enter: () => void;
}

/**
 * Bounds the bytes of value files that this process is writing at one time: to a part of the size limit, but always at
 * least one file. They are let in in the order of the calls, also those that ask late because they stood behind a stream:
 * one that was let in may have to wait for each that was called before it, so none of these waits for room meanwhile.
 */
export class FileRoom {
  readonly #limit: number;
  readonly #timeoutMs: number;
  #used = 0;
  #calls = 0;
  readonly #inside = new Set<Entrant>();
  readonly #waiting: Waiting[] = [];
  #lastFoundAt = -Infinity;

  constructor({ sizeLimit, timeoutMs }: Pick<Settings, 'sizeLimit' | 'timeoutMs'>) {
    this.#limit = sizeLimit / 16;
    this.#timeoutMs = timeoutMs;
  }

  /** To be called with each call, for a file of up to `bytes`. */
  entrant(bytes: number): Entrant {
    return { bytes, call: this.#calls++ };
  }

  /** Waits until its file may be written. */
  async enter(entrant: Entrant): Promise<void> {
    const last = this.#waiting.at(-1);
    const entered = new Promise<void>((enter) => this.#waiting.push({ entrant, enter }));
    if (last !== undefined && last.entrant.call > entrant.call)
      this.#waiting.sort((one, other) => one.entrant.call - other.entrant.call);
    this.#admit();
    await entered;
  }

  /** Says that its file is written, or will not be, if it was let in. */
  leave(entrant: Entrant): void {
    if (!this.#inside.delete(entrant)) return;
    this.#used -= entrant.bytes;
    this.#admit();
  }

  /** Says that there was room on disk for a file. */
  found(): void {
    this.#lastFoundAt = monotonicMs();
  }

  /**
   * Whether a file is to wait no longer for room on disk: it was asked for long enough ago, and for as long none of those
   * before it had any either. So those that stand in line wait for that together, and not one after the other.
   */
  isLate(askedAt: number): boolean {
    return monotonicMs() > Math.max(askedAt, this.#lastFoundAt) + this.#timeoutMs;
  }

  #admit(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const { entrant, enter } = first;
      if (this.#used > 0 && this.#used + entrant.bytes > this.#limit && !this.#isWaitedFor(entrant)) return;
      this.#used += entrant.bytes;
      this.#inside.add(entrant);
      this.#waiting.shift();
      enter();
    }
  }

  #isWaitedFor({ call }: Entrant): boolean {
    for (const inside of this.#inside) if (inside.call > call) return true;
    return false;
  }
}
