import { readdirSync, readFileSync } from 'node:fs';
import { DiskCache } from '@diskcache/core';
import { given, say } from '../../support/parent.ts';
import { wholeValue } from '../../support/whole-value.ts';

/** Writes and ends without closing the cache. */
const { directory, count, length, awaited } = given<{
  directory: string;
  count: number;
  length: number;
  awaited: boolean;
}>();

const cache = new DiskCache(directory);
for (let i = 0; i < count; i++) {
  const setting = cache.set(`key ${i}`, wholeValue(`${i}`, length));
  if (awaited) await setting;
}
say('threads', threads());
process.disconnect();

/** The names of the threads of this process. */
function threads(): string[] {
  const tasks = '/proc/self/task';
  return readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim());
}
