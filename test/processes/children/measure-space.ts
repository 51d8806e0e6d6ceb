import { statSync } from 'node:fs';
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
  const log = statSync(join(directory, 'cache.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
  most.log = Math.max(most.log, log);
  most.looks++;
  await pause(4);
}
say('most', most);
process.disconnect();
