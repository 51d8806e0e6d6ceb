import { SET_BACK_MS } from '../clock.ts';
import type { CandidateRow, UseRow } from '../storage/rows/statements.ts';
import type { Candidate } from './policy.ts';

/** Longer than any clock is wrong. */
const AGES_MS = 1e15;

interface Use {
  at: number;
  hits: number;
  tick: number;
}

/**
 * The uses of entries that are not written to the database yet. A read only notes itself here: writing each one would
 * make a read several times as dear.
 */
export class Uses {
  readonly #notes = new Map<number, Use>();
  /** Those of them that are to be written next, in the order of the entries in the database, until they are. */
  readonly #leaving = new Map<number, UseRow>();
  /** Of entries that are removed, as long as that may be taken back. */
  readonly #forgotten = new Map<number, Use>();

  /** Notes that an entry was read. */
  note(id: number, at: number, tick: number): void {
    const use = this.#notes.get(id);
    if (use === undefined) this.#notes.set(id, { at, hits: 1, tick });
    else {
      use.at = at;
      use.hits++;
      use.tick = tick;
    }
  }

  /** When an entry was last read, in ms since the epoch, as far as is noted. */
  lastUse(id: number): number | undefined {
    return this.#notes.get(id)?.at ?? this.#leaving.get(id)?.at;
  }

  /** The entries that there are notes of. */
  get ids(): number[] {
    return [...new Set([...this.#notes.keys(), ...this.#leaving.keys()])];
  }

  /** Forgets an entry that is gone, since its id will be another's. */
  forget(id: number): void {
    const use = this.#noted(id);
    if (use === undefined) return;
    this.#notes.delete(id);
    this.#leaving.delete(id);
    this.#forgotten.set(id, use);
  }

  /** The same of all. */
  forgetAll(): void {
    for (const id of this.ids) this.forget(id);
  }

  /** Says that what was removed is gone for good. */
  committed(): void {
    this.#forgotten.clear();
  }

  /** Says that what was removed is there again. */
  takenBack(): void {
    for (const [id, use] of this.#forgotten) this.#notes.set(id, use);
    this.#forgotten.clear();
  }

  /** Drops all notes, for good. */
  clear(): void {
    for (const notes of [this.#notes, this.#leaving, this.#forgotten]) notes.clear();
  }

  /** Notes that were made since some were last taken to be written. */
  get size(): number {
    return this.#notes.size;
  }

  /** Whether there are more to be written of those that were taken together. */
  get areLeaving(): boolean {
    return this.#leaving.size > 0;
  }

  /** The notes to write next, neighbours in the database next to each other. They count until written() is told of them. */
  next(limit: number): readonly UseRow[] {
    if (!this.areLeaving) {
      const rows = Array.from(this.#notes, ([id, use]) => ({ id, ...use }));
      for (const row of rows.sort((a, b) => a.id - b.id)) this.#leaving.set(row.id, row);
      this.#notes.clear();
    }
    const some: UseRow[] = [];
    for (const row of this.#leaving.values()) if (some.push(row) === limit) break;
    return some;
  }

  /** Says that notes are in the database now. */
  written(rows: readonly UseRow[]): void {
    for (const { id } of rows) this.#leaving.delete(id);
  }

  /**
   * What a policy compares of a row, the notes included.
   *
   * @param now ms since the epoch
   */
  candidate(row: CandidateRow, evictions: number, now: number): Candidate {
    const note = this.#noted(row.id);
    const last = Math.max(row.stored, row.at ?? 0, note?.at ?? 0);
    const latest = now + SET_BACK_MS;
    const lastTick = Math.max(row.tick, row.usedTick ?? 0, note?.tick ?? 0);
    return {
      id: row.id,
      lastUse: last <= latest ? last : lastSince([row.stored, row.at ?? 0, note?.at ?? 0], latest),
      hits: (row.hits ?? 1) + (note?.hits ?? 0),
      idle: evictions - lastTick,
      // What was there before the first eviction is no newcomer to any.
      age: row.tick === 0 ? Infinity : evictions - row.tick,
    };
  }

  #noted(id: number): Use | undefined {
    const note = this.#notes.get(id);
    const leaving = this.#leaving.get(id);
    if (note === undefined || leaving === undefined) return note ?? leaving;
    return { ...note, hits: note.hits + leaving.hits };
  }
}

/** The last of some times since the clock was set back. What was not used since then was used before all that was. */
function lastSince(times: readonly number[], latest: number): number {
  const since = Math.max(0, ...times.filter((time) => time <= latest));
  return since > 0 ? since : Math.max(...times) - AGES_MS;
}
