import type { CollectionTx, CollectionView } from '../collection-store.ts';
import { validOption } from '../entry/entry-options.ts';
import { KEPT, keyOfName } from '../entry/named-key.ts';
import { DiskCacheError } from '../errors.ts';

/** A sum and a count in an entry, for both doors. */
export class Average {
  readonly key: string;

  /** @throws InvalidArgumentError `ERR_DISKCACHE_KEY` */
  constructor(name: string) {
    this.key = keyOfName('averager', name);
  }

  /** @returns the average with the value @throws DiskCacheError `ERR_DISKCACHE_NUMBER` */
  add(tx: CollectionTx, value: number): number {
    const [before, count] = parts(tx.get<string>(this.key));
    const sum = before + value;
    if (!Number.isFinite(sum))
      throw new DiskCacheError('ERR_DISKCACHE_NUMBER', `${before} + ${value} is no number that can be kept`);
    tx.set(this.key, JSON.stringify([sum, count + 1]), KEPT);
    return sum / (count + 1);
  }

  get(view: Pick<CollectionView, 'get'>): number | undefined {
    return averageOf(view.get<string>(this.key));
  }

  /** Begins anew. @returns the average so far */
  pop(tx: CollectionTx): number | undefined {
    return averageOf(tx.pop<string>(this.key));
  }
}

export function averageOf(text: string | undefined): number | undefined {
  const [sum, count] = parts(text);
  return count === 0 ? undefined : sum / count;
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function validNumber(given: number): number {
  return validOption('value', given, Number.isFinite(given), 'a finite number');
}

function parts(text: string | undefined): [sum: number, count: number] {
  return text === undefined ? [0, 0] : (JSON.parse(text) as [number, number]);
}
