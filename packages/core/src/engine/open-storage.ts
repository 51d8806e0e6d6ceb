import type { Events } from '../events.ts';
import type { Settings } from '../options.ts';
import { POLICIES } from '../policy/policy.ts';
import { refuseShard, refuseShards } from '../storage/directory.ts';
import { refuseNetworkFileSystem } from '../storage/network-file-system.ts';
import { Storage } from '../storage/storage.ts';

/**
 * Opens what a cache has on disk, or makes it.
 *
 * @param parts of how many it is one that make up a sharded cache
 */
export function openStorage(
  directory: string,
  settings: Settings,
  events: Events,
  parts: number | undefined,
): Storage {
  const { timeoutMs, clock, memoryLimit, readOnly, onCorrupt } = settings;
  if (!settings.allowNetworkFileSystem) refuseNetworkFileSystem(directory);
  refuseShards(directory);
  if (parts === undefined) refuseShard(directory);
  const policy = POLICIES[settings.eviction];
  return new Storage({
    directory,
    sizeLimit: settings.sizeLimit,
    timeoutMs,
    drawn: policy.drawn,
    memoryLimit,
    isDurable: settings.durability === 'full',
    readOnly,
    parts,
    onCorrupt,
    now: () => clock.now(),
    onRecreate: (recreation) => events.recreated(recreation),
  });
}
