import { closeSync, openSync, readSync } from 'node:fs';
import process from 'node:process';

/**
 * Measures how long the event loop was kept from turning. It turns it without pause, and takes the time from one turn
 * to the next. What the machine made this thread wait for a free processor is not counted, where Linux tells it.
 */
export class StallMeter {
  #isRunning = false;
  #longestMs = 0;
  #turns = 0;

  start(): void {
    this.#isRunning = true;
    this.#longestMs = 0;
    this.#turns = 0;
    const scheduling = scheduler();
    let last = performance.now();
    let waited = scheduling.waitedMs();
    const turn = () => {
      const now = performance.now();
      const waitedNow = scheduling.waitedMs();
      this.#longestMs = Math.max(this.#longestMs, now - last - (waitedNow - waited));
      this.#turns++;
      last = now;
      waited = waitedNow;
      if (this.#isRunning) setImmediate(turn);
      else scheduling.close();
    };
    setImmediate(turn);
  }

  /** @returns the longest time between two turns, and how many turns there were */
  async stop(): Promise<{ longestMs: number; turns: number }> {
    this.#isRunning = false;
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    return { longestMs: this.#longestMs, turns: this.#turns };
  }
}

interface Scheduler {
  /** How long the main thread of this process has waited for a processor so far. */
  waitedMs(): number;
  close(): void;
}

function scheduler(): Scheduler {
  let file: number;
  try {
    file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  } catch {
    return { waitedMs: () => 0, close: () => undefined };
  }
  const text = Buffer.alloc(100);
  return {
    waitedMs: () => {
      const length = readSync(file, text, 0, text.length, 0);
      return Number(text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
    },
    close: () => closeSync(file),
  };
}
