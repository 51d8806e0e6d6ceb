/** A source of chunks that gives what the test says when the test says it, and tells what became of it. */
export class SteeredSource implements AsyncIterable<Uint8Array | string> {
  /** How many chunks were asked for. */
  asked = 0;
  /** Whether it was told that no more is wanted. */
  isEnded = false;
  #waiting: ((result: Promise<IteratorResult<Uint8Array | string>>) => void) | undefined;
  #ready: Promise<IteratorResult<Uint8Array | string>>[] = [];

  give(...chunks: (Uint8Array | string)[]): this {
    for (const value of chunks) this.#push(Promise.resolve({ value }));
    return this;
  }

  end(): this {
    return this.#push(Promise.resolve({ done: true, value: undefined }));
  }

  fail(reason: unknown): this {
    const failure = Promise.reject<never>(reason);
    // It is heard when the chunk is asked for.
    failure.catch(() => undefined);
    return this.#push(failure);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array | string> {
    return {
      next: () => {
        this.asked++;
        const ready = this.#ready.shift();
        return ready ?? new Promise((resolve) => (this.#waiting = resolve));
      },
      return: async () => {
        this.isEnded = true;
        return { done: true, value: undefined };
      },
    };
  }

  #push(result: Promise<IteratorResult<Uint8Array | string>>): this {
    if (this.#waiting === undefined) this.#ready.push(result);
    else this.#waiting(result);
    this.#waiting = undefined;
    return this;
  }
}
