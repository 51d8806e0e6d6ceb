import { clearTimeout, setTimeout } from 'node:timers';
import { monotonicMs } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import { pauseMs } from './pause.ts';
import type { Patience } from './wait-options.ts';

/** What a try came to: what was waited for, or when it is worth another one. */
export type Attempt<T> = { readonly got: T } | Later;

interface Later {
  /** After how many ms at the latest. */
  readonly againMs: number;
  /** Whether not earlier either. */
  readonly isSure?: boolean;
  /** Whether others of the line come first now. */
  readonly isLast?: boolean;
}

/** What somebody waits for. */
export interface Wish<T> {
  /** Who wishes the same stands in the same line. */
  readonly name: string;
  /** Tries to get it. Nobody else of the line does so at the same time. */
  readonly attempt: () => Promise<Attempt<T>>;
  /** Why there is nothing yet, for the error. */
  readonly meanwhile: string;
}

/** How long a pause is that only a change or the caller ends. */
const FOREVER_MS = 0x7fff_ffff;

/**
 * Those in this process that wait for something of the cache. Who came first asks for it, now and then, and whenever
 * this process has changed it; the others of its line only stand there until it is their turn. So a wait costs a read
 * at each try of one, however many wait, and they are served in the order in which they came.
 */
export class Lines {
  readonly #lines = new Map<string, Line>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Waits until a try succeeds.
   *
   * @throws the signal's reason; TimeoutError; what `attempt` throws
   */
  async wait<T>(wish: Wish<T>, patience: Patience): Promise<T> {
    const { signal, timeoutMs } = patience;
    signal?.throwIfAborted();
    const deadline = timeoutMs === undefined ? Infinity : monotonicMs() + timeoutMs;
    const line = this.#lines.get(wish.name) ?? new Line();
    this.#lines.set(wish.name, line);
    const place = line.enter();
    try {
      for (let since: number | undefined; ;) {
        while (!line.isFirst(place)) await this.#pause(place, FOREVER_MS, deadline, wish, patience);
        place.isChanged = false;
        since ??= monotonicMs();
        const attempt = await wish.attempt();
        if ('got' in attempt) return attempt.got;
        const { againMs, isSure = false, isLast = false } = attempt;
        if (isLast) line.letPass(place);
        const usualMs = pauseMs(monotonicMs() - since, this.#random());
        await this.#pause(place, isSure ? againMs : Math.min(usualMs, againMs), deadline, wish, patience);
      }
    } finally {
      line.leave(place);
      if (line.isEmpty) this.#lines.delete(wish.name);
    }
  }

  /** Says that it is worth another try. */
  changed(name: string): void {
    this.#lines.get(name)?.first?.wake();
  }

  /** Says so of all whose name begins like that. */
  changedBelow(prefix: string): void {
    for (const [name, line] of this.#lines) if (name.startsWith(prefix)) line.first?.wake();
  }

  #pause(
    place: Place,
    ms: number,
    deadline: number,
    { meanwhile }: Wish<unknown>,
    { signal, timeoutMs }: Patience,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const left = deadline - monotonicMs();
      const onTime = () =>
        left <= ms ? end(() => reject(new TimeoutError(timeoutMs as number, meanwhile))) : end(resolve);
      const onAbort = () => end(() => reject(signal?.reason));
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        place.onWake = undefined;
        settle();
      };
      const timer = setTimeout(onTime, Math.max(Math.min(ms, left, FOREVER_MS), 0));
      signal?.addEventListener('abort', onAbort);
      place.onWake = () => end(resolve);
      if (signal?.aborted === true) onAbort();
      else if (place.isChanged) place.wake();
    });
  }
}

/** Where one stands who waits. */
class Place {
  /** Whether there was a change since the last try began. */
  isChanged = false;
  onWake: (() => void) | undefined;

  wake(): void {
    this.isChanged = true;
    this.onWake?.();
  }
}

class Line {
  readonly #places = new Set<Place>();

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  get first(): Place | undefined {
    return this.#places.values().next().value;
  }

  isFirst(place: Place): boolean {
    return this.first === place;
  }

  enter(): Place {
    const place = new Place();
    this.#places.add(place);
    return place;
  }

  /** Has all others of the line come first. */
  letPass(place: Place): void {
    this.leave(place);
    this.#places.add(place);
  }

  leave(place: Place): void {
    const wasFirst = this.isFirst(place);
    this.#places.delete(place);
    if (wasFirst) this.first?.wake();
  }
}
