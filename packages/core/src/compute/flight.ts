import { clearTimeout, setTimeout } from 'node:timers';
import { monotonicMs } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import type { Lease } from './leases.ts';

/** What a flight comes to. */
export type Outcome =
  | { readonly is: 'value'; readonly value: unknown }
  /** Computing failed, or took too long; a stale value may stand in. */
  | { readonly is: 'failed'; readonly error: unknown; readonly isNews: boolean }
  /** Something else failed. */
  | { readonly is: 'broken'; readonly error: unknown }
  /** Somebody else computes the value, and nobody here asked to wait for that. */
  | { readonly is: 'elsewhere' };

/** How a call waits. */
export interface Patience {
  readonly signal: AbortSignal | undefined;
  /** As it was asked for. */
  readonly timeoutMs: number | undefined;
  /** What is left of that. */
  readonly leftMs: number | undefined;
}

export interface FlightPlan {
  /** For how long a call is ready to wait for which it begins in the background. */
  readonly inBackground?: { readonly timeoutMs: number | undefined };
  /** Whether from now on only calls that wait keep it going. */
  readonly isClosing: () => boolean;
  /** Does it, and never rejects. */
  readonly run: (flight: Flight) => Promise<Outcome>;
}

/** A computation goes on after a call has stopped waiting for it, for so many times as long. */
const OVERDUE_FACTOR = 10;

/**
 * One computation of this process, and the calls that wait for it. It is aborted when the last of them has lost interest:
 * by its signal, not by its timeout, after which the value is still of use to the next call.
 */
export class Flight {
  readonly outcome: Promise<Outcome>;
  /** Once it has it. */
  lease: Lease | undefined;
  readonly #isClosing: () => boolean;
  readonly #controller = new AbortController();
  readonly #began = monotonicMs();
  #patienceMs = 0;
  #waiting = 0;
  #interested = 0;
  #isReported = false;

  constructor({ inBackground, isClosing, run }: FlightPlan) {
    this.#isClosing = isClosing;
    if (inBackground !== undefined) {
      this.#interested = 1;
      this.#bearWith(inBackground.timeoutMs);
    }
    this.outcome = run(this);
  }

  /** Is aborted when nobody is interested any more. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isWaitedFor(): boolean {
    return this.#waiting > 0;
  }

  /** Whether it takes so much longer than its calls were ready to wait that others had better try anew. */
  get isOverdue(): boolean {
    return monotonicMs() > this.#began + this.#patienceMs;
  }

  /** Whether its failure is still to be reported; true only once. */
  takeReport(): boolean {
    const isFirst = !this.#isReported;
    this.#isReported = true;
    return isFirst;
  }

  /** Waits for what it comes to. @throws the signal's reason */
  join({ signal, timeoutMs, leftMs }: Patience): Promise<Outcome> {
    this.#bearWith(timeoutMs);
    this.#waiting++;
    this.#interested++;
    return new Promise((resolve, reject) => {
      let isWaiting = true;
      const stopWaiting = () => {
        if (isWaiting) this.#waiting--;
        isWaiting = false;
        clearTimeout(timer);
      };
      const onTimeout = () => {
        stopWaiting();
        const error = new TimeoutError(timeoutMs as number, 'the value was being computed');
        resolve({ is: 'failed', error, isNews: false });
        this.abortIfIdle(error);
      };
      const onAbort = () => {
        this.#interested--;
        stopWaiting();
        reject(signal?.reason);
        this.abortIfIdle(signal?.reason);
      };
      const timer = leftMs === undefined ? undefined : setTimeout(onTimeout, Math.max(leftMs, 0));
      signal?.addEventListener('abort', onAbort, { once: true });
      void this.outcome.then((outcome) => {
        signal?.removeEventListener('abort', onAbort);
        stopWaiting();
        resolve(outcome);
      });
    });
  }

  abortIfIdle(reason: unknown): void {
    if (this.#waiting === 0 && (this.#interested === 0 || this.#isClosing())) this.#controller.abort(reason);
  }

  #bearWith(timeoutMs = Infinity): void {
    this.#patienceMs = Math.max(this.#patienceMs, OVERDUE_FACTOR * timeoutMs);
  }
}
