import { DiskCache, type Held } from '@diskcache/core';
import { given, say, told } from '../../support/parent.ts';

interface Given {
  readonly directory: string;
  readonly lease: number;
}

/** Holds a lock; writes under it and releases it when it is told to. */
const { directory, lease } = given<Given>();
const cache = new DiskCache(directory);
const codeOf = (error: unknown) => (error as { code?: string }).code;

async function written(held: Held): Promise<unknown> {
  const writing = cache.transact((tx) => {
    held.assertHeld(tx);
    tx.set('written by', held.fence);
  });
  return writing.then(() => 'written', codeOf);
}

const held = await cache.lock('name', { lease }).acquire();
say('held', held.fence);
held.signal.addEventListener('abort', () => say('lost', codeOf(held.signal.reason)));
for (;;) {
  if ((await told('order')) === 'write') say('wrote', { outcome: await written(held), isHeld: held.isHeld });
  else say('released', await held.release().then(() => 'released', codeOf));
}
