import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { DiskCache } from '@diskcache/core';
import { given, say, wasTold } from '../../support/parent.ts';
import { labelOf } from '../../support/whole-value.ts';

/** It goes on until it has read `enough` times, and seen `different` values: else they were not overwritten meanwhile. */
const { directory, door, enough, different } = given<{
  directory: string;
  door: 'async' | 'sync' | 'stream';
  enough: number;
  different: number;
}>();

const cache = new DiskCache(directory);
const seen = { reads: 0, misses: 0, broken: 0, different: 0 };
let last: string | undefined;
let isEnough = false;
while (!wasTold('stop')) {
  const value =
    door === 'async'
      ? await cache.get('always')
      : door === 'sync'
        ? cache.sync.get('always')
        : await streamed('always');
  const label = labelOf(value);
  if (value === undefined) seen.misses++;
  else if (label === undefined) seen.broken++;
  else if (label !== last) seen.different++;
  last = label;
  seen.reads++;
  if (!isEnough && seen.reads >= enough && seen.different >= different) {
    isEnough = true;
    say('enough');
  }
  if (seen.reads % 64 === 0) await turn();
}
say('done', seen);
await cache.close();
process.disconnect();

async function streamed(key: string): Promise<string | undefined> {
  const stream = await cache.getStream(key);
  return stream && text(stream);
}
