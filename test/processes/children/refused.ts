import { DiskCache } from '@diskcache/core';
import { outcome } from '../../support/outcome.ts';
import { given, say, told } from '../../support/parent.ts';

/** Uses a cache as a user who may not do everything, and tells what each call came to. */
const { directory } = given<{ directory: string }>();

let cache: DiskCache | undefined;
say(
  'opened',
  await outcome(() => {
    cache = new DiskCache(directory, { fileThreshold: 1000 });
    cache.on('error', (error) => say('error', error.message));
  }),
);
if (cache !== undefined) {
  await told('go');
  say('row', await outcome(() => cache?.get('row')));
  say('file', await outcome(() => cache?.get('file', 'miss')));
  say('file at once', await outcome(() => cache?.sync.get('file', 'miss')));
  say('both', await outcome(() => cache?.getMany(['row', 'file'])));
  say('has', await outcome(() => cache?.has('file')));
  say('set a row', await outcome(() => cache?.set('new row', 'value')));
  say('set a file', await outcome(() => cache?.set('new file', 'x'.repeat(2000))));
  say('set a file at once', await outcome(() => cache?.sync.set('new file', 'x'.repeat(2000))));
  say('new', await outcome(() => cache?.getMany(['new row', 'new file'])));
  await cache.close();
}
process.disconnect();
