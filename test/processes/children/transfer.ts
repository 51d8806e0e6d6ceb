import { ShardedDiskCache, type ShardedDiskCacheSync } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly number: number;
  readonly accounts: readonly string[];
  /** How long, in ms. */
  readonly ms: number;
}

/** Moves amounts between accounts in all ways that there are, and tells of what sums it saw meanwhile. */
const { directory, number, accounts, ms } = given<Given>();

const cache = new ShardedDiskCache(directory, { timeout: 30_000 });
const sums = new Set<number>();
let moved = 0;
for (const end = performance.now() + ms; performance.now() < end; moved++) {
  const [from, to] = [account(moved * 7 + number), account(moved * 13 + 1)];
  const move = (tx: ShardedDiskCacheSync) => {
    tx.decr(from);
    tx.incr(to);
  };
  if (moved % 5 === 0) await cache.transact(move, { keys: [from] });
  else if (moved % 5 === 1) cache.sync.transact(move, { keys: [from, to] });
  else if (moved % 5 === 2) await cache.transact(move);
  else await cache.transact(move, { keys: [from, to] });
  if (moved % 20 === 0) {
    const all = await cache.snapshot((view) => view.getMany<number>(accounts), { keys: accounts });
    sums.add(all.reduce<number>((sum, one) => sum + (one ?? 0), 0));
  }
}
say('done', { moved, sums: [...sums] });
await cache.close();
process.disconnect();

function account(place: number): string {
  return accounts[place % accounts.length] as string;
}
