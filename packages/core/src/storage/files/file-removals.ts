import { nextTurn } from '../../clock.ts';
import type { ValueFiles } from './value-files.ts';

/** Removes files that nothing points to any more, in the background, and none that is being read here. */
export class FileRemovals {
  readonly #files: ValueFiles;
  readonly #onError: (error: unknown, name: string) => void;
  readonly #underway = new Map<string, Promise<void>>();
  readonly #held = new Map<string, Promise<void>>();

  constructor(files: ValueFiles, onError: (error: unknown, name: string) => void) {
    this.#files = files;
    this.#onError = onError;
  }

  /** Removes files without making anybody wait for it. */
  discard(names: readonly string[]): void {
    for (const name of names) {
      this.#underway.set(
        name,
        this.#remove(name).finally(() => this.#underway.delete(name)),
      );
    }
  }

  /** Whether a file is about to go. */
  has(name: string): boolean {
    return this.#underway.has(name);
  }

  /** Keeps a file at least until `reading` has ended. */
  hold(name: string, reading: Promise<unknown>): void {
    const held = Promise.allSettled([this.#held.get(name), reading]).then(() => {
      if (this.#held.get(name) === held) this.#held.delete(name);
    });
    this.#held.set(name, held);
  }

  /** Resolves when all that was to be removed is gone. */
  async settled(): Promise<void> {
    await Promise.all(this.#underway.values());
  }

  /** The same, on the caller's thread. */
  settleSync(): void {
    for (const name of this.#underway.keys()) {
      try {
        this.#files.removeSync(name);
      } catch (error) {
        this.#onError(error, name);
      }
    }
  }

  async #remove(name: string): Promise<void> {
    // A read that had its turn before the write that replaced the file learns of it only now.
    await nextTurn();
    await this.#held.get(name);
    await this.#files.remove(name).catch((error: unknown) => this.#onError(error, name));
  }
}
