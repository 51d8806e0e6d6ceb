import { DiskCache } from '@diskcache/core';
import { given, say, wasTold } from '../../support/parent.ts';
import { labelOf, wholeValue } from '../../support/whole-value.ts';

/** Writes and reads without pause until it is told to stop, whatever becomes of the cache, and tells of new starts. */
const { directory, number } = given<{ directory: string; number: number }>();

const cache = new DiskCache(directory, { memoryLimit: 0, fileThreshold: 2000 });
cache.on('recreate', ({ reason }) => say('recreate', reason));
cache.on('error', (error) => say('error', error.message));
say('using');
for (let i = 0; !wasTold('stop'); i++) {
  const label = `${number}:${i % 300}`;
  try {
    await cache.set(label, wholeValue(label, i % 20 === 0 ? 3000 : 500));
    const other = `${i % 4}:${(i * 7) % 300}`;
    const value = await cache.get(other);
    if (value !== undefined && labelOf(value) !== other) say('failed', `a wrong value for ${other}`);
  } catch (error) {
    say('failed', `${(error as NodeJS.ErrnoException).code}: ${(error as Error).message}`);
  }
  await new Promise(setImmediate);
}
await cache.set(`last ${number}`, number);
say('stopped');
await cache.close();
process.disconnect();
