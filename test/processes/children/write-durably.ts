import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache, type Durability } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

/** Writes one value after another, and says in a file when it was told that one is stored. */
const { directory, durability } = given<{ directory: string; durability: Durability }>();

const cache = new DiskCache(join(directory, 'cache'), { durability });
const notes = openSync(join(directory, 'notes'), 'w');
const VERBS = {
  set: () => cache.set('row', 'x'),
  transact: () => cache.transact((tx) => tx.set('row', 'y')),
  setLarge: () => cache.set('file', Buffer.alloc(100_000)),
  setStream: () => cache.setStream('stream', ['x']),
  delete: () => cache.delete('row'),
  clear: () => cache.clear(),
  syncSet: async () => cache.sync.set('row', 'x'),
  syncSetLarge: async () => cache.sync.set('file', Buffer.alloc(100_000)),
};
// The first write to a new log is synced by SQLite itself.
await cache.set('first', 'value');
say('ready');
await told('go');
for (const [verb, write] of Object.entries(VERBS)) {
  writeSync(notes, `begins ${verb}\n`);
  await write();
  writeSync(notes, `stored ${verb}\n`);
}
say('done');
await told('close');
await cache.close();
process.disconnect();
