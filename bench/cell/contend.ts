/** One of several processes on one cache: node cell/contend.ts <door> <directory> <mix> <number>; told to go by a message. */
import { DiskCache, ShardedDiskCache } from '@diskcache/core';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { type ContendedVerb, type Mix, MIXES, type MixName } from '../mixes.ts';
import { seededRandom, text } from '../workload.ts';

/** After so many sets the threads are started that do checkpoints: what that costs is not what is asked here. */
const WARM_UP = 4000;
/** Threads and locks come to rest. */
const REST_MS = 200;
const CALLS_A_TURN = 64;

const [door, directory, mixName, number] = process.argv.slice(2) as [string, string, MixName, string];
const { keys, share, lengthOf, pauseMs, calls }: Mix = MIXES[mixName];
const random = seededRandom(1 + Number(number));
const cache = door === 'ShardedDiskCache' ? new ShardedDiskCache(directory) : new DiskCache(directory);
const times: Record<ContendedVerb, number[]> = { get: [], set: [], delete: [] };

const anyKey = () => `key ${Math.floor(random() * keys)}`;
const set = (call: number) => cache.set(anyKey(), text(call, lengthOf(random())));

for (let call = 0; call < WARM_UP; call++) await set(call);
await pause(REST_MS);
process.send?.('ready');
await new Promise((resolve) => process.once('message', resolve));

const begun = performance.now();
for (let call = 0; call < calls; call++) {
  if (pauseMs > 0) await pause(2 * pauseMs * random());
  // As in a server, other things have their turn.
  else if (call % CALLS_A_TURN === 0) await turn();
  const dice = random();
  const start = performance.now();
  const verb = dice < share.get ? 'get' : dice < share.get + share.set ? 'set' : 'delete';
  if (verb === 'set') await set(call);
  else await cache[verb](anyKey());
  times[verb].push(performance.now() - start);
}
const ms = performance.now() - begun;
await cache.close();
// What is not yet written when the channel is closed is lost.
await new Promise((resolve) => process.send?.({ times, ms }, resolve));
process.disconnect();
