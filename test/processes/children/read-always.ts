import { setImmediate as turn } from 'node:timers/promises';
import { DiskCache } from '@diskcache/core';
import { given, say, wasTold } from '../../support/parent.ts';
import { labelOf } from '../../support/whole-value.ts';

const { directory, door, enough } = given<{ directory: string; door: 'async' | 'sync'; enough: number }>();

const cache = new DiskCache(directory);
const seen = { reads: 0, misses: 0, broken: 0, different: 0 };
let last: string | undefined;
while (!wasTold('stop')) {
  const value = door === 'async' ? await cache.get('always') : cache.sync.get('always');
  const label = labelOf(value);
  if (value === undefined) seen.misses++;
  else if (label === undefined) seen.broken++;
  else if (label !== last) seen.different++;
  last = label;
  if (++seen.reads === enough) say('enough');
  if (seen.reads % 64 === 0) await turn();
}
say('done', seen);
await cache.close();
process.disconnect();
