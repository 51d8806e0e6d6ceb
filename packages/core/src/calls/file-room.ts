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
