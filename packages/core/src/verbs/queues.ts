import { randomInt } from 'node:crypto';
import type { Put, Take, Write } from '../calls/call.ts';
import type { Engine } from '../engine/engine.ts';
import { checkOptions, entryTerms, type SetOptions, validTtl } from '../entry/entry-options.ts';
import type { Key } from '../entry/key.ts';
import type { PreparedValue, UnfinishedValue } from '../engine/value-layout.ts';
import type { Prepare } from './writes.ts';
import { type QueueKeys, queueKeys } from '../entry/queue-key.ts';
import { describe, InvalidArgumentError } from '../errors.ts';
import type { QueueQuery, QueueRow } from '../storage/rows/queue-statements.ts';
import type { FullEntryRow, ReplacedRow } from '../storage/rows/statements.ts';

/** An end of a queue: items are pushed at the 'back' and pulled from the 'front', unless told otherwise. */
export type Side = 'front' | 'back';

/** What push() may say about its item. A queue's items are pinned, and option `maxIdle` is not for them. */
export interface PushOptions extends Omit<SetOptions, 'pinned'> {
  /** Where the item goes. @default 'back' */
  side?: Side | undefined;
}

/** Which item to look at. */
export interface PeekOptions {
  /** From where it is taken. @default 'front' */
  side?: Side | undefined;
}

/** Which item to take, and for how long. */
export interface PullOptions extends PeekOptions {
  /**
   * Hands the item out for so many ms only, more than 0: it comes back unless it is acknowledged until then.
   *
   * @default the item is removed at once
   */
  lease?: number | undefined;
}

/** An item as it was handed out, with what it takes to acknowledge it. */
export interface LeasedRow {
  readonly row: FullEntryRow;
  /** Until when it is handed out, in ms since the epoch. */
  readonly leasedUntil: number;
  /** Which lease it is. */
  readonly lease: number;
  readonly concerned: readonly Key[];
}

const STEPS = { front: -1, back: 1 } as const;

/** The verbs of queues: entries with keys of their own below a prefix, which are never evicted. */
export class Queues<Value extends PreparedValue | UnfinishedValue> {
  readonly #engine: Engine;
  readonly #prepare: Prepare<Value>;

  constructor(engine: Engine, prepare: Prepare<Value>) {
    this.#engine = engine;
    this.#prepare = prepare;
  }

  /** Adds an item; `key()` tells its key once it is stored. */
  push(prefix: string, value: unknown, options: PushOptions | undefined): Put<Value> & { key(): string } {
    const engine = this.#engine;
    const keys = queueKeys(prefix);
    const { side, ...rest } = checkOptions(options, ['side', 'ttl', 'expires', 'tags']);
    const place = validSide(side, 'back');
    const asked = entryTerms({ ...rest, pinned: true }, engine.settings, engine.now());
    const terms = engine.share?.called(asked) ?? asked;
    const prepared = this.#prepare(keys.first, value, terms.tags);
    let key = keys.first;
    const work = (finished: PreparedValue) => {
      const edge = this.#edge(keys, place);
      key = edge === undefined ? keys.first : keys.beside(edge, STEPS[place]);
      return engine.changes.put(key, finished, terms);
    };
    return { concerned: [keys.name], value: prepared, work, key: () => key };
  }

