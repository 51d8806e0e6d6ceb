import { DiskCacheSync } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

/** Opens a cache at a given moment, writes, and closes or destroys it; again and again. */
const { number, rounds } = given<{ number: number; rounds: number }>();

say('ready');
for (let round = 0; round < rounds; round++) {
  const { directory, at, destroys } = await told<{ directory: string; at: number; destroys: boolean }>(
    'make',
  );
  const recreated: unknown[] = [];
  try {
    while (Date.now() < at);
    const cache = new DiskCacheSync(directory, { timeout: 20_000 });
    cache.on('recreate', ({ reason }) => recreated.push(reason));
    for (let i = 0; i < 3; i++) cache.set(`${number}:${i}`, i);
    if (destroys) cache.destroy();
    else cache.close();
    await new Promise(setImmediate);
    say('made', { recreated });
  } catch (error) {
    say('made', { recreated, error: String((error as Error).stack) });
  }
}
process.disconnect();
