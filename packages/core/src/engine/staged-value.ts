import { InvalidArgumentError } from '../errors.ts';
import type { PreparedValue } from './value-layout.ts';

/**
 * A value that transact() has made ready for its body, which stores it by giving it to set(), add() or push() once, see
 * TransactOptions.
 */
export class StagedValue {
  #value: PreparedValue | undefined;

  /** @internal */
  constructor(value: PreparedValue) {
    this.#value = value;
  }

  /** @internal */
  take(): PreparedValue {
    const value = this.#value;
    if (value === undefined)
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_VALUE',
        'a staged value can be stored once, and only by the body of the transaction that it was staged for',
      );
    this.#value = undefined;
    return value;
  }

  /** @internal */
  end(): void {
    this.#value = undefined;
  }
}

/** Calls `work` with the values, which are of no use after that. */
export function whileStaged<Result>(
  values: readonly PreparedValue[],
  work: (staged: readonly StagedValue[]) => Result,
): Result {
  const staged = values.map((value) => new StagedValue(value));
  try {
    return work(staged);
  } finally {
    for (const one of staged) one.end();
  }
}