  /** Finds the item at one end that is not handed out. */
  peek(
    prefix: string,
    options: PeekOptions | undefined,
  ): { concerned: readonly Key[]; find: () => FullEntryRow | undefined } {
    const keys = queueKeys(prefix);
    const side = validSide(checkOptions(options, ['side']).side, 'front');
    return { concerned: [keys.name], find: () => this.#item(keys, side) };
  }

  /** Takes the item at one end out for good. */
  pull(prefix: string, options: PullOptions | undefined): Take {
    const keys = queueKeys(prefix);
    const side = validSide(checkOptions(options, ['side', 'lease']).side, 'front');
    return { concerned: [keys.name], pick: () => this.#freeItem(keys, side) };
  }

  /** Hands the item at one end out for a time. */
  lease(prefix: string, options: PullOptions): Write<LeasedRow | undefined> {
    const keys = queueKeys(prefix);
    const { side, lease } = checkOptions(options, ['side', 'lease']);
    const place = validSide(side, 'front');
    const leaseMs = validTtl(lease, 'lease', 'to take the item for good');
    const work = () => {
      const row = this.#freeItem(keys, place);
      if (row === undefined) return undefined;
      this.#engine.values.assertReadable(row.key, row);
      const leasedUntil = this.#until(leaseMs);
      // Not from the cache's own random numbers: two processes may have been given the same ones.
      const token = randomInt(2 ** 48 - 1);
      this.#engine.storage.sql.queue.setLease.run(leasedUntil, leaseMs, token, row.id);
      return { row, leasedUntil, lease: token, concerned: [keys.name, row.key] };
    };
    return { concerned: [keys.name], work };
  }

  /** Removes an item that is handed out. @returns whether it still was, by that lease */
  acknowledge(leased: LeasedRow): Write<boolean> {
    return this.#onLeased(leased, (row) => this.#engine.changes.remove(row));
  }

  /** Gives an item back at once. @returns whether it still was handed out, by that lease */
  release(leased: LeasedRow): Write<boolean> {
    return this.#onLeased(leased, ({ id }) =>
      this.#engine.storage.sql.queue.setLease.run(null, null, null, id),
    );
  }

  /** Has a lease end so many ms from now. @returns when that is, or undefined when it had ended */
  extend(leased: LeasedRow, leaseMs: number): Write<number | undefined> {
    const checkedMs = validTtl(leaseMs, 'lease');
    let leasedUntil = 0;
    const { concerned, work } = this.#onLeased(leased, ({ id }) => {
      leasedUntil = this.#until(checkedMs);
      this.#engine.storage.sql.queue.extendLease.run(leasedUntil, checkedMs, id);
    });
    return { concerned, work: () => (work() === true ? leasedUntil : undefined) };
  }

  #onLeased({ row, lease, concerned }: LeasedRow, work: (row: ReplacedRow) => void): Write<boolean> {
    return {
      concerned,
      work: () => {
        const held = this.#engine.storage.sql.queue.leased.get(row.key, lease, this.#engine.now());
        if (held === undefined) return false;
        work(held);
        return true;
      },
    };
  }

  #until(leaseMs: number): number {
    return Math.ceil(this.#engine.now() + leaseMs);
  }

  /** The key of the outermost item, also of one that is handed out. */
  #edge(keys: QueueKeys, side: Side): string | undefined {
    for (const { key } of this.#engine.storage.sql.queue.edge[side].iterate(this.#query(keys))) {
      if (keys.isItem(key)) return key;
    }
    return undefined;
  }

  #query({ range, bytes }: QueueKeys): QueueQuery {
    return { from: range.from, to: range.to, bytes, now: this.#engine.now() };
  }

  /** @param met told of items whose lease began before the clock was set back */
  #item(keys: QueueKeys, side: Side, met?: (row: QueueRow) => void): FullEntryRow | undefined {
    const query = this.#query(keys);
    for (const row of this.#engine.storage.sql.queue.item[side].iterate(query)) {
      if (!keys.isItem(row.key as string)) continue;
      if ((row.leasedUntil ?? 0) <= query.now) return row;
      met?.(row);
    }
    return undefined;
  }

  /** The same; has leases that began before the clock was set back begin anew, so that they end. Needs the write lock. */
  #freeItem(keys: QueueKeys, side: Side): FullEntryRow | undefined {
    const endless: QueueRow[] = [];
    const found = this.#item(keys, side, (row) => endless.push(row));
    for (const { id, leasedFor } of endless)
      this.#engine.storage.sql.queue.extendLease.run(this.#until(leasedFor ?? 0), leasedFor ?? 0, id);
    return found;
  }
}

function validSide(side: unknown, usual: Side): Side {
  if (side === undefined) return usual;
  if (side === 'front' || side === 'back') return side;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `side must be 'front' or 'back'; given ${describe(side)}`,
  );
}
