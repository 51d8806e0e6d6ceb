import { monotonicMs } from '../clock.ts';
import type { Settings } from '../options.ts';

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Bounds the bytes of value files that this process is writing at one time: to a part of the size limit, but always at
 * least one file. They are let in in the order in which they ask, which is the order of the calls: a write that was let in
 * never waits for one that was not.
 */
export class FileRoom {
  readonly #limit: number;
  readonly #timeoutMs: number;
  #used = 0;
  readonly #waiting: Waiting[] = [];
  #lastFoundAt = -Infinity;

  constructor({ sizeLimit, timeoutMs }: Pick<Settings, 'sizeLimit' | 'timeoutMs'>) {
    this.#limit = sizeLimit / 16;
    this.#timeoutMs = timeoutMs;
  }

  /** Waits until a file of `bytes` may be written. */
  async take(bytes: number): Promise<void> {
    const entered = new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
    this.#admit();
    await entered;
  }

  /** Says that the file is written, or will not be. */
  giveBack(bytes: number): void {
    this.#used -= bytes;
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
      if (this.#used > 0 && this.#used + first.bytes > this.#limit) return;
      this.#used += first.bytes;
      this.#waiting.shift();
      first.enter();
    }
  }
}
