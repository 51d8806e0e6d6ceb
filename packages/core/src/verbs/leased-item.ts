import type { Write } from '../calls/call.ts';
import type { AtOnce } from '../calls/at-once.ts';
import type { InTurn } from '../calls/in-turn.ts';
import type { Engine } from '../engine/engine.ts';
import type { Entry } from '../entry/entry.ts';
import type { LeasedRow, PullOptions, Queues } from './queues.ts';

type LeasedQueue = Pick<Queues<never>, 'acknowledge' | 'release' | 'extend'>;

/**
 * An item of a queue that is handed out until its lease ends, see DiskCache.pull(). Each of its verbs is one transaction.
 *
 * @example
 * ```ts
 * await cache.push('jobs', 'resize');
 * const job = await cache.pull('jobs', { lease: 30_000 });
 * console.log(await job?.extend(60_000)); // true
 * console.log(await job?.release(), await job?.ack()); // true false
 * ```
 */
export interface LeasedItem<Value = unknown> extends Entry<Value> {
  /** Until when it is handed out, in ms since the epoch. */
  readonly leasedUntil: number;
  /** Removes the item: it is done. @returns false when the lease had ended, so that another may have it */
  ack(): Promise<boolean>;
  /** Gives the item back, to be pulled by the next who asks. @returns false when the lease had ended */
  release(): Promise<boolean>;
  /** Has the lease end so many ms from now, more than 0. @returns false when it had ended */
  extend(lease: number): Promise<boolean>;
}

/** The same for DiskCacheSync. */
export interface LeasedItemSync<Value = unknown> extends Entry<Value> {
  /** Until when it is handed out, in ms since the epoch. */
  readonly leasedUntil: number;
  /** Removes the item: it is done. @returns false when the lease had ended, so that another may have it */
  ack(): boolean;
  /** Gives the item back, to be pulled by the next who asks. @returns false when the lease had ended */
  release(): boolean;
  /** Has the lease end so many ms from now, more than 0. @returns false when it had ended */
  extend(lease: number): boolean;
}

/** Hands out an item of a queue; one whose value cannot be read any more is passed over. */
export async function pullLeased<Value>(
  engine: Engine,
  calls: Pick<InTurn, 'write' | 'valueOf'>,
  queues: LeasedQueue & Pick<Queues<never>, 'lease'>,
  prefix: string,
  options: PullOptions,
): Promise<LeasedItem<Value> | undefined> {
  for (;;) {
    const leased = await calls.write(queues.lease(prefix, options));
    if (leased === undefined) return undefined;
    const { row } = leased;
    const found = await calls.valueOf(row.key, row, engine.live.findFull);
    if (found === undefined) continue;
    const entry = engine.live.entryOf(found.row, found.value) as Entry<Value>;
    return leasedItem(entry, leased, queues, (work) => calls.write(work));
  }
}

/** The same for DiskCacheSync. */
export function pullLeasedSync<Value>(
  engine: Engine,
  calls: Pick<AtOnce, 'write' | 'valueOf'>,
  queues: LeasedQueue & Pick<Queues<never>, 'lease'>,
  prefix: string,
  options: PullOptions,
): LeasedItemSync<Value> | undefined {
  for (;;) {
    const leased = calls.write(queues.lease(prefix, options));
    if (leased === undefined) return undefined;
    const { row } = leased;
    const found = calls.valueOf(row.key, row, engine.live.findFull);
    if (found === undefined) continue;
    const entry = engine.live.entryOf(found.row, found.value) as Entry<Value>;
    return leasedItemSync(entry, leased, queues, (work) => calls.write(work));
  }
}

function leasedItem<Value>(
  entry: Entry<Value>,
  leased: LeasedRow,
  queues: LeasedQueue,
  write: <T>(work: Write<T>) => Promise<T>,
): LeasedItem<Value> {
  let { leasedUntil } = leased;
  return {
    ...entry,
    get leasedUntil() {
      return leasedUntil;
    },
    ack: async () => write(queues.acknowledge(leased)),
    release: async () => write(queues.release(leased)),
    extend: async (lease) => {
      const extended = await write(queues.extend(leased, lease));
      leasedUntil = extended ?? leasedUntil;
      return extended !== undefined;
    },
  };
}

function leasedItemSync<Value>(
  entry: Entry<Value>,
  leased: LeasedRow,
  queues: LeasedQueue,
  write: <T>(work: Write<T>) => T,
): LeasedItemSync<Value> {
  let { leasedUntil } = leased;
  return {
    ...entry,
    get leasedUntil() {
      return leasedUntil;
    },
    ack: () => write(queues.acknowledge(leased)),
    release: () => write(queues.release(leased)),
    extend: (lease) => {
      const extended = write(queues.extend(leased, lease));
      leasedUntil = extended ?? leasedUntil;
      return extended !== undefined;
    },
  };
}
