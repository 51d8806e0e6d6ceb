import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { spaceOnDisk } from '../../support/directory-space.ts';
import { given, say, wasTold } from '../../support/parent.ts';

/** Looks at a folder over and over, and tells the most it ever took on disk. */
const { directory } = given<{ directory: string }>();

const most = { all: 0, log: 0, looks: 0 };
say('looking');
while (!wasTold('stop')) {
  most.all = Math.max(most.all, spaceOnDisk(directory));
  const logs = [directory, ...foldersIn(directory)].map(logBytes);
  most.log = Math.max(most.log, sum(logs));
  most.looks++;
  await pause(4);
}
say('most', most);
process.disconnect();

/** Of the shards, where it is a sharded cache. */
function foldersIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

function logBytes(folder: string): number {
  return statSync(join(folder, 'cache.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((before, one) => before + one, 0);
}
