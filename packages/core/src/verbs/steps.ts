import type { Removal } from '../calls/call.ts';
import { monotonicMs } from '../clock.ts';
import { type Slice, SLICE_MS } from '../engine/engine.ts';
import type { RemovalOptions } from '../entry/progress-options.ts';
import { ThrownByBody } from '../storage/rows/sqlite-error.ts';
import type { ReplacedRow } from '../storage/rows/statements.ts';

/** So few that a step is short also where each row has a long value. */
const FIRST_ROWS = 64;
const LEAST_ROWS = 16;
const MOST_ROWS = 8192;

/** Removes about so many entries; `mayTakeLong` where the thread is the caller's own. */
export type RemoveSome = (rows: number, mayTakeLong: boolean) => Slice;

/** Removes the rows that were found when so many were asked for. */
export type RemoveRows = (rows: readonly ReplacedRow[], wanted: number) => Slice;

/** A removal whose steps take about SLICE_MS each, their commit included, however large the rows are. */
export class Steps implements Removal {
  readonly #removeSome: RemoveSome;
  readonly #options: RemovalOptions;
  readonly elsewhere: Removal['elsewhere'];
  #removed = 0;
  /** What the last step removed, which counts once it is committed. */
  #pending: number | undefined;
  #rows = FIRST_ROWS;
  #began = 0;

  constructor(options: RemovalOptions, removeSome: RemoveSome, elsewhere?: Removal['elsewhere']) {
    this.#options = options;
    this.#removeSome = removeSome;
    this.elsewhere = elsewhere;
  }

  get removed(): number {
    return this.#removed + (this.#pending ?? 0);
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
    if (this.#pending !== undefined) this.#rows = Math.max(1, this.#rows >> 2);
    this.#pending = 0;
    const { removed, isLast } = this.#removeSome(this.#rows, mayTakeLong);
    this.#pending = removed;
    return isLast;
  };

  readonly stepped = (removedElsewhere = 0): void => {
    const change = SLICE_MS / Math.max(monotonicMs() - this.#began, 0.1);
    const rows = Math.round(this.#rows * Math.min(Math.max(change, 0.25), 2));
    this.#rows = Math.min(Math.max(rows, Math.min(this.#rows, LEAST_ROWS)), MOST_ROWS);
    this.#removed += (this.#pending ?? 0) + removedElsewhere;
    this.#pending = undefined;
    this.#options.onProgress?.({ removed: this.#removed });
  };
}
