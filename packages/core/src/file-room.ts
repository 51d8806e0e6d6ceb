/**
 * Bounds the bytes of value files that are being written at one time, since they are on disk before their rows count
 * them: to a part of the size limit, but always at least one file.
 */
export class FileRoom {
  readonly #limit: number;
  #used = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(sizeLimit: number) {
    this.#limit = sizeLimit / 16;
  }

  /** Waits until a file of `bytes` may be written. */
  async take(bytes: number): Promise<void> {
    while (this.#used > 0 && this.#used + bytes > this.#limit) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#used += bytes;
  }

  /** Says that the file's row counts it now, or that it is gone. */
  giveBack(bytes: number): void {
    this.#used -= bytes;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Bytes that are being written. */
  get used(): number {
    return this.#used;
  }
}
