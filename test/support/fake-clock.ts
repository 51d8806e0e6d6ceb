import type { Clock } from '@diskcache/core';

interface Alarm {
  readonly intervalMs: number;
  readonly work: () => void;
  next: number;
}

/** Time that only moves when it is told to. */
export class FakeClock implements Clock {
  #now: number;
  readonly #alarms = new Set<Alarm>();

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  every(intervalMs: number, work: () => void): () => void {
    const alarm = { intervalMs, work, next: this.#now + intervalMs };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Moves time on and does, each at its own time, what every() was asked for. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) {
      this.#now = due.next;
      due.next += due.intervalMs;
      due.work();
    }
    this.#now = end;
  }

  /** Sets the clock, as a user or a time server does it: timers go on as if nothing had happened. */
  jump(ms: number): void {
    this.#now += ms;
    for (const alarm of this.#alarms) alarm.next += ms;
  }

  #due(end: number): Alarm | undefined {
    return [...this.#alarms].filter(({ next }) => next <= end).sort((a, b) => a.next - b.next)[0];
  }
}
