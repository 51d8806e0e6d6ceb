import type { Store } from '../subjects/subject.ts';
import type { Trial } from '../trials.ts';
import type { Workload } from '../workload.ts';

/** What one round came to: µs an operation, but for `stall`, which is ms and may be missing. */
export interface Round {
  readonly p50: number;
  readonly p99: number;
  /** All time that passed, work between the calls included, by the operation. */
  readonly mean: number;
  readonly max: number;
  readonly stall?: number;
}

/** The event loop comes round after so many calls at the latest, as it does in a server. */
const CALLS_A_TURN = 256;

/** Times one round of a trial's calls, one after another. */
export class Timing {
  readonly #trial: Trial;
  readonly #store: Store;
  readonly #workload: Workload;
  #calls = 0;

  constructor(trial: Trial, store: Store, workload: Workload) {
    this.#trial = trial;
    this.#store = store;
    this.#workload = workload;
  }

  async round(calls: number): Promise<Round> {
    const stall =
      this.#trial.showsStall === true ? await this.#longestStall(Math.ceil(calls / 4)) : undefined;
    const times = new Float64Array(calls);
    const start = performance.now();
    for (let done = 0; done < calls; done += CALLS_A_TURN) {
      await this.#timed(times.subarray(done, done + CALLS_A_TURN));
      await nextTurn();
    }
    const total = performance.now() - start;
    times.sort();
    const perOperation = 1000 / (this.#trial.operationsPerCall ?? 1);
    const at = (share: number) => (times[Math.floor(share * (calls - 1))] as number) * perOperation;
    const mean = (total / calls) * perOperation;
    const round = { p50: at(0.5), p99: at(0.99), mean, max: at(1) };
    return stall === undefined ? round : { ...round, stall };
  }

  /** One look at the clock a call: the time of a call begins where that of the one before ended. */
  async #timed(times: Float64Array): Promise<void> {
    let last = performance.now();
    for (let index = 0; index < times.length; index++) {
      const result = this.#call();
      if (result instanceof Promise) await result;
      const now = performance.now();
      times[index] = now - last;
      last = now;
    }
  }

  /** In ms, with a turn of the loop after each call. */
  async #longestStall(calls: number): Promise<number> {
    let longest = 0;
    let last = performance.now();
    let isOver = false;
    const turn = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    for (let done = 0; done < calls; done++) {
      await this.#call();
      await nextTurn();
    }
    isOver = true;
    return longest;
  }

  #call(): unknown {
    return this.#trial.call(this.#store, this.#workload, this.#calls++);
  }
}

function nextTurn(): Promise<void> {
  return new Promise(setImmediate);
}
