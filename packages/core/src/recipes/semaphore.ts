import type { Host } from '../collection-store.ts';
import { checkOptions } from '../entry/entry-options.ts';
import { keyOfName } from '../entry/named-key.ts';
import { describe } from '../errors.ts';
import { Acquirable } from './acquirable.ts';
import { checkedLeaseTerms, type LeaseOptions, validCount } from './lease-options.ts';

/** How many may hold a semaphore, and how it is held. All processes should say the same of one name. */
export interface SemaphoreOptions extends LeaseOptions {
  /** How many may hold it at one time, from 1 up. Who asks with a lower number waits until fewer hold it. */
  permits: number;
}

/**
 * Something that so many at a time hold among all processes, see DiskCache.semaphore(). Each has a lease of its own: one
 * that is killed costs its place for that long, and no other place.
 *
 * @example
 * ```ts
 * const connections = cache.semaphore('connections', { permits: 2 });
 * await using first = await connections.acquire();
 * await using second = await connections.acquire();
 * console.log(await connections.held(), await connections.tryAcquire()); // 2 undefined
 * ```
 */
export class Semaphore extends Acquirable {
  /** @internal */
  constructor(host: Host, name: string, options: SemaphoreOptions) {
    const { permits, ...lease } = checkOptions(options, ['permits', 'lease', 'fair']);
    super(host, name, {
      ...checkedLeaseTerms(lease),
      key: keyOfName('semaphore', name),
      count: validCount('permits', permits),
      label: `the semaphore ${describe(name)}`,
    });
  }

  /** Resolves to how many hold it now. Costs one SELECT. */
  async held(): Promise<number> {
    return this.permits.held();
  }
}
