/** What is known of a cache as a whole, kept in the transactions that change it. */
export interface Totals {
  /** Entries, expired ones included. */
  count: number;
  /** Bytes that they and reservations are counted with against the size limit. */
  space: number;
  /** The part of that in files. */
  fileSpace: number;
  /** Entries that were ever evicted. */
  evictions: number;
  /** The seq of the key that was new last. */
  seq: number;
  /** Rows in `arrival`, those of entries that are gone included. */
  arrivals: number;
  /** Up to which seq `arrival` was swept last. */
  swept: number;
  /** How often they were set anew, and not only added to. */
  resets: number;
  /** Of a part of a sharded cache: how much of the whole's limits is its own, see upkeep/share.ts. */
  sizeShare?: number;
  entryShare?: number;
}

export const NO_TOTALS: Readonly<Totals> = {
  count: 0,
  space: 0,
  fileSpace: 0,
  evictions: 0,
  seq: 0,
  arrivals: 0,
  swept: 0,
  resets: 0,
};

/** The totals as the database holds them. */
export function totalsFrom(text: string | undefined): Totals {
  return text === undefined ? { ...NO_TOTALS } : (JSON.parse(text) as Totals);
}
