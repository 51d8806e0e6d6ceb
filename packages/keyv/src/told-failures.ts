import { shown } from './misuse.ts';

/** More kinds than anybody reads. Each may have a text of its own, as a size or a path. */
const MOST_KINDS = 100;

/**
 * The failures of one store that have been told where nobody listens: each kind once, which is a code and a message. A broken
 * disk fails every call, and one line of it is enough; another failure with the same code is another one.
 */
export class ToldFailures {
  readonly #kinds = new Set<string>();

  /**
   * Says a failure, unless one with its code and message was said before. The hundredth is followed by a sentence that says
   * that no more are.
   *
   * @param where what it failed in, when that makes it another failure
   */
  tell(error: unknown, say: (failure: Error | string) => void, where = ''): void {
    if (this.#kinds.size === MOST_KINDS) return;
    const failure = error instanceof Error ? error : new Error(`${shown(error)} was thrown`);
    const { code, message } = failure as NodeJS.ErrnoException;
    const kind = `${where}\n${code}\n${message}`;
    if (this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    say(failure);
    if (this.#kinds.size < MOST_KINDS) return;
    say(
      `a disk cache has failed in ${MOST_KINDS} ways, and tells no further ones: listen to 'error' of its store`,
    );
  }
}
