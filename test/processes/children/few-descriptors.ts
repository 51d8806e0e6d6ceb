import { closeSync, openSync } from 'node:fs';
import { DiskCache } from '@diskcache/core';
import { outcome } from '../../support/outcome.ts';
import { given, say, told } from '../../support/parent.ts';

/** Uses a cache with no file descriptor left, and then again with some. */
const { directory } = given<{ directory: string }>();

const cache = new DiskCache(directory, { fileThreshold: 1000 });
cache.on('error', (error) => say('error', error.message));
await cache.set('row', 'value');
await cache.set('file', 'x'.repeat(2000));
say('ready');
await told('limited');
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch (error) {
  say('none left', (error as NodeJS.ErrnoException).code);
}
say('row', await outcome(() => cache.get('row')));
say('file', await outcome(() => cache.get('file', 'miss')));
say('file at once', await outcome(() => cache.sync.get('file', 'miss')));
say('both', await outcome(() => cache.getMany(['row', 'file'])));
say('set a row', await outcome(() => cache.set('row', 'new')));
say('set a file', await outcome(() => cache.set('file', 'y'.repeat(2000))));
say('set a file at once', await outcome(() => cache.sync.set('file', 'y'.repeat(2000))));
say('pop', await outcome(() => cache.pop('file')));
say('open', await outcome(() => new DiskCache(directory)));
say('open to read', await outcome(() => new DiskCache(directory, { readOnly: true })));
say('used');
await told('lifted');
for (const file of taken) closeSync(file);
say('after', await outcome(() => cache.getMany(['row', 'file'])));
say('set after', await outcome(() => cache.set('file', 'y'.repeat(2000))));
say('check', (await cache.check()).problems);
await cache.close();
process.disconnect();
