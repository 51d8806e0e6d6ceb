import type { Stepwise } from '../calls/call.ts';
import { monotonicMs } from '../clock.ts';
import { SLICE_MS } from '../engine/slice.ts';
import type { ProgressOptions } from '../entry/progress-options.ts';
import { ThrownByBody } from '../storage/rows/sqlite-error.ts';

/** So little that a step is short also where each row has a long value. */
const FIRST_AMOUNT = 64;
const LEAST_AMOUNT = 16;
const MOST_AMOUNT = 8192;

/** One step of a change that may be long: how much it did, such as entries that it removed, and whether it was the last. */
export interface Slice {
  readonly done: number;
  readonly isLast: boolean;
}

/** What one step is to do. */
export interface StepSize {
  /** How many rows, or pages. */
  readonly amount: number;
  /** Whether the caller's thread is there for nothing else. */
  readonly mayTakeLong: boolean;
}

/** A change in steps that take about SLICE_MS each, their commit included, however large the rows are. */
export class Steps<Progress> implements Stepwise {
  readonly #doSome: (size: StepSize) => Slice;
  readonly #options: ProgressOptions<Progress>;
  readonly #progress: (result: number) => Progress;
  readonly elsewhere: Stepwise['elsewhere'];
  #result = 0;
  /** What the last step came to, which counts once it is committed. */
  #pending: number | undefined;
  #amount = FIRST_AMOUNT;
  #began = 0;

  /** @param progress what is told of the result so far */
  constructor(
    options: ProgressOptions<Progress>,
    progress: (result: number) => Progress,
    doSome: (size: StepSize) => Slice,
    elsewhere?: Stepwise['elsewhere'],
  ) {
    this.#options = options;
    this.#progress = progress;
    this.#doSome = doSome;
    this.elsewhere = elsewhere;
  }

  get result(): number {
    return this.#result + (this.#pending ?? 0);
  }

  /** @throws the reason of a signal that was aborted */
  assertWanted(thrown: (reason: unknown) => unknown = (reason) => reason): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) throw thrown(signal.reason);
  }

  readonly step = (mayTakeLong: boolean): boolean => {
    this.assertWanted((reason) => new ThrownByBody(reason));
    this.#began = monotonicMs();
    // The last step came to nothing, perhaps since a full disk has no room for so long a log.
    if (this.#pending !== undefined) this.#amount = Math.max(1, this.#amount >> 2);
    this.#pending = 0;
    const { done, isLast } = this.#doSome({ amount: this.#amount, mayTakeLong });
    this.#pending = done;
    return isLast;
  };

  readonly stepped = (): void => {
    const change = SLICE_MS / Math.max(monotonicMs() - this.#began, 0.1);
    const amount = Math.round(this.#amount * Math.min(Math.max(change, 0.25), 2));
    this.#amount = Math.min(Math.max(amount, Math.min(this.#amount, LEAST_AMOUNT)), MOST_AMOUNT);
    this.#result += this.#pending ?? 0;
    this.#pending = undefined;
    this.#tell();
  };

  /** Counts what was done by another thread. */
  doneElsewhere(done: number): void {
    this.#result += done;
    this.#tell();
  }

  #tell(): void {
    this.#options.onProgress?.(this.#progress(this.#result));
  }
}
