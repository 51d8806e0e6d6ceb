/** As many as are sorted in a few ms. */
const RUN = 16_384;

interface Run {
  readonly sorted: Float64Array;
  next: number;
}

/**
 * Many numbers, given in no order and taken out in theirs. Sorted in runs while they come, and merged while they go, so that
 * nothing takes long at a time; 8 bytes each.
 */
export class SortedNumbers {
  readonly #isBackward: boolean;
  readonly #runs: Run[] = [];
  #filling = new Float64Array(RUN);
  #filled = 0;

  constructor(isBackward: boolean) {
    this.#isBackward = isBackward;
  }

  add(number: number): void {
    this.#filling[this.#filled++] = this.#isBackward ? -number : number;
    if (this.#filled === RUN) this.#endRun();
  }

  /** Takes out the next ones, up to so many. Nothing can be added any more. */
  take(count: number): number[] {
    if (this.#filled > 0) this.#endRun();
    const taken: number[] = [];
    while (taken.length < count) {
      const least = this.#takeLeast();
      if (least === undefined) break;
      taken.push(this.#isBackward ? -least : least);
    }
    return taken;
  }

  #takeLeast(): number | undefined {
    let first: Run | undefined;
    for (const run of this.#runs) {
      if (run.next === run.sorted.length) continue;
      if (first === undefined || (run.sorted[run.next] as number) < (first.sorted[first.next] as number))
        first = run;
    }
    return first?.sorted[first.next++];
  }

  #endRun(): void {
    this.#runs.push({ sorted: this.#filling.slice(0, this.#filled).sort(), next: 0 });
    this.#filled = 0;
  }
}
