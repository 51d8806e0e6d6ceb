import type { Host } from '../collection-store.ts';
import { keyOfName } from '../entry/named-key.ts';
import { describe } from '../errors.ts';
import { Acquirable } from './acquirable.ts';
import { leaseTerms, type LeaseOptions } from './lease-options.ts';

/**
 * A lock that one at a time holds among all processes, see DiskCache.lock(). It is not reentrant: who holds it and
 * waits for it waits for itself; ReentrantLock is for that.
 *
 * @example
 * ```ts
 * const lock = cache.lock('report-123');
 * {
 *   await using _ = await lock.acquire({ timeout: 5_000 });
 *   console.log('nobody else is here'); // nobody else is here
 * }
 * console.log(await lock.run(() => 'nor here')); // nor here
 * ```
 */
export class Lock extends Acquirable {
  /** @internal */
  constructor(host: Host, name: string, options: LeaseOptions | undefined) {
    const key = keyOfName('lock', name);
    super(host, name, { ...leaseTerms(options), key, count: 1, label: `the lock ${describe(name)}` });
  }

  /** Resolves to whether anybody holds it now. Costs one SELECT. */
  async isHeld(): Promise<boolean> {
    return (await this.permits.held()) > 0;
  }
}
