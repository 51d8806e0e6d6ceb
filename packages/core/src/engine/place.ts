import { resolve } from 'node:path';
import { InvalidArgumentError } from '../errors.ts';
import { type Settings, validDirectory } from '../options.ts';
import { makeTemporaryDirectory, removeAtExit, removeTemporaryDirectory } from '../storage/directory.ts';

/** The folder of a cache: the one that was given, or a temporary one, which goes with the cache. */
export class Place {
  /** As an absolute path. */
  readonly directory: string;
  readonly #isTemporary: boolean;

  /** @param close ends the use of a temporary folder when the process ends */
  constructor(given: string | undefined, { readOnly }: Settings, close: () => void) {
    if (given === undefined && readOnly) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_OPTION',
        'directory must be the path of a folder where readOnly is given; given undefined',
      );
    }
    this.#isTemporary = given === undefined;
    this.directory = given === undefined ? makeTemporaryDirectory() : resolve(validDirectory(given));
    if (this.#isTemporary) removeAtExit(this.directory, close);
  }

  /** Is to be called when nothing in the folder is in use any more. */
  leave(): void {
    if (this.#isTemporary) removeTemporaryDirectory(this.directory);
  }
}
