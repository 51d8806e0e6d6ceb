import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache } from '@diskcache/core';
import { outcome } from '../../support/outcome.ts';
import { given, say, told } from '../../support/parent.ts';

/** Writes as much as makes a thread move the log again and again, first with no file descriptor left, then with some. */
const { directory } = given<{ directory: string }>();

/** @returns how long the log was at the most, in bytes */
async function write(): Promise<number> {
  let most = 0;
  for (let batch = 0; batch < 60; batch++) {
    await cache.setMany(Array.from({ length: 50 }, (_, i) => [(batch * 50 + i) % 1000, 'x'.repeat(10_000)]));
    most = Math.max(most, statSync(join(directory, 'cache.db-wal')).size);
  }
  return most;
}

const cache = new DiskCache(directory);
cache.on('error', (error) => say('error', error.message));
await cache.set(0, 'value');
say('ready');
await told('limited');
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch (error) {
  say('none left', (error as NodeJS.ErrnoException).code);
}
say('check', await outcome(() => cache.check()));
say('written', await write());
say('cleared', await outcome(() => cache.clear()));
await told('lifted');
for (const file of taken) closeSync(file);
say('written', await write());
say('check', await outcome(async () => (await cache.check()).ok));
await cache.close();
process.disconnect();
