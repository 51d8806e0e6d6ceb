import { monotonicMs } from '../../clock.ts';
import { type Key, keyIdentity } from '../../entry/key.ts';
import type { EntryRow, Statements } from './statements.ts';

/** What a remembered row costs beside its texts, of which a character can take two bytes; about. */
const ROW_BYTES = 250;
/** A row that would take more than this part of the memory is not remembered. */
const LARGEST_PART = 1 / 64;
/** As many rows that were read once are known, one for each remainder of an id. */
const SEEN_ONCE = 1 << 16;
/** For so long, and never beyond the current turn of the event loop, nobody is asked again whether rows are current. */
const CURRENT_MS = 1;

/** How often a transaction was begun on each database by any connection of this process. */
const begun = new Map<string, { count: number }>();

/**
 * Rows in memory, for as long as no other connection has written. Whether one has is asked at the first read in a turn of
 * the event loop, after each transaction of this process, and again after a millisecond: so a read sees every write that its caller can have heard of through the
 * event loop, and every write that is older than a millisecond.
 *
 * A row is kept when it is read for the second time: most rows that are read once are not read again soon, and to keep
 * each would cost a fifth of a SELECT. What this connection writes has to be forgotten at once. A row is kept under the version of the database that was seen
 * last, which may be older than the row: then it is dropped with the others when the newer version is seen. Only text and
 * numbers are remembered, since bytes could be changed by whoever they are given to.
 */
export class RowMemory {
  readonly #sql: Statements;
  readonly #limitBytes: number;
  readonly #rows = new Map<string | number, EntryRow>();
  readonly #seenOnce: Int32Array;
  #bytes = 0;
  #version = 0;
  /** Until when, by monotonicMs(), the rows are taken to be current. */
  #currentUntil = 0;
  readonly #begun: { count: number };
  #begunThen = 0;
  #isTickQueued = false;
  readonly #endOfTurn = () => {
    this.#isTickQueued = false;
    this.#currentUntil = 0;
  };

  constructor(sql: Statements, databasePath: string, limitBytes: number) {
    this.#sql = sql;
    this.#begun = begun.get(databasePath) ?? { count: 0 };
    begun.set(databasePath, this.#begun);
    this.#limitBytes = limitBytes;
    this.#seenOnce = new Int32Array(limitBytes > 0 ? SEEN_ONCE : 0);
  }

  /** The row of a key as it is now, or undefined when it is not remembered. Not inside a transaction. */
  recall(key: Key): EntryRow | undefined {
    const row = this.#rows.get(keyIdentity(key));
    return row !== undefined && this.#isCurrent() ? row : undefined;
  }

  /** Whether a row was read before, lately: then it is worth keeping. */
  wasSeen(id: number): boolean {
    const place = id % SEEN_ONCE;
    const mark = id | 0;
    if (this.#seenOnce[place] === mark) return true;
    this.#seenOnce[place] = mark;
    return false;
  }

  /** Keeps a row that was read outside of a transaction. */
  remember(key: Key, row: EntryRow): void {
    const identity = keyIdentity(key);
    const bytes = bytesOf(identity, row);
    if (row.file !== null || typeof row.value === 'object' || bytes > this.#limitBytes * LARGEST_PART) return;
    const old = this.#rows.get(identity);
    this.#rows.set(identity, row);
    this.#bytes += bytes - (old === undefined ? 0 : bytesOf(identity, old));
    while (this.#bytes > this.#limitBytes) this.#forgetOldest();
  }

  /** Forgets the row of a key, which is about to change. */
  forget(key: Key): void {
    if (this.#rows.size === 0) return;
    const identity = keyIdentity(key);
    const row = this.#rows.get(identity);
    if (row === undefined) return;
    this.#rows.delete(identity);
    this.#bytes -= bytesOf(identity, row);
  }

  /** Forgets all rows, which are about to go. */
  forgetAll(): void {
    this.#rows.clear();
    this.#bytes = 0;
    this.#currentUntil = 0;
  }

  /** Says that a transaction begins, here or in another connection of this process: what it sees may be newer. */
  transactionBegins(): void {
    this.#begun.count++;
  }

  #isCurrent(): boolean {
    const now = monotonicMs();
    if (now < this.#currentUntil && this.#begunThen === this.#begun.count) return true;
    const version = this.#sql.dataVersion.get() ?? 0;
    this.#currentUntil = now + CURRENT_MS;
    this.#begunThen = this.#begun.count;
    if (!this.#isTickQueued) {
      this.#isTickQueued = true;
      process.nextTick(this.#endOfTurn);
    }
    if (version === this.#version) return true;
    this.#version = version;
    this.forgetAll();
    return false;
  }

  #forgetOldest(): void {
    const [identity, row] = this.#rows.entries().next().value as [string | number, EntryRow];
    this.#rows.delete(identity);
    this.#bytes -= bytesOf(identity, row);
  }
}

function bytesOf(identity: string | number, row: EntryRow & { readonly tags?: string | null }): number {
  return ROW_BYTES + 2 * (textLength(identity) + textLength(row.value) + textLength(row.tags));
}

function textLength(text: unknown): number {
  return typeof text === 'string' ? text.length : 0;
}
