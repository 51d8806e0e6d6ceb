import { setTimeout as pause } from 'node:timers/promises';
import { DiskCache } from '@diskcache/core';
import { given, say, told, wasTold } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly lease: number;
  readonly permits: number;
}

/** Holds a place in a semaphore again and again, each for a while, and says when. */
const { directory, lease, permits } = given<Given>();
const cache = new DiskCache(directory);
const now = () => Number(process.hrtime.bigint()) / 1e6;

say('ready');
await told('start');
while (!wasTold('end')) {
  const held = await cache.semaphore('name', { permits, lease }).acquire();
  const from = now();
  say('in');
  await pause(5 + 20 * Math.random());
  say('span', [from, now()]);
  if (held.isHeld) await held.release().catch(() => say('lost'));
}
await cache.close();
process.disconnect();
